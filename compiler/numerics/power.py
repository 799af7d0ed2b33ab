"""x to the power of y in float32, operation by operation as in tilewright/power.h."""

from __future__ import annotations

from typing import cast

import numpy as np

from compiler.ir import Array

LOG2_RATIO = (
    16944431755,
    -33580633399,
    34701043945,
    -32984036408,
    35509075055,
    -39606397966,
    44095699617,
    -49574888808,
    56651126581,
    -66094028984,
    79313013731,
    -99141250017,
    132188330979,
    -198282496593,
    396564993198,
)
EXP2_FRACTION = (2013, 15197, 166622, 1430944, 10327645, 59597033, 257941253, 744261118, 1073741824)
SQRT_HALF = 0xB504F3
LIMIT = 256 << 32


def power(x: Array, y: Array) -> Array:
    """x^y of float32 arrays that broadcast, at most 1 ulp; special cases as in IEEE 754."""
    x, y = np.broadcast_arrays(x, y)
    a, b = np.abs(x), np.abs(y)
    infinite = np.isinf(a) | np.isinf(b)
    not_a_number = np.isnan(x) | np.isnan(y)
    whole = not_a_number | (b == np.floor(b))
    odd = whole & (np.fmod(np.where(np.isfinite(b), b, 0), 2) == 1)
    regular = ~infinite & ~not_a_number & (a != 0) & (a != 1) & (y != 0)
    result = np.where((a > 1) == (y > 0), np.float32(np.inf), np.float32(0.0))
    result = np.where(a == 1, np.float32(1.0), result)
    found = _regular(np.where(regular, a, 2).astype(np.float32), np.where(regular, y, 1))
    result = np.where(regular, found, result)
    result = np.where(odd, np.copysign(result, x), result)
    undefined = not_a_number | ((x < 0) & ~np.isinf(x) & ~whole)
    result = np.where(undefined, np.float32(np.nan), result)
    return np.where((y == 0) | (x == 1), np.float32(1.0), result).astype(np.float32)


def _horner(coefficients: tuple[int, ...], x: Array, bits: int) -> Array:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = ((value * x) >> bits) + coefficient
    return value


def _split_near_one(magnitude: Array) -> tuple[Array, Array]:
    """(significand, exponent) with magnitude = significand * 2^(exponent - 24)."""
    fraction, exponent = np.frexp(magnitude)  # in [1/2, 1)
    significand = np.ldexp(fraction, 24).astype(np.int64)
    small = significand < SQRT_HALF
    return np.where(small, significand * 2, significand), exponent.astype(np.int64) - small


def _regular(x: Array, y: Array) -> Array:
    significand, exponent = _split_near_one(x)
    f = significand - 0x1000000
    tail = _horner(LOG2_RATIO, f, 24) * f
    logarithm = np.where(exponent == 0, tail, exponent * (1 << 54) + (tail >> 8))
    fraction_bits = np.where(exponent == 0, 62, 54)
    magnitude = np.abs(logarithm)
    while np.any(large := (magnitude >> 38) != 0):
        magnitude = magnitude >> large
        fraction_bits = fraction_bits - large

    y_bits = np.abs(y).astype(np.float32).view(np.int32).astype(np.int64)
    y_field = y_bits >> 23
    y_significand = (y_bits & 0x7FFFFF) | np.where(y_field != 0, 0x800000, 0)
    shift = fraction_bits - (np.maximum(y_field, 1) - 150) - 32
    product = magnitude * y_significand
    total = np.where(shift < 0, LIMIT, np.minimum(product >> np.clip(shift, 0, 63), LIMIT))
    total = np.where((logarithm < 0) != (y < 0), -total, total)

    whole = total >> 32
    p = _horner(EXP2_FRACTION, total & 0xFFFFFFFF, 32)
    normal = ((whole + 126) << 23) + ((p + 64) >> 7)
    drop = np.clip(7 - 126 - whole, 1, 32)
    subnormal = np.where(drop > 31, 0, (p + (1 << (drop - 1))) >> drop)
    bits = np.where(whole > 127, 0x7F800000, np.where(whole >= -126, normal, subnormal))
    return cast(Array, bits.astype(np.int32).view(np.float32))
