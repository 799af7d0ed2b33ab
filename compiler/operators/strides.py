"""Extents and strides of strided walks over dense outputs, as `tilewright/strided.h` reads them."""

from __future__ import annotations

from collections.abc import Sequence

RANK = 6
"""Most axes of a walk, after neighbours have been merged."""

Axes = tuple[int, ...]


def dense_strides(shape: Sequence[int]) -> Axes:
    """Strides, in elements, of a dense row-major tensor."""
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


def broadcast_strides(shape: Sequence[int], output: Sequence[int]) -> Axes:
    """Strides with which a dense operand of `shape` is read along the axes of `output`."""
    padded = (1,) * (len(output) - len(shape)) + tuple(shape)
    return tuple(
        0 if extent == 1 else stride
        for extent, stride in zip(padded, dense_strides(padded), strict=True)
    )


def collapse(extents: Sequence[int], operands: Sequence[Sequence[int]]) -> tuple[Axes, list[Axes]]:
    """Merges neighbouring axes that every operand walks as one, and drops extents of 1.

    Args:
        extents: of the dense output.
        operands: strides of each operand along the output's axes.

    Returns the extents and each operand's strides, filled up in front to `RANK` axes of extent 1.
    Raises ValueError if more than `RANK` axes remain.
    """
    merged: list[int] = []
    strides: list[list[int]] = [[] for _ in operands]
    for axis, extent in enumerate(extents):
        if extent == 1:
            continue
        steps = [operand[axis] for operand in operands]
        if merged and all(
            walked[-1] == step * extent for walked, step in zip(strides, steps, strict=True)
        ):
            merged[-1] *= extent
            for walked, step in zip(strides, steps, strict=True):
                walked[-1] = step
        else:
            merged.append(extent)
            for walked, step in zip(strides, steps, strict=True):
                walked.append(step)
    missing = RANK - len(merged)
    if missing < 0:
        raise ValueError(f"{len(merged)} axes, at most {RANK}")
    return (1,) * missing + tuple(merged), [(0,) * missing + tuple(walked) for walked in strides]
