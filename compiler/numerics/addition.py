"""Constants of quantised additions and multiplications (docs/numerics.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compiler.numerics.requantisation import half

MAXIMUM_SHIFT = 30
INT32_LIMIT = 2**31
LARGEST_STORED = 128
LARGEST_PRODUCT = 255 * 255


@dataclass(frozen=True)
class Addition:
    """`y = (a * left_scale + b * right_scale + bias) >> shift`; scales may be negative."""

    left_scale: int
    right_scale: int
    bias: int
    shift: int


@dataclass(frozen=True)
class Multiplication:
    """`y = ((a - z_a) * (b - z_b) * scale + bias) >> shift`."""

    scale: int
    bias: int
    shift: int


def choose_addition(
    left_factor: float, right_factor: float, zero_points: tuple[int, int], output_zero_point: int
) -> Addition | None:
    """Constants for `left_factor * (a - z_a) + right_factor * (b - z_b) + output_zero_point`.

    The shift is the largest at which nothing can leave int32; None if there is none.
    """
    for shift in range(MAXIMUM_SHIFT, -1, -1):
        left = int(np.rint(left_factor * 2.0**shift))
        right = int(np.rint(right_factor * 2.0**shift))
        bias = -zero_points[0] * left - zero_points[1] * right
        bias += (output_zero_point << shift) + half(shift)
        if LARGEST_STORED * (abs(left) + abs(right)) + abs(bias) < INT32_LIMIT:
            return Addition(left, right, bias, shift)
    return None


def choose_multiplication(factor: float, output_zero_point: int) -> Multiplication | None:
    """Constants for `factor * (a - z_a) * (b - z_b) + output_zero_point`, or None, as above."""
    for shift in range(MAXIMUM_SHIFT, -1, -1):
        scale = int(np.rint(factor * 2.0**shift))
        bias = (output_zero_point << shift) + half(shift)
        if LARGEST_PRODUCT * scale + abs(bias) < INT32_LIMIT:
            return Multiplication(scale, bias, shift)
    return None
