"""Trigonometric and hyperbolic functions of float32 arrays, as tilewright/trigonometry.h has them.

As in `elementary`, results are those of the C functions to the last bit.
"""

from __future__ import annotations

import numpy as np

from compiler.ir import Array
from compiler.numerics.elementary import ONE, exp, expm1, horner, log, log1p, quiet

INVERSE_TURN = np.array(
    [0, 0x28BE60DB, 0x9391054A, 0x7F09D5F4, 0x7D4D3770, 0x36D8A566, 0x4F10E410, 0x7F9458EA],
    np.uint64,
)
"""1 / (2 pi) in words of 32 bits, the first before the point."""

QUARTER = np.float32(1.5707964)
EIGHTH = np.float32(0.78539819)
HALF = np.float32(0.5)
TWO = np.float32(2.0)
LN2 = np.float32(0.69314718)
LARGE = np.float32(1.0e9)
NAN = np.float32(np.nan)

SINE = (-1.9517234e-4, 8.332178e-3, -1.6666655e-1)
COSINE = (2.4438379e-5, -1.3887367e-3, 4.1666646e-2)
ARC_TANGENT = (-6.0829926e-2, 1.0595829e-1, -1.4243826e-1, 1.9998488e-1, -3.3333316e-1)
ARC_SINE = (3.7630133e-2, 1.4358464e-2, 3.1828694e-2, 4.451447e-2, 7.5005174e-2, 1.666666e-1)


def _angle(x: Array) -> tuple[Array, Array]:
    """Quarters of a turn modulo 4, and the rest in radians, for finite |x| > pi / 4."""
    bits = x.view(np.uint32).astype(np.uint64)
    significand = (bits & np.uint64(0x7FFFFF)) | np.uint64(0x800000)
    first = (bits >> np.uint64(23) & np.uint64(255)) - np.uint64(118)
    word, shift = (first >> np.uint64(5)).astype(np.int64), first & np.uint64(31)
    low32, word_bits = np.uint64(0xFFFFFFFF), np.uint64(32)
    product = turns = np.zeros_like(bits)
    for i in (2, 1, 0):
        pair = INVERSE_TURN[word + i] << word_bits | INVERSE_TURN[word + i + 1]
        product = significand * (pair << shift >> word_bits & low32) + (product >> word_bits)
        turns = turns if i == 2 else turns >> word_bits | product << word_bits
    quarter = (turns + np.uint64(1 << 61)) >> np.uint64(62)
    rest = turns << np.uint64(2)
    high = (rest >> word_bits).astype(np.uint32).view(np.int32).astype(np.float32)
    low = (rest & low32).astype(np.uint32).astype(np.float32)
    distance = high * np.float32(3.6572952e-10) + low * np.float32(8.515304e-20)
    negative = np.signbit(x)
    turned = np.where(negative, np.uint64(4) - quarter, quarter) & np.uint64(3)
    return turned.astype(np.int32), np.where(negative, -distance, distance)


def _sine_from(x: Array, quarters: int) -> Array:
    finite = np.isfinite(x)
    small = np.abs(x) <= np.float32(0.78539816)
    quarter, rest = _angle(np.where(finite & ~small, x, ONE))
    quarter = np.where(small, 0, quarter) + quarters
    r = np.where(small, x, rest)
    z = r * r
    cosine = (ONE - HALF * z) + (z * z) * horner(COSINE, z)
    a = np.abs(r)
    y = np.where(quarter & 1, cosine, np.copysign(a + a * (z * horner(SINE, z)), r))
    return np.where(finite, np.where(quarter & 2, -y, y), NAN)


@quiet
def sine(x: Array) -> Array:
    """sin(x)."""
    return _sine_from(x, 0)


@quiet
def cosine(x: Array) -> Array:
    """cos(x)."""
    return _sine_from(x, 1)


@quiet
def tangent(x: Array) -> Array:
    """tan(x)."""
    return sine(x) / cosine(x)


@quiet
def arc_tangent(x: Array) -> Array:
    """atan(x)."""
    a = np.abs(x)
    far, middle = a > np.float32(2.4142137), a > np.float32(0.41421357)
    before = np.where(far, QUARTER, np.where(middle, EIGHTH, np.float32(0.0)))
    a = np.where(far, -ONE / a, np.where(middle, (a - ONE) / (a + ONE), a))
    z = a * a
    return np.copysign(before + (a + a * (z * horner(ARC_TANGENT, z))), x)


def _arc_sine_reduced(a: Array) -> Array:
    z = a * a
    return a + a * (z * horner(ARC_SINE, z))


def _arc_sine_of_rest(a: Array) -> Array:
    return TWO * _arc_sine_reduced(np.sqrt(HALF * (ONE - a)))


@quiet
def arc_sine(x: Array) -> Array:
    """asin(x); NaN outside of [-1, 1]."""
    a = np.abs(x)
    large = QUARTER - _arc_sine_of_rest(a)
    return np.copysign(np.where(a <= HALF, _arc_sine_reduced(a), large), x)


@quiet
def arc_cosine(x: Array) -> Array:
    """acos(x); NaN outside of [-1, 1]."""
    a = np.abs(x)
    rest = _arc_sine_of_rest(a)
    large = np.where(x < 0, np.float32(3.1415927) - rest, rest)
    return np.where(a <= HALF, QUARTER - np.copysign(_arc_sine_reduced(a), x), large)


@quiet
def hyperbolic_sine(x: Array) -> Array:
    """sinh(x)."""
    a = np.abs(x)
    half = exp(HALF * a)
    e = expm1(a)
    small = HALF * (e + e / (e + ONE))
    return np.copysign(np.where(a > np.float32(20.0), (HALF * half) * half, small), x)


@quiet
def hyperbolic_cosine(x: Array) -> Array:
    """cosh(x)."""
    a = np.abs(x)
    half = exp(HALF * a)
    return (HALF * half) * half + HALF * exp(-a)


@quiet
def inverse_hyperbolic_sine(x: Array) -> Array:
    """asinh(x)."""
    a = np.abs(x)
    square = a * a
    small = log1p(a + square / (ONE + np.sqrt(square + ONE)))
    return np.copysign(np.where(a > LARGE, log(a) + LN2, small), x)


@quiet
def inverse_hyperbolic_cosine(x: Array) -> Array:
    """acosh(x); NaN below 1."""
    t = x - ONE
    small = np.where(x < ONE, NAN, log1p(t + np.sqrt(t * (x + ONE))))
    return np.where(x > LARGE, log(x) + LN2, small)


@quiet
def inverse_hyperbolic_tangent(x: Array) -> Array:
    """atanh(x); infinite at -1 and 1, NaN outside of them."""
    a = np.abs(x)
    return np.where(a > ONE, NAN, np.copysign(HALF * log1p(TWO * a / (ONE - a)), x))
