"""Elementary functions of float32 arrays, operation by operation as in tilewright/elementary.h.

Every function takes and returns float32 arrays and executes the same sequence of float32
operations as its C counterpart, so that results are equal to the last bit. Error bounds, in units
in the last place, are those of the header; `elementary_test.py` measures them against float64.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import cast

import numpy as np

from compiler.ir import Array

ONE = np.float32(1.0)
LN2_HIGH = np.float32(0.693359375)
LN2_LOW = np.float32(-2.12194440e-4)
INVERSE_LN2 = np.float32(1.44269504)
ROUND_TO_INTEGER = np.float32(12582912.0)
LARGEST = np.float32(3.4028234e38)
SQRT_HALF_BITS = 0x3F3504F3

EXP = (1.39506e-3, 8.368954e-3, 4.1666206e-2, 1.6666518e-1, 0.5)
LOG = (
    -7.63443e-2,
    1.276155e-1,
    -1.3160194e-1,
    1.4201762e-1,
    -1.6623357e-1,
    2.0001227e-1,
    -2.5000823e-1,
    3.333333e-1,
)
TANH = (-5.717037e-3, 2.0650579e-2, -5.3743497e-2, 1.3331491e-1, -3.3333284e-1)
ERF = (
    7.889119e-5,
    -8.020841e-4,
    5.189535e-3,
    -2.6854444e-2,
    1.12836e-1,
    -3.7612626e-1,
    1.2837917e-1,
)
LOG_ERFC = (
    1.8882361e-4,
    -2.972442e-3,
    2.194043e-2,
    -1.0332735e-1,
    -6.3788307e-1,
    -1.1272515,
    -3.0042836e-4,
)


def quiet(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Infinities and NaNs are results here, not warnings."""

    @functools.wraps(function)
    def wrapped(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return function(x)

    return wrapped


def ordered_sum(terms: Array, axis: int) -> Array:
    """Sum of float32 terms along an axis, one after the other, starting from +0."""
    # The last of the partial sums, plus 0: a sum of negative zeros that starts from +0 is +0.
    return np.take(np.add.accumulate(terms, axis=axis), -1, axis=axis) + np.float32(0.0)


def horner(coefficients: tuple[float, ...], x: Array) -> Array:
    """The polynomial with these coefficients, highest power first."""
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + np.float32(coefficient)
    return value


def _exp_reduced(r: Array) -> Array:
    return r + (r * r) * horner(EXP, r)


def _power_of_two(exponent: Array) -> Array:
    return cast(Array, ((exponent + np.int32(127)) << 23).view(np.float32))


def _absolute(x: Array) -> Array:
    return np.abs(x)


def _with_sign(magnitude: Array, x: Array) -> Array:
    return np.copysign(magnitude, x)


@quiet
def exp(x: Array) -> Array:
    """exp(x)."""
    bounded = np.where(np.isnan(x), np.float32(0.0), x)
    bounded = np.minimum(np.maximum(bounded, np.float32(-104.0)), np.float32(89.0))
    n = (bounded * INVERSE_LN2 + ROUND_TO_INTEGER) - ROUND_TO_INTEGER
    r = (bounded - n * LN2_HIGH) - n * LN2_LOW
    p = ONE + _exp_reduced(r)
    exponent = n.astype(np.int32)
    lower = exponent >> 1
    scaled = (p * _power_of_two(lower)) * _power_of_two(exponent - lower)
    return np.where(np.isnan(x), x, scaled)


@quiet
def expm1(x: Array) -> Array:
    """exp(x) - 1."""
    middle = x < np.float32(20.0)
    bounded = np.maximum(np.where(middle, x, np.float32(0.0)), np.float32(-20.0))
    n = (bounded * INVERSE_LN2 + ROUND_TO_INTEGER) - ROUND_TO_INTEGER
    r = (bounded - n * LN2_HIGH) - n * LN2_LOW
    scale = _power_of_two(n.astype(np.int32))
    return np.where(middle, (scale - ONE) + scale * _exp_reduced(r), exp(x))


@quiet
def log(x: Array) -> Array:
    """ln(x): -infinity for zeros, NaN for negative numbers."""
    regular = (x > 0) & (x <= LARGEST)
    positive = np.where(regular, x, ONE)
    subnormal = positive < np.float32(1.17549435e-38)
    scaled = np.where(subnormal, positive * np.float32(16777216.0), positive)
    carried = scaled.view(np.int32) + np.int32(0x3F800000 - SQRT_HALF_BITS)
    exponent = (carried >> 23) - np.int32(127) - np.where(subnormal, np.int32(24), np.int32(0))
    f = ((carried & np.int32(0x007FFFFF)) + np.int32(SQRT_HALF_BITS)).view(np.float32) - ONE
    p = horner(LOG, f)
    n = exponent.astype(np.float32)
    square = f * f
    tail = (square * f) * p + n * LN2_LOW
    result = n * LN2_HIGH + (f + (tail - np.float32(0.5) * square))
    special = np.where(x == 0, np.float32(-np.inf), np.where(x > 0, x, np.float32(np.nan)))
    return np.where(regular, result, special)


@quiet
def log1p(x: Array) -> Array:
    """ln(1 + x), for x >= 0."""
    total = ONE + x
    finite = total <= LARGEST
    return np.where(finite, log(total) + (x - (total - ONE)) / total, x)


@quiet
def tanh(x: Array) -> Array:
    """tanh(x)."""
    a = _absolute(x)
    z = a * a
    small = a + a * (z * horner(TANH, z))
    large = ONE - np.float32(2.0) / (exp(np.float32(2.0) * a) + ONE)
    return _with_sign(np.where(a < np.float32(0.625), small, large), x)


@quiet
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    e = exp(-_absolute(x))
    return np.where(x < 0, e, ONE) / (ONE + e)


@quiet
def erf(x: Array) -> Array:
    """The error function."""
    a = _absolute(x)
    z = a * a
    small = a + a * horner(ERF, z)
    large = ONE - exp(horner(LOG_ERFC, np.minimum(a, np.float32(4.0))))
    return _with_sign(np.where(a < ONE, small, large), x)


@quiet
def softplus(x: Array) -> Array:
    """ln(1 + exp(x))."""
    return np.where(x < 0, np.float32(0.0), x) + log1p(exp(-_absolute(x)))


@quiet
def mish(x: Array) -> Array:
    """x * tanh(softplus(x))."""
    e = exp(x)
    n = e * (e + np.float32(2.0))
    return np.where(x > np.float32(20.0), x, x * (n / (n + np.float32(2.0))))


@quiet
def gelu(x: Array) -> Array:
    """x / 2 * (1 + erf(x / sqrt(2)))."""
    return (np.float32(0.5) * x) * (ONE + erf(x * np.float32(0.70710678)))


@quiet
def gelu_tanh(x: Array) -> Array:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))."""
    cubic = x + np.float32(0.044715) * ((x * x) * x)
    return (np.float32(0.5) * x) * (ONE + tanh(np.float32(0.79788456) * cubic))


def swish(x: Array, alpha: float) -> Array:
    """x * sigmoid(alpha * x)."""
    with np.errstate(all="ignore"):
        return x * sigmoid(np.float32(alpha) * x)


def elu(x: Array, alpha: float) -> Array:
    """alpha * (exp(x) - 1) below 0, else x."""
    with np.errstate(all="ignore"):
        return np.where(x < 0, np.float32(alpha) * expm1(x), x)


def hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    """alpha * x + beta, saturated to [0, 1]."""
    with np.errstate(all="ignore"):
        line = np.float32(alpha) * x + np.float32(beta)
        return np.where(line < 0, np.float32(0.0), np.where(line > 1, ONE, line))


@quiet
def hard_swish(x: Array) -> Array:
    """x * hard_sigmoid(x) with alpha 1/6 and beta 1/2."""
    return x * hard_sigmoid(x, 0.16666667, 0.5)


@quiet
def sqrt(x: Array) -> Array:
    """The square root, correctly rounded."""
    return np.sqrt(x)


@quiet
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return ONE / x
