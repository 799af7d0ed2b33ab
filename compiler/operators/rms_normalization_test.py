"""RMSNormalization: kernel equals NumPy twin, twin equals the definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.ir import Array, DataType, Quantization
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)
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


forms = st.sampled_from([DataType.INT8, DataType.UINT8])


@settings(deadline=None, max_examples=30)
@given(
    axis=st.sampled_from([-1, 1, -2]),
    form=forms,
    exponent=st.floats(-2, 3),
    epsilon=st.sampled_from([1e-6, 1e-5, 1e-2]),
    seed=seeds,
)
def test_quantised_group_equals_onnxruntime(
    axis: int, form: DataType, exponent: float, epsilon: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = (random.normal(random.normal(), 1, (2, 3, 32)) * 10.0**exponent).astype(np.float32)
    gamma = (random.normal(1, 0.3, 32) * 10.0 ** random.uniform(-2, 2)).astype(np.float32)
    model = ModelUnderTest()
    operand = model.quantised(model.input("x", x), Stored.covering(x, form))
    model.constant("gamma", gamma)
    model.node("RMSNormalization", [operand, "gamma"], "y", axis=axis, epsilon=epsilon)
    y = definition(x.astype(np.float64), gamma.astype(np.float64), epsilon)
    assert_quantised_group(model, "y", Stored.covering(y, form, int(random.integers(20, 400))))
    assert model.operations() == ["RmsNormalizationInt8"]


@settings(deadline=None, max_examples=10)
@given(axis=st.sampled_from([-1, 1, -3]), constant=st.booleans(), seed=seeds)
def test_float_equals_onnxruntime(axis: int, constant: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, 3, 32)).astype(np.float32)
    gamma = random.normal(size=x.shape[axis:]).astype(np.float32)
    model = ModelUnderTest()
    model.input("x", x)
    (model.constant if constant else model.input)("gamma", gamma)
    model.node("RMSNormalization", ["x", "gamma"], "y", axis=axis)
    assert_float(model, "y")


def test_extreme_gain_is_computed_in_float() -> None:
    model = ModelUnderTest()
    x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 64)
    operand = model.quantised(model.input("x", x), Stored.covering(x))
    model.node("RMSNormalization", [operand, model.constant("g", np.ones(64, np.float32))], "y")
    assert_quantised_group(model, "y", Stored(0.0009))
    assert "RmsNormalizationFloat" in model.operations()


def test_a_scale_per_row_is_refused() -> None:
    model = ModelUnderTest()
    model.input("x", np.ones((2, 4), np.float32))
    model.constant("g", np.ones((2, 1), np.float32))
    model.output(model.node("RMSNormalization", ["x", "g"], "y"))
    with pytest.raises(CompileError, match=r"its scale has shape \[2, 1\]"):
        model.graph()
