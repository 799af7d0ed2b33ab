"""RMSNormalization: kernel equals NumPy twin, twin equals the definition in float64."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Array, Quantization
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.rms_normalization import RmsNormalizationFloat, integer_form

seeds = st.integers(0, 2**32 - 1)
zero_points = st.integers(-128, 127)
exponents = st.floats(-7.0, 3.0)


def definition(real: Array, gamma: Array, epsilon: float) -> Array:
    mean = np.mean(real * real, axis=-1, keepdims=True)
    return real / np.sqrt(mean + epsilon) * gamma


@settings(deadline=None)
@given(
    rows=st.integers(1, 7),
    elements=st.sampled_from([1, 2, 3, 17, 64, 288, 4096]),
    amplitude=st.sampled_from([1, 2, 20, 255]),
    input_exponent=exponents,
    input_zero_point=zero_points,
    output_zero_point=zero_points,
    epsilon=st.sampled_from([0.0, 1e-12, 1e-6, 1e-5, 1e-2]),
    seed=seeds,
)
def test_integer(
    rows: int,
    elements: int,
    amplitude: int,
    input_exponent: float,
    input_zero_point: int,
    output_zero_point: int,
    epsilon: float,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    centred = random.integers(-amplitude, amplitude + 1, (rows, elements))
    centred *= random.random((rows, elements)) < random.choice([1.0, 0.1])
    x = np.clip(centred + input_zero_point, -128, 127).astype(np.int8)
    source = Quantization(10.0**input_exponent, input_zero_point)
    gamma = random.normal(1.0, 0.5, elements) * 10.0 ** random.uniform(-3, 3)
    real = (x.astype(np.float64) - source.zero_point) * source.scale
    with np.errstate(invalid="ignore"):
        exact = np.nan_to_num(definition(real, gamma, epsilon))
    peak = max(np.abs(exact).max(), 1e-30)
    target = Quantization(peak / random.uniform(1, 400), output_zero_point)
    form = integer_form(gamma, epsilon, source, target)
    if form is None:
        assert (
            np.abs(gamma).max() * np.sqrt(elements) / target.scale > 8192
            or elements * epsilon / source.scale**2 > 2.0**45
        )
        return
    operation, stored = form
    (found,) = assert_twin(operation, [x, stored])
    expected = np.clip(np.rint(exact / target.scale) + target.zero_point, -128, 127)
    assert np.abs(found - expected).max() <= 1


@settings(deadline=None)
@given(
    rows=st.integers(1, 7),
    elements=st.integers(1, 300),
    magnitude=st.floats(-18, 18),
    epsilon=st.sampled_from([1e-12, 1e-5, 1e-2]),
    seed=seeds,
)
def test_float(rows: int, elements: int, magnitude: float, epsilon: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = (random.normal(size=(rows, elements)) * 10.0**magnitude).astype(np.float32)
    gamma = random.normal(size=elements).astype(np.float32)
    (found,) = assert_twin(RmsNormalizationFloat(epsilon), [x, gamma])
    np.testing.assert_allclose(
        found, definition(x.astype(np.float64), gamma.astype(np.float64), epsilon), rtol=1e-5
    )


def test_float_edges() -> None:
    rows = [[0, 0, 0], [1e-45, 0, 0], [3e38, 1, 1], [np.inf, 1, 1], [np.nan, 1, 1]]
    x = np.array(rows, np.float32)
    with np.errstate(all="ignore"):
        for epsilon in (0.0, 1e-5):
            assert_twin(RmsNormalizationFloat(epsilon), [x, np.ones(3, np.float32)])
