"""BatchNormalization behind Conv and Gemm disappears, and the results stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.fold_batch_normalization import fold_batch_normalizations
from compiler.lowering.lower import lower
from compiler.operators.batch_normalization import channel_constants
from compiler.operators.model_harness import ModelBuilder, assert_model

SHAPE = (2, 4, 6, 5)


def normalise(model: ModelBuilder, x: str, channels: int, *, negative: bool = True) -> str:
    random = np.random.default_rng(5)
    gamma, beta, mean = random.normal(size=(3, channels))
    if not negative:
        gamma = np.abs(gamma)
    variance = random.uniform(0.1, 2.0, channels)
    constants = [model.constant(a.astype(np.float32)) for a in (gamma, beta, mean, variance)]
    return model.node("BatchNormalization", [x, *constants])


def weights(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


def operators(model: ModelBuilder, outputs: list[str]) -> list[str]:
    folded = fold_batch_normalizations(import_model(model.build(outputs)))
    return [node.operator for node in folded.nodes]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("group", [1, 2, 4])
def test_conv(bias: bool, group: int) -> None:
    model = ModelBuilder()
    operands = [model.input("x", SHAPE), model.constant(weights((8, 4 // group, 3, 3)))]
    if bias:
        operands.append(model.constant(weights((8,))))
    y = model.node("Conv", operands, group=group)
    y = model.node("Relu", [normalise(model, y, 8)])
    assert operators(model, [y]) == ["Conv", "Relu"]
    graph = assert_model(model.build([y]), {"x": data(SHAPE)})
    origins = [node.origin for node in graph.nodes if "Conv" in type(node.operation).__name__]
    assert origins == [("node_conv0", "node_batchnormalization1", "node_relu2")]


@pytest.mark.parametrize("bias", [None, (7,), (1, 7), (1,), (3, 7)])
@pytest.mark.parametrize("attributes", [{}, {"transB": 1}, {"alpha": 0.5, "beta": 2.0}])
def test_gemm(bias: tuple[int, ...] | None, attributes: dict[str, Any]) -> None:
    model = ModelBuilder()
    transposed = "transB" in attributes
    operands = [model.input("x", (3, 5)), model.constant(weights((7, 5) if transposed else (5, 7)))]
    if bias is not None:
        operands.append(model.constant(weights(bias)))
    y = normalise(model, model.node("Gemm", operands, **attributes), 7)
    if bias == (3, 7):  # differs from row to row
        assert operators(model, [y]) == ["Gemm", "BatchNormalization"]
        return
    assert operators(model, [y]) == ["Gemm"]
    assert_model(model.build([y]), {"x": data((3, 5))})


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("negative", [False, True])
def test_quantised_conv(per_channel: bool, negative: bool) -> None:
    random = np.random.default_rng(9)
    model = ModelBuilder()
    x = model.quantised(model.input("x", SHAPE), 0.02, -7)
    stored = random.integers(-127, 128, (8, 4, 3, 3)).astype(np.int8)
    scale = random.uniform(0.005, 0.02, 8) if per_channel else np.array(0.01)
    bias = model.quantised_constant(
        random.integers(-999, 999, 8).astype(np.int32), np.array(0.0002), np.array(0, np.int32)
    )
    y = model.node("Conv", [x, model.quantised_constant(stored, scale), bias])
    y = model.quantised(normalise(model, y, 8, negative=negative), 0.3, 5)
    graph = assert_model(model.build([y]), {"x": data(SHAPE)}, step=0.3)
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert "ConvInt8" in kernels and "ScaleChannelsInt8" not in kernels


def test_weights_that_cannot_change_their_sign_stay() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", SHAPE), 0.02, -7)
    stored = np.full((8, 4, 3, 3), -128, np.int8)
    y = model.node("Conv", [x, model.quantised_constant(stored, np.array(0.01))])
    y = model.quantised(normalise(model, y, 8), 0.3, 5)
    assert "BatchNormalization" in operators(model, [y])
    assert_model(model.build([y]), {"x": data(SHAPE)}, step=0.3)


def test_a_second_reader_keeps_the_convolution() -> None:
    model = ModelBuilder()
    y = model.node("Conv", [model.input("x", SHAPE), model.constant(weights((8, 4, 3, 3)))])
    z = normalise(model, y, 8)
    assert operators(model, [y, z]) == ["Conv", "BatchNormalization"]
    assert_model(model.build([y, z]), {"x": data(SHAPE)})


def test_shared_weights_and_chains() -> None:
    """Two convolutions share weights, and two normalisations follow each other."""
    model = ModelBuilder()
    x, shared = model.input("x", SHAPE), model.constant(weights((4, 4, 1, 1)))
    y = normalise(model, model.node("Conv", [x, shared]), 4)
    y = normalise(model, y, 4)
    z = model.node("Conv", [y, shared])
    assert operators(model, [z]) == ["Conv", "Conv"]
    assert_model(model.build([z]), {"x": data(SHAPE)})


def data(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(13).normal(size=shape).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 6), st.integers(1, 5), st.sampled_from([1, 3]))
def test_rounding_of_random_normalisations(seed: int, inputs: int, outputs: int, size: int) -> None:
    """With n products per sum, the folded and the normalised result are each within n + 4
    roundings of the exact one: weights, products, sums, bias, scale and shift. So they differ by at
    most 2 (n + 4) u (|scale| (|x| * |w| + |b|) + |shift|), u = 2^-24."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, inputs, 4, 3)).astype(np.float32)
    kernel = random.normal(size=(outputs, inputs, size, size)).astype(np.float32)
    bias, gamma, beta, mean = random.normal(size=(4, outputs)).astype(np.float32)
    variance = random.uniform(0.01, 2.0, outputs).astype(np.float32)

    def network(kernel: Array, bias: Array, *, apart: bool) -> tuple[ModelBuilder, list[str]]:
        model = ModelBuilder()
        operands = [model.input("x", x.shape), model.constant(kernel), model.constant(bias)]
        y = model.node("Conv", operands, pads=[size // 2] * 4)
        parameters = [model.constant(a) for a in (gamma, beta, mean, variance)]
        z = model.node("BatchNormalization", [y, *parameters])
        return model, [z, y] if apart else [z]

    def run(data: Array, model: ModelBuilder, outputs: list[str]) -> list[Array]:
        graph = lower(import_model(model.build(outputs)), "run")
        results = interpret(graph, {"x": data})
        return [results[name] for name in graph.outputs]

    assert operators(*network(kernel, bias, apart=False)) == ["Conv"]
    (folded,) = run(x, *network(kernel, bias, apart=False))
    normalised, _ = run(x, *network(kernel, bias, apart=True))
    _, terms = run(np.abs(x), *network(np.abs(kernel), np.abs(bias), apart=True))
    scale, shift = channel_constants(gamma, beta, mean, variance, 1e-5)
    channels = (1, -1, 1, 1)
    largest = np.abs(scale).reshape(channels) * terms * 1.01 + np.abs(shift).reshape(channels)
    bound = 2 * (inputs * size * size + 4) * 2.0**-24 * largest
    assert np.all(np.abs(folded.astype(np.float64) - normalised) <= bound)
