"""BatchNormalization on its own: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, Quantization
from compiler.lowering.lower import lower
from compiler.operators.batch_normalization import ScaleChannelsFloat, integer_form
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model

shapes = st.sampled_from([(1, 1), (1, 5), (3, 4), (2, 3, 5), (2, 3, 4, 5), (1, 33, 1, 2)])
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, last=st.booleans(), relu=st.booleans(), seed=seeds)
def test_float_twin(shape: tuple[int, ...], last: bool, relu: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=shape).astype(np.float32)
    x[random.random(shape) < 0.1] = random.choice([np.inf, -np.inf, np.nan, -0.0])
    axis = len(shape) - 1 if last else 1
    scale, shift = random.normal(size=(2, shape[axis])).astype(np.float32)
    assert_twin(ScaleChannelsFloat(axis, 0.0 if relu else -inf, inf), [x, scale, shift])


@settings(max_examples=80, deadline=None)
@given(shape=shapes, last=st.booleans(), exponent=st.floats(-3, 2), seed=seeds)
def test_integer_twin(shape: tuple[int, ...], last: bool, exponent: float, seed: int) -> None:
    """At most half a step of rounding and 1/8 step from the rounded scale off."""
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, shape).astype(np.int8)
    axis = len(shape) - 1 if last else 1
    channels = shape[axis]
    source = Quantization(float(10 ** random.uniform(-3, 1)), int(random.integers(-128, 128)))
    scale = random.normal(size=channels) * 10**exponent
    shift = random.normal(size=channels)
    target = Quantization(
        float(source.scale * np.abs(scale).max() * random.uniform(0.05, 3)),
        int(random.integers(-128, 128)),
    )
    form = integer_form(axis, scale, shift, source, target)
    if form is None:
        assert np.abs(shift / target.scale).max() > 2**20
        return
    operation, multiplier, bias = form
    (found,) = assert_twin(operation, [x, multiplier, bias])
    real = (x.astype(np.float64) - source.zero_point) * source.scale
    wide = (-1, *(1,) * (len(shape) - axis - 1))
    exact = real * scale.reshape(wide) + shift.reshape(wide)
    steps = np.clip(exact / target.scale + target.zero_point, -128, 127)
    assert np.abs(found - steps).max() <= 0.625


def parameters(model: ModelBuilder, channels: int) -> list[str]:
    random = np.random.default_rng(5)
    gamma, beta, mean = random.normal(size=(3, channels))
    variance = random.uniform(0.1, 2.0, channels)
    return [model.constant(a.astype(np.float32)) for a in (gamma, beta, mean, variance)]


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 7), (2, 3, 5, 4), (1, 2, 2, 3, 2)])
def test_float_model(shape: tuple[int, ...]) -> None:
    model = ModelBuilder()
    x = model.input("x", shape)
    y = model.node("BatchNormalization", [x, *parameters(model, shape[1])], epsilon=1e-3)
    graph = assert_model(model.build([y]), {"x": data(shape)})
    assert [type(node.operation).__name__ for node in graph.nodes] == ["ScaleChannelsFloat"]


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_quantised_model(unsigned: bool, relu: bool) -> None:
    model = ModelBuilder()
    shift = 128 if unsigned else 0
    x = model.quantised(model.input("x", (2, 3, 5, 4)), 0.02, -7 + shift, unsigned)
    y = model.node("BatchNormalization", [x, *parameters(model, 3)])
    y = model.node("Relu", [y]) if relu else y
    y = model.quantised(y, 0.03, 11 + shift, unsigned)
    graph = assert_model(model.build([y]), {"x": data((2, 3, 5, 4))}, step=0.03)
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert kernels == ["Quantize", "ScaleChannelsInt8", "Dequantize"]


def test_huge_addends_are_computed_in_float() -> None:
    one = np.ones(1)
    assert integer_form(1, one, one * 1e6, Quantization(0.1, 0), Quantization(0.1, 0)) is None


def test_refusals() -> None:
    model = ModelBuilder()
    x = model.input("x", (2, 3, 5))
    constants = parameters(model, 3)
    mean = model.input("mean", (3,))
    outputs = [
        model.node("BatchNormalization", [x, *constants], outputs=3, training_mode=1),
        model.node("BatchNormalization", [x, *constants[:2], mean, constants[3]]),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    text = str(caught.value)
    assert "node 'node_batchnormalization0' (BatchNormalization): it is in training mode" in text
    assert "(BatchNormalization): 'mean' is computed at run time" in text


def data(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(13).normal(size=shape).astype(np.float32)
