"""Powers: special cases as in IEEE 754, accuracy against extended precision."""

from __future__ import annotations

import numpy as np

from compiler.ir import Array
from compiler.numerics.power import power


def error_in_ulp(x: Array, y: Array) -> float:
    """The largest error, in units in the last place of the exact result."""
    with np.errstate(all="ignore"):
        exact = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
        found = power(x, y)
        rounded = exact.astype(np.float32)
    assert np.array_equal(np.isinf(found), np.isinf(rounded))
    finite = np.isfinite(rounded)
    smallest = np.float32(2.0) ** -126
    magnitude = np.maximum(np.abs(rounded[finite]), smallest)
    error = np.abs(found[finite].astype(np.longdouble) - exact[finite])
    return float((error / np.spacing(magnitude)).max())


def test_error_is_below_one_unit() -> None:
    random = np.random.default_rng(1)
    count = 200_000
    x = random.integers(1, 0x7F800000, count, dtype=np.int32).view(np.float32)
    reach = 150 / np.maximum(np.abs(np.log2(x.astype(np.float64))), 1e-7)
    cases = {
        "all results": (x, (random.uniform(-1, 1, count) * reach).astype(np.float32)),
        "small": (random.uniform(0, 4, count), random.uniform(-8, 8, count)),
        "near one": (1 + random.normal(size=count) * 1e-4, random.normal(size=count) * 1e5),
        "squares": (x, np.full(count, 2.0)),
        "roots": (x, np.full(count, 0.5)),
        "inverses": (x, np.full(count, -1.0)),
    }
    for name, (base, exponent) in cases.items():
        error = error_in_ulp(base.astype(np.float32), exponent.astype(np.float32))
        assert error < 0.55, f"{name}: {error}"


def test_special_cases_are_those_of_ieee_754() -> None:
    values = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1e30, -1e30, 16777217.0]
    values += [8388609.0, -8388609.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45]
    x = np.array(values, np.float32)[:, None]
    y = np.array(values, np.float32)
    with np.errstate(all="ignore"):
        expected = np.power(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
    found = power(x, y)
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.array_equal(np.signbit(found), np.signbit(expected) & ~np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1.2e-7)
