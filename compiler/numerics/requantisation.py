"""Choice of multipliers and shifts, and the arithmetic they drive (docs/numerics.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from compiler.ir import Array

INT32_LIMIT = 2**31
MAXIMUM_SHIFT = 31
MAXIMUM_WIDE_SHIFT = 62
SCALE_ERROR_LIMIT = 0.5
"""Largest error, in steps of the output, that rounding the scale may cause in the narrow form: with
less than a whole step, no result is more than one step from the exactly rounded one."""


@dataclass(frozen=True)
class Requantisation:
    """Per-channel constants of one node.

    `scale`: uint32 [channels]; `bias`: int32 [channels]; in the narrow form bias holds rounding and
    output zero point, in the wide form it is in the accumulator's domain.
    """

    scale: Array
    bias: Array
    shift: int
    wide: bool
    output_zero_point: int


def half(shift: int) -> int:
    """The addend that makes `>> shift` round half up."""
    return 1 << (shift - 1) if shift > 0 else 0


def choose_requantisation(
    multiplier: Array, accumulator_limit: Array, bias: Array, output_zero_point: int
) -> Requantisation:
    """Constants for `y = multiplier * (acc + bias) + output_zero_point`, rounded.

    Args:
        multiplier: float64 [channels], real factor from accumulator to output steps, positive.
        accumulator_limit: int64 [channels], bound of |acc| for any input.
        bias: int64 [channels], added to the accumulator; the model's bias and the correction for
            the input's zero point.
        output_zero_point: int8 zero point of the output.

    The narrow form takes the largest shift at which neither acc*scale nor acc*scale + bias can
    leave int32; if rounding the scale could then move a result by half a step, the wide one
    (64-bit product) is chosen.
    """
    multiplier = np.atleast_1d(np.asarray(multiplier, np.float64))
    limit = np.atleast_1d(np.asarray(accumulator_limit, np.int64))
    bias = np.atleast_1d(np.asarray(bias, np.int64))
    for shift in range(MAXIMUM_SHIFT, -1, -1):
        scale = np.rint(multiplier * 2.0**shift)
        if scale.max(initial=0.0) >= INT32_LIMIT:
            continue
        integer_scale = scale.astype(np.int64)
        folded = _fold(integer_scale, bias, shift, output_zero_point)
        if all(
            int(a) * int(m) + abs(b) < INT32_LIMIT
            for a, m, b in zip(limit, integer_scale, folded, strict=True)
        ):
            break
    else:
        return _wide(multiplier, bias, output_zero_point)
    error = np.abs(scale / 2.0**shift - multiplier) * np.minimum(
        (limit + np.abs(bias)).astype(np.float64), 255.0 / multiplier
    )
    if error.max(initial=0.0) > SCALE_ERROR_LIMIT:
        return _wide(multiplier, bias, output_zero_point)
    return Requantisation(
        integer_scale.astype(np.uint32), np.array(folded, np.int32), shift, False, output_zero_point
    )


def _fold(scale: Array, bias: Array, shift: int, output_zero_point: int) -> list[int]:
    constant = (output_zero_point << shift) + half(shift)
    return [int(b) * int(m) + constant for b, m in zip(bias, scale, strict=True)]


def _wide(multiplier: Array, bias: Array, output_zero_point: int) -> Requantisation:
    largest = float(multiplier.max(initial=0.0))
    shift = MAXIMUM_WIDE_SHIFT
    while shift > 0 and np.rint(largest * 2.0**shift) >= INT32_LIMIT:
        shift -= 1
    scale = np.rint(multiplier * 2.0**shift).astype(np.int64)
    if scale.max(initial=0) >= INT32_LIMIT or np.abs(bias).max(initial=0) >= INT32_LIMIT // 2:
        raise ValueError("requantisation constants leave 32 bits")
    return Requantisation(
        scale.astype(np.uint32), bias.astype(np.int32), shift, True, output_zero_point
    )


def requantise(
    accumulator: Array,
    scale: Array,
    bias: Array,
    shift: int,
    low: int,
    high: int,
    *,
    wide: bool,
    output_zero_point: int,
) -> Array:
    """int32 accumulators [..., channels] to int8, as `tw_requantise[_wide]` in C.

    If `high` is above 127, the result is uint8.

    Raises OverflowError if an accumulator leaves the range that was proved: a compiler bug.
    """
    acc = accumulator.astype(np.int64)
    multiplier = scale.astype(np.int64)
    if wide:
        shifted = ((acc + bias) * multiplier + half(shift) >> shift) + output_zero_point
    else:
        product = acc * multiplier + bias.astype(np.int64)
        if np.abs(product).max(initial=0) >= INT32_LIMIT:
            raise OverflowError("requantisation leaves int32")
        shifted = product >> shift
    return cast(Array, np.clip(shifted, low, high).astype(np.uint8 if high > 127 else np.int8))
