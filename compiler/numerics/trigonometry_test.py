"""Trigonometric functions: error in units in the last place against float64, special values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from compiler.ir import Array
from compiler.numerics import trigonometry

FUNCTIONS: list[tuple[Callable[[Array], Array], Callable[[Array], Array], float, float, float]] = [
    # twin, float64 function, lowest and highest argument, bound stated in tilewright/trigonometry.h
    (trigonometry.sine, np.sin, -1e5, 1e5, 3.0),
    (trigonometry.cosine, np.cos, -1e5, 1e5, 3.0),
    (trigonometry.tangent, np.tan, -1e5, 1e5, 5.0),
    (trigonometry.arc_tangent, np.arctan, -3e38, 3e38, 3.0),
    (trigonometry.arc_sine, np.arcsin, -1.0, 1.0, 3.0),
    (trigonometry.arc_cosine, np.arccos, -1.0, 1.0, 3.0),
    (trigonometry.hyperbolic_sine, np.sinh, -89.4, 89.4, 4.0),
    (trigonometry.hyperbolic_cosine, np.cosh, -89.4, 89.4, 4.0),
    (trigonometry.inverse_hyperbolic_sine, np.arcsinh, -3e38, 3e38, 4.0),
    (trigonometry.inverse_hyperbolic_cosine, np.arccosh, 1.0, 3e38, 4.0),
    (trigonometry.inverse_hyperbolic_tangent, np.arctanh, -1.0, 1.0, 4.0),
]


def arguments(low: float, high: float) -> Array:
    """Uniform, and logarithmic towards zero on both sides, within [low, high]."""
    random = np.random.default_rng(2)
    uniform = random.uniform(max(low, -200.0), min(high, 200.0), 100000)
    exponent = random.uniform(-37.0, np.log10(high) if high > 0 else 0.0, 100000)
    logarithmic = 10.0**exponent * random.choice([-1.0, 1.0], 100000)
    near_one = 1.0 + 10.0 ** random.uniform(-7.0, 0.0, 20000) * random.choice([-1.0, 1.0], 20000)
    x = np.concatenate([uniform, logarithmic, near_one, -near_one]).astype(np.float32)
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
    with np.errstate(divide="ignore"):
        expected = exact(x.astype(np.float64))
    finite = np.isfinite(expected)
    assert np.array_equal(found[~finite], expected[~finite])
    unit = np.spacing(np.abs(expected.astype(np.float32)))
    error = np.where(finite, np.abs(found - np.where(finite, expected, 0.0)) / unit, 0.0)
    worst = int(error.argmax())
    assert error[worst] <= bound, f"{error[worst]} at {x[worst]!r}"


@pytest.mark.parametrize("argument", [1e6, 1e22, 16367173.0 * 2.0**72, 3.4028234663852886e38])
def test_far_arguments(argument: float) -> None:
    """Also the largest, and one that is very near to a multiple of pi / 2."""
    x = np.array([argument, -argument], np.float32)
    sine, cosine = trigonometry.sine(x), trigonometry.cosine(x)
    assert sine[0] == -sine[1]
    assert cosine[0] == cosine[1]
    turned = float(np.arctan2(sine[0].astype(np.float64), cosine[0].astype(np.float64)))
    assert turned == pytest.approx(_turned(float(x[0])), abs=2e-7)
    assert np.hypot(sine[0], cosine[0]) == pytest.approx(1.0, abs=2e-7)


def _turned(x: float) -> float:
    """The angle of `x` radians in (-pi, pi], from an integer multiple of 2 pi in 400 bits."""
    numerator, denominator = x.as_integer_ratio()
    # pi by Machin's formula, as an integer of 400 bits behind the point.
    one = 1 << 400

    def arc_tangent(inverse: int) -> int:
        total, power, n = 0, one // inverse, 1
        while power:
            total += power // n if n % 4 == 1 else -(power // n)
            power //= inverse * inverse
            n += 2
        return total

    turn = 8 * (4 * arc_tangent(5) - arc_tangent(239))
    rest = (numerator * one // denominator) % turn
    rest = rest - turn if rest > turn // 2 else rest
    return rest / one


@pytest.mark.parametrize(
    ("function", "argument", "result"),
    [
        (trigonometry.sine, np.inf, np.nan),
        (trigonometry.cosine, -np.inf, np.nan),
        (trigonometry.sine, np.nan, np.nan),
        (trigonometry.sine, -0.0, -0.0),
        (trigonometry.cosine, 0.0, 1.0),
        (trigonometry.tangent, -0.0, -0.0),
        (trigonometry.arc_tangent, -0.0, -0.0),
        (trigonometry.arc_tangent, np.inf, 1.5707964),
        (trigonometry.arc_tangent, np.nan, np.nan),
        (trigonometry.arc_sine, 1.5, np.nan),
        (trigonometry.arc_sine, -0.0, -0.0),
        (trigonometry.arc_cosine, -1.5, np.nan),
        (trigonometry.arc_cosine, 1.0, 0.0),
        (trigonometry.arc_cosine, -1.0, 3.1415927),
        (trigonometry.hyperbolic_sine, -0.0, -0.0),
        (trigonometry.hyperbolic_sine, -np.inf, -np.inf),
        (trigonometry.hyperbolic_cosine, -np.inf, np.inf),
        (trigonometry.hyperbolic_cosine, np.nan, np.nan),
        (trigonometry.inverse_hyperbolic_sine, -np.inf, -np.inf),
        (trigonometry.inverse_hyperbolic_sine, -0.0, -0.0),
        (trigonometry.inverse_hyperbolic_cosine, 0.5, np.nan),
        (trigonometry.inverse_hyperbolic_cosine, 1.0, 0.0),
        (trigonometry.inverse_hyperbolic_cosine, np.inf, np.inf),
        (trigonometry.inverse_hyperbolic_tangent, 1.0, np.inf),
        (trigonometry.inverse_hyperbolic_tangent, -1.0, -np.inf),
        (trigonometry.inverse_hyperbolic_tangent, 1.5, np.nan),
    ],
)
def test_special_values(function: Callable[[Array], Array], argument: float, result: float) -> None:
    (found,) = function(np.array([argument], np.float32))
    assert np.isnan(found) if np.isnan(result) else found == np.float32(result)
    assert np.isnan(result) or np.signbit(found) == np.signbit(result)
