"""Softmax: kernels equal NumPy twins, twins the definition, lowered groups onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Array, DataType, Quantization
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)
from compiler.operators.softmax import SoftmaxFloat, integer_form

shapes = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def definition(real: Array, axis: int) -> Array:
    e = np.exp(real - real.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def check_integer(x: Array, axis: int, source_scale: float, target: Quantization) -> None:
    form = integer_form(axis, x.shape[axis], Quantization(source_scale, 0), target)
    assert form is not None
    (found,) = assert_twin(form[0], [x, form[1]])
    exact = definition(x.astype(np.float64) * source_scale, axis) / target.scale
    expected = np.clip(np.rint(exact) + target.zero_point, -128, 127)
    assert np.abs(found - expected).max() <= 1


@settings(deadline=None)
@given(
    shape=shapes,
    exponent=st.floats(-8, 3),
    output_exponent=st.floats(-6.9, 6),
    zero_point=st.integers(-128, 127),
    seed=seeds,
)
def test_integer(
    shape: tuple[int, ...], exponent: float, output_exponent: float, zero_point: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, shape).astype(np.int8)
    target = Quantization(10.0**output_exponent, zero_point)
    check_integer(x, int(random.integers(len(shape))), 10.0**exponent, target)


@pytest.mark.parametrize("extent", [255, 256, 257, 1000, 32768])
@pytest.mark.parametrize("scale", [1e-6, 0.01, 0.05, 0.3])
def test_long_rows(extent: int, scale: float) -> None:
    random = np.random.default_rng(extent)
    x = random.integers(-128, 128, (2, extent)).astype(np.int8)
    x[1] = -128  # all elements but one as far from the largest as they can be
    x[1, 0] = 127
    for output_scale in (1 / 256, 1 / extent, 4 / extent):
        check_integer(x, 1, scale, Quantization(output_scale, -128))


@settings(deadline=None)
@given(shape=shapes, magnitude=st.floats(-3, 3), logarithm=st.booleans(), seed=seeds)
def test_float(shape: tuple[int, ...], magnitude: float, logarithm: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = (random.normal(size=shape) * 10.0**magnitude).astype(np.float32)
    axis = int(random.integers(len(shape)))
    (found,) = assert_twin(SoftmaxFloat(axis, logarithm), [x])
    real = x.astype(np.float64)
    if logarithm:
        centred = real - real.max(axis=axis, keepdims=True)
        exact = centred - np.log(np.exp(centred).sum(axis=axis, keepdims=True))
        np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-6)
    else:
        np.testing.assert_allclose(found, definition(real, axis), rtol=1e-4, atol=1e-7)


def test_float_edges() -> None:
    rows = [[0, -np.inf, 1], [-np.inf] * 3, [np.inf, 0, 1], [np.nan, 0, 1], [0, np.nan, 3e38]]
    for logarithm in (False, True):
        assert_twin(SoftmaxFloat(1, logarithm), [np.array(rows, np.float32)])


@settings(deadline=None, max_examples=40)
@given(
    shape=shapes,
    form=st.sampled_from([DataType.INT8, DataType.UINT8, None]),
    operator=st.sampled_from(["Softmax", "LogSoftmax"]),
    magnitude=st.sampled_from([0.01, 1.0, 20.0]),
    seed=seeds,
)
def test_equals_onnxruntime(
    shape: tuple[int, ...], form: DataType | None, operator: str, magnitude: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = (random.normal(size=shape) * magnitude).astype(np.float32)
    axis = int(random.integers(-len(shape), len(shape)))
    model = ModelUnderTest(opset=13 if seed % 2 else 24)
    stored = None if form is None else Stored.covering(x, form)
    model.node(operator, [model.quantised(model.input("x", x), stored)], "y", axis=axis)
    if form is None:
        assert_float(model, "y")
        return
    y = definition(x, axis)
    y = Stored.covering(np.log(y + 1e-9) if operator == "LogSoftmax" else y, form)
    assert_quantised_group(model, "y", y)
    if operator == "Softmax":
        assert model.operations() == ["SoftmaxInt8"]
