"""DFT and STFT: products with constant matrices of cosines and sines.

A transform of real numbers is one product with a matrix that has the cosines and the sines side by
side; complex numbers are pairs of real ones, so theirs is a product too, with twice as many rows.
"""

from __future__ import annotations

from math import gcd, prod

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from compiler.errors import UnsupportedForm
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES
from compiler.frontend.expansion import Expansion, expansion

MAXIMUM_BYTES = 2**25
"""Of a matrix: a one-sided transform of up to 2,895 real numbers, a complex one of 1,448."""

AXIS_IS_OPERAND = 20
"""The operator set from which DFT has its axis as an operand."""

DIGITS = 15
"""Of cosines and sines behind the point: what should be 0 is 0, and float32 has fewer."""


@expansion(
    "DFT",
    description="real and complex, inverse, onesided, any axis; constant dft_length and axis; "
    f"matrices of at most {MAXIMUM_BYTES // 2**20} MiB; float32",
    opset=17,
)
def expand_dft(node: Expansion) -> None:
    """The transformed axis goes behind all others, the product, and the axis back."""
    x = _real(node, "input")
    *signal, parts = shape = node.shape(x)
    if not signal or parts not in (1, 2):
        raise UnsupportedForm(
            f"its input has shape {list(shape)}",
            "a last axis of 1 for real numbers, or 2 for complex ones",
        )
    axis = _transformed_axis(node, len(shape))
    inverse, onesided = (bool(node.attribute(name, 0)) for name in ("inverse", "onesided"))
    if onesided and parts != (2 if inverse else 1):
        raise UnsupportedForm(
            f"its input is {'complex' if parts == 2 else 'real'}",
            f"onesided transforms of {'complex spectra' if inverse else 'real numbers'}",
        )
    shortened = inverse and onesided
    length = 2 * (shape[axis] - 1) if shortened else shape[axis]
    if node.has(1):
        length = _scalar(node, 1, "dft_length")
    if length < 1:
        raise UnsupportedForm(f"its dft_length is {length}", "positive lengths")
    taken = min(shape[axis], length // 2 + 1 if shortened else length)
    if taken < shape[axis]:
        ends = (node.integers(role, value) for role, value in (("start", 0), ("end", taken)))
        x = node.make("Slice", x, *ends, node.integers("axis", axis))
    others = [index for index in range(len(signal)) if index != axis]
    order = [*others, axis, len(signal)]
    if axis != len(signal) - 1:
        x = node.make("Transpose", x, perm=order)
    rows = [shape[index] for index in others]
    flat = node.make("Reshape", x, node.integers("rows", prod(rows), taken * parts))
    if shortened:
        _check_matrix(node, taken * parts, length)
        matrix, result = _real_inverse(taken, length), (length, 1)
    else:
        bins = length // 2 + 1 if onesided else length
        _check_matrix(node, taken * parts, bins * 2)
        matrix, result = _matrix(taken, length, bins, parts, inverse=inverse), (bins, 2)
    product = node.make("MatMul", flat, _constant(node, matrix))
    back = axis != len(signal) - 1
    spread = node.integers("shape", *rows, *result)
    spectrum = node.make("Reshape", product, spread, output="" if back else node.output())
    if back:
        order = [order.index(index) for index in range(len(shape))]
        node.make("Transpose", spectrum, output=node.output(), perm=order)


@expansion(
    "STFT",
    description="real and complex, onesided or not; constant window, frame_step and frame_length; "
    f"matrices of at most {MAXIMUM_BYTES // 2**20} MiB; float32",
    opset=17,
)
def expand_stft(node: Expansion) -> None:
    """Frames are made of blocks as long as the largest common divisor of their length and step."""
    signal = _real(node, "signal")
    shape = node.shape(signal)
    if len(shape) == 2:  # as the older exporter of PyTorch writes it
        shape = (*shape, 1)
    if len(shape) != 3 or shape[2] not in (1, 2):
        raise UnsupportedForm(
            f"its signal has shape {list(shape)}",
            "[batch, length, 1] for real signals, [batch, length, 2] for complex ones",
        )
    batch, samples, parts = shape
    step = _scalar(node, 1, "frame_step")
    window = node.required_constant(2, "window", "make it a constant") if node.has(2) else None
    length = samples if window is None else window.size
    if node.has(3):
        length = _scalar(node, 3, "frame_length")
    if window is not None and window.shape != (length,):
        raise UnsupportedForm(
            f"its window has shape {list(window.shape)}, its frame_length is {length}",
            "a window of one axis, as long as a frame",
        )
    if step < 1 or not 1 <= length <= samples:
        raise UnsupportedForm(
            f"its frame_step is {step}, its frame_length {length}, its signal has {samples} "
            "samples",
            "positive steps, and frames that the signal has",
            "pad the signal",
        )
    onesided = bool(node.attribute("onesided", 1))
    if onesided and parts == 2:
        raise UnsupportedForm("its signal is complex", "onesided transforms of real signals")
    bins = length // 2 + 1 if onesided else length
    _check_matrix(node, length * parts, bins * 2)
    frames = (samples - length) // step + 1
    row = length * parts
    framed = _frames(node, signal, (batch, samples, parts), frames, length, step)
    matrix = _matrix(length, length, bins, parts, inverse=False)
    if window is not None:
        matrix *= np.repeat(window.astype(np.float64), parts)[:, None]
    rows = node.make("Reshape", framed, node.integers("rows", batch * frames, row))
    product = node.make("MatMul", rows, _constant(node, matrix))
    spread = node.integers("shape", batch, frames, bins, 2)
    node.make("Reshape", product, spread, output=node.output())


def _frames(
    node: Expansion,
    signal: str,
    shape: tuple[int, int, int],
    frames: int,
    length: int,
    step: int,
) -> str:
    """The samples of all frames one after the other, for each batch; some are there repeatedly."""
    batch, samples, parts = shape
    block = gcd(length, step) if frames > 1 else length
    used = (frames - 1) * step + length
    if used < samples:
        ends = (node.integers(role, value) for role, value in (("start", 0), ("end", used)))
        signal = node.make("Slice", signal, *ends, node.integers("axis", 1))
    if frames == 1 or step == length:
        return signal
    blocks = node.integers("blocks", batch, used // block, block * parts)
    count = frames * (length // block)
    if count * np.dtype(np.int64).itemsize > MAXIMUM_FOLDED_BYTES:
        raise UnsupportedForm(
            f"its {frames:,} frames of {length:,} samples overlap in steps of {step}",
            "steps that have a larger divisor in common with frames, or fewer frames",
            "use a frame_step that frame_length is a multiple of, and shorter signals",
        )
    starts = np.arange(frames, dtype=np.int64)[:, None] * (step // block)
    indices = (starts + np.arange(length // block)).reshape(-1)
    found = node.make("Reshape", signal, blocks)
    return node.make("Gather", found, node.add_constant("frames", indices), axis=1)


def _transformed_axis(node: Expansion, rank: int) -> int:
    if node.opset >= AXIS_IS_OPERAND:
        axis = _scalar(node, 2, "axis") if node.has(2) else -2
    else:
        axis = node.attribute("axis", 1)
    if not -rank <= axis < rank or axis % rank == rank - 1:
        raise UnsupportedForm(
            f"its axis is {axis}", f"axes from {-rank} to {rank - 2} but the last one"
        )
    return axis % rank


def _real(node: Expansion, what: str) -> str:
    """The operand that is transformed, in float32."""
    x = node.required(0, what)
    if node.element(x) != TensorProto.FLOAT:
        found = helper.tensor_dtype_to_np_dtype(node.element(x))
        raise UnsupportedForm(f"its {what} is {found}", "float32", f"cast the {what} to float32")
    return x


def _scalar(node: Expansion, index: int, what: str) -> int:
    data = node.required_constant(index, what, f"make {what} a constant of the static size")
    if data.size != 1:
        raise UnsupportedForm(f"its {what} has {data.size} elements", f"one {what}")
    return int(data.item())


def _check_matrix(node: Expansion, rows: int, columns: int) -> None:
    """Raises UnsupportedForm if a matrix is too large, before it is made."""
    size = rows * columns * np.dtype(np.float32).itemsize
    if size > MAXIMUM_BYTES:
        raise UnsupportedForm(
            f"its matrix of cosines and sines would be {rows} x {columns}, {size:,} bytes",
            f"matrices of at most {MAXIMUM_BYTES:,} bytes",
            "use shorter frames, or onesided=1 if the signal is real; compute a long transform in "
            "the application",
        )


def _constant(node: Expansion, matrix: NDArray[np.float64]) -> str:
    return node.add_constant("matrix", matrix.astype(np.float32))


def _waves(rows: int, columns: int, length: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosines and sines of 2 pi row column / length, [rows, columns]."""
    turns = np.arange(rows, dtype=np.int64)[:, None] * np.arange(columns) % length
    angles = turns.astype(np.float64) * (2.0 * np.pi / length)
    return np.cos(angles).round(DIGITS), np.sin(angles).round(DIGITS)


def _matrix(
    taken: int, length: int, bins: int, parts: int, *, inverse: bool
) -> NDArray[np.float64]:
    """[taken * parts, bins * 2] of a transform to complex numbers."""
    cosines, sines = _waves(taken, bins, length)
    sines = sines if inverse else -sines
    rows = [np.stack((cosines, sines), -1), np.stack((-sines, cosines), -1)][:parts]
    matrix = np.stack(rows, 1).reshape(taken * parts, bins * 2)
    return matrix / length if inverse else matrix


def _real_inverse(taken: int, length: int) -> NDArray[np.float64]:
    """[taken * 2, length] of the inverse of a onesided transform.

    All bins but the first, and the last of an even length, also stand for their conjugates.
    """
    cosines, sines = _waves(taken, length, length)
    index = np.arange(taken)
    count = np.where((index == 0) | (2 * index == length), 1.0, 2.0)[:, None]
    rows = np.stack((cosines * count, -sines * count), 1).reshape(taken * 2, length)
    return rows / length
