"""Elementary functions: error in units in the last place against float64, and special values."""

from __future__ import annotations

from collections.abc import Callable
from math import erf

import numpy as np
import pytest

from compiler.ir import Array
from compiler.numerics import elementary

SUBNORMAL_STEP = 2.0**-149
FUNCTIONS: list[tuple[Callable[[Array], Array], Callable[[Array], Array], float, float, float]] = [
    # twin, float64 function, lowest and highest argument, bound stated in tilewright/elementary.h
    (elementary.exp, np.exp, -104.0, 88.7, 1.0),
    (elementary.expm1, np.expm1, -25.0, 25.0, 2.0),
    (elementary.log, np.log, 1e-38, 3e38, 1.0),
    (elementary.log1p, np.log1p, 0.0, 3e38, 2.0),
    (elementary.tanh, np.tanh, -10.0, 10.0, 2.0),
    (
        elementary.sigmoid,
        lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))),
        -100,
        30,
        3,
    ),
    (elementary.erf, np.vectorize(erf), -5.0, 5.0, 2.0),
    (elementary.softplus, lambda x: np.logaddexp(x, 0.0), -80.0, 80.0, 3.0),
    (elementary.mish, lambda x: x * np.tanh(np.logaddexp(x, 0.0)), -80.0, 80.0, 4.0),
]


def arguments(low: float, high: float) -> Array:
    """Uniform, and logarithmic towards zero on both sides, within [low, high]."""
    random = np.random.default_rng(2)
    uniform = random.uniform(max(low, -200.0), min(high, 200.0), 100000)
    exponent = random.uniform(-44.0, np.log10(high), 100000)
    logarithmic = 10.0**exponent * (random.choice([-1.0, 1.0], 100000) if low < 0 else 1.0)
    x = np.concatenate([uniform, logarithmic, [low, high]]).astype(np.float32)
    return x[(x >= low) & (x <= high)]


@pytest.mark.parametrize(
    ("twin", "exact", "low", "high", "bound"), FUNCTIONS, ids=[f[0].__name__ for f in FUNCTIONS]
)
def test_error_in_units_in_the_last_place(
    twin: Callable[[Array], Array],
    exact: Callable[[Array], Array],
    low: float,
    high: float,
    bound: float,
) -> None:
    x = arguments(low, high)
    found = twin(x)
    assert found.dtype == np.float32
    expected = exact(x.astype(np.float64))
    unit = np.maximum(np.spacing(np.abs(expected.astype(np.float32))), SUBNORMAL_STEP)
    error = np.abs(found - expected) / unit
    worst = int(error.argmax())
    assert error[worst] <= bound, f"{error[worst]} at {x[worst]!r}"


@pytest.mark.parametrize(
    ("function", "argument", "result"),
    [
        (elementary.exp, np.inf, np.inf),
        (elementary.exp, -np.inf, 0.0),
        (elementary.exp, 89.0, np.inf),
        (elementary.exp, -104.0, 0.0),
        (elementary.exp, 0.0, 1.0),
        (elementary.expm1, -np.inf, -1.0),
        (elementary.expm1, np.inf, np.inf),
        (elementary.log, 0.0, -np.inf),
        (elementary.log, np.inf, np.inf),
        (elementary.log, -1.0, np.nan),
        (elementary.log, 1.0, 0.0),
        (elementary.tanh, np.inf, 1.0),
        (elementary.tanh, -np.inf, -1.0),
        (elementary.tanh, -0.0, -0.0),
        (elementary.erf, np.inf, 1.0),
        (elementary.erf, -np.inf, -1.0),
        (elementary.erf, -0.0, -0.0),
        (elementary.sigmoid, np.inf, 1.0),
        (elementary.sigmoid, -np.inf, 0.0),
        (elementary.sigmoid, 0.0, 0.5),
        (elementary.softplus, np.inf, np.inf),
        (elementary.softplus, -np.inf, 0.0),
        (elementary.exp, np.nan, np.nan),
        (elementary.expm1, np.nan, np.nan),
        (elementary.log, np.nan, np.nan),
        (elementary.tanh, np.nan, np.nan),
        (elementary.erf, np.nan, np.nan),
        (elementary.sigmoid, np.nan, np.nan),
        (elementary.softplus, np.nan, np.nan),
    ],
)
def test_special_values(function: Callable[[Array], Array], argument: float, result: float) -> None:
    (found,) = function(np.array([argument], np.float32))
    assert np.isnan(found) if np.isnan(result) else found == result
    assert np.isnan(result) or np.signbit(found) == np.signbit(result)
