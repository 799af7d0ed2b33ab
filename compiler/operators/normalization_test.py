"""Layer, group and instance normalisation: kernels equal twins, lowered models onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, Quantization
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.normalization import NormalizationFloat, integer_form, root_bits

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 3),
    groups=st.integers(1, 4),
    channels=st.integers(1, 40),
    inner=st.integers(1, 9),
    magnitude=st.floats(-15, 15),
    epsilon=st.sampled_from([1e-12, 1e-5, 1e-2]),
    shifted=st.booleans(),
    seed=seeds,
)
def test_float_twin(
    batch: int,
    groups: int,
    channels: int,
    inner: int,
    magnitude: float,
    epsilon: float,
    shifted: bool,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    shape = (batch, groups, channels, inner)
    x = (random.normal(random.normal(), 1, shape) * 10.0**magnitude).astype(np.float32)
    scale, shift = random.normal(size=(2, groups * channels)).astype(np.float32)
    operation = NormalizationFloat(groups, channels, inner, epsilon)
    (found,) = assert_twin(operation, [x, scale, shift if shifted else None])
    real = x.astype(np.float64)
    centred = real - real.mean(axis=(2, 3), keepdims=True)
    variance = (centred * centred).mean(axis=(2, 3), keepdims=True)
    per_channel = (groups, channels, 1)
    exact = centred / np.sqrt(variance + epsilon) * scale.reshape(per_channel)
    if shifted:
        exact += shift.reshape(per_channel)
    # The mean is rounded to float32, which shows where the row hardly differs from it.
    spread = np.abs(real).max(axis=(2, 3), keepdims=True) / np.sqrt(variance + epsilon)
    limit = 2e-5 * (1.0 + spread) * (1.0 + np.abs(scale).max())
    assert np.all(np.abs(found - exact) <= limit)


@settings(max_examples=120, deadline=None)
@given(
    groups=st.integers(1, 4),
    channels=st.sampled_from([1, 2, 3, 17, 64]),
    inner=st.sampled_from([1, 2, 9, 300]),
    amplitude=st.sampled_from([0, 1, 2, 20, 255]),
    exponent=st.floats(-6.0, 3.0),
    epsilon=st.sampled_from([1e-12, 1e-5, 1e-2]),
    seed=seeds,
)
def test_integer_twin(
    groups: int,
    channels: int,
    inner: int,
    amplitude: int,
    exponent: float,
    epsilon: float,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    shape = (2, groups, channels, inner)
    centre = int(random.integers(-128, 128))
    drawn = centre + random.integers(-amplitude, amplitude + 1, shape)
    x = np.clip(drawn, -128, 127).astype(np.int8)
    source = Quantization(10.0**exponent, int(random.integers(-128, 128)))
    scale, shift = random.normal(1.0, 0.5, (2, groups * channels)) * 10.0 ** random.uniform(-3, 3)
    real = (x.astype(np.float64) - source.zero_point) * source.scale
    centred = real - real.mean(axis=(2, 3), keepdims=True)
    variance = (centred * centred).mean(axis=(2, 3), keepdims=True)
    per_channel = (groups, channels, 1)
    exact = centred / np.sqrt(variance + epsilon) * scale.reshape(per_channel)
    exact += shift.reshape(per_channel)
    peak = float(np.abs(exact).max())
    target = Quantization(peak / random.uniform(20, 400), int(random.integers(-128, 128)))
    form = integer_form(
        NormalizationFloat(groups, channels, inner, epsilon), scale, shift, source, target
    )
    if form is None:
        gain = np.abs(scale).max() * 2 ** root_bits(channels * inner) / target.scale
        assert gain > 8191 or np.abs(shift).max() / target.scale > 2000 or exponent < -5
        return
    operation, factor, bias = form
    (found,) = assert_twin(operation, [x, factor, bias])
    steps = np.clip(np.rint(exact / target.scale + target.zero_point), -128, 127)
    assert np.abs(found - steps).max() <= 1


@pytest.mark.parametrize("pattern", ["constant", "one", "halves"])
def test_integer_edges(pattern: str) -> None:
    """The longest row: constant, with one element apart, and with the largest variance."""
    x = np.full((1, 32768), -128, np.int8)
    x[0, 5 if pattern == "one" else slice(0, 0 if pattern == "constant" else 16384)] = 127
    real = NormalizationFloat(1, 32768, 1, 0.0)
    ones = np.ones(32768)
    form = integer_form(real, ones, ones, Quantization(0.1, 3), Quantization(0.1, -5))
    assert form is not None
    (found,) = assert_twin(form[0], [x, *form[1:]])
    centred = x - x.mean()
    exact = np.zeros(x.shape) if pattern == "constant" else centred / x.std()
    assert np.abs(found - np.clip(np.rint((exact + 1) / 0.1) - 5, -128, 127)).max() <= 1


def test_float_edges() -> None:
    """Constant rows, subnormal and huge elements, infinities and NaN."""
    rows = [[0, 0, 0], [5, 5, 5], [1e-45, 0, 0], [3e38, 1, 1], [np.inf, 1, 1], [np.nan, 1, 1]]
    x, ones = np.array(rows, np.float32), np.ones(3, np.float32)
    for epsilon in (0.0, 1e-5):
        assert_twin(NormalizationFloat(1, 3, 1, epsilon), [x, ones, ones])


LAYER: dict[str, tuple[tuple[int, ...], int, tuple[int, ...], tuple[int, ...] | None]] = {
    "last axis": ((2, 3, 32), -1, (32,), (32,)),
    "no bias": ((2, 3, 32), -1, (32,), None),
    "two axes": ((2, 3, 8), 1, (3, 8), (3, 8)),
    "all axes": ((2, 3, 8), 0, (2, 3, 8), (2, 3, 8)),
    "broadcast bias": ((2, 3, 8), -2, (3, 8), (8,)),
    "one element": ((2, 3, 1), -1, (1,), (1,)),
}


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("case", LAYER)
def test_layer(case: str, constant: bool) -> None:
    shape, axis, scale, bias = LAYER[case]
    model = ModelBuilder()
    inputs = {"x": data(shape)}
    operands = [model.input("x", shape)]
    for name, part in (("scale", scale), ("bias", bias)):
        if part is None:
            continue
        values = data(part) + np.float32(1.0)
        if constant or case == "broadcast bias":
            operands.append(model.constant(values))
        else:
            operands.append(model.input(name, part))
            inputs[name] = values
    y = model.node("LayerNormalization", operands, axis=axis, epsilon=1e-4)
    graph = assert_model(model.build([y]), inputs)
    assert [type(node.operation).__name__ for node in graph.nodes] == ["NormalizationFloat"]


@pytest.mark.parametrize("unsigned", [False, True])
def test_quantised_layer(unsigned: bool) -> None:
    model = ModelBuilder()
    shift = 128 if unsigned else 0
    x = model.quantised(model.input("x", (2, 3, 32)), 0.02, -7 + shift, unsigned)
    operands = [x, model.constant(data((32,))), model.constant(data((32,)))]
    y = model.quantised(
        model.node("LayerNormalization", operands, axis=-1), 0.03, 4 + shift, unsigned
    )
    graph = assert_model(model.build([y]), {"x": data((2, 3, 32))}, step=0.03)
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert kernels == ["Quantize", "NormalizationInt8", "Dequantize"]


def test_huge_shifts_are_computed_in_float() -> None:
    one = np.ones(4)
    real = NormalizationFloat(1, 4, 1, 1e-5)
    quantization = Quantization(0.1, 0)
    assert integer_form(real, one, one * 1e4, quantization, quantization) is None


SHAPES = [(2, 6, 5), (1, 6, 5, 4), (2, 6, 2, 3, 2), (1, 6, 1, 2)]


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_instance(shape: tuple[int, ...], quantised: bool) -> None:
    assert_normalised(shape, quantised, "InstanceNormalization", 17, 6)


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", SHAPES)
def test_group(shape: tuple[int, ...], groups: int, quantised: bool) -> None:
    assert_normalised(shape, quantised, "GroupNormalization", 21, 6, num_groups=groups)


def assert_normalised(
    shape: tuple[int, ...],
    quantised: bool,
    operator: str,
    opset: int,
    factors: int,
    **attributes: Any,
) -> None:
    model = ModelBuilder(opset)
    x = model.input("x", shape)
    x = model.quantised(x, 0.02, -7) if quantised else x
    operands = [x, model.constant(data((factors,))), model.constant(data((factors,)))]
    y = model.node(operator, operands, epsilon=1e-3, **attributes)
    y = model.quantised(y, 0.03, 4) if quantised else model.node("Relu", [y])
    # ONNX infers no types behind a GroupNormalization; the importer has to.
    output = helper.make_tensor_value_info(y, TensorProto.FLOAT, list(shape))
    graph = helper.make_graph(model.nodes, "test", model.inputs, [output], model.initializers)
    opsets = [helper.make_opsetid("", opset)]
    proto = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    assert_model(proto, {"x": data(shape)}, step=0.03 if quantised else None)


def test_refusals() -> None:
    model = ModelBuilder(21)
    x = model.input("x", (2, 6, 8))
    scale = model.constant(data((8,)))
    narrow = model.input("narrow", (1,))
    rows = model.constant(data((6, 1)))
    outputs = [
        model.node("LayerNormalization", [x, scale], outputs=2) + "_1",
        model.node("LayerNormalization", [x, narrow]),
        model.node("LayerNormalization", [x, rows]),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    text = str(caught.value)
    assert "(LayerNormalization): its outputs Mean or InvStdDev are used" in text
    assert "its scale 'narrow' is float32[1], computed at run time, and broadcast" in text
    assert "is [6, 1]" in text and "a scale that broadcasts to [8]" in text


def data(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(13).normal(size=shape).astype(np.float32)
