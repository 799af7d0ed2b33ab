"""Transposes cancel inside of CNNs, and results stay the same to the last bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.movement import Transpose
from compiler.passes import cancel_transposes
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of

Layer = Callable[[ModelBuilder, str], str]
RANDOM = np.random.default_rng(5)


def floats(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


def conv(model: ModelBuilder, x: str, inputs: int = 4, outputs: int = 4, size: int = 3) -> str:
    weights = model.constant(floats(outputs, inputs, size, size))
    return model.node("Conv", [x, weights], pads=[size // 2] * 4)


def quantised_conv(model: ModelBuilder, x: str) -> str:
    weights = model.quantised_constant(
        RANDOM.integers(-127, 128, (4, 4, 3, 3)).astype(np.int8), RANDOM.uniform(0.005, 0.01, 4)
    )
    return model.quantised(model.node("Conv", [x, weights], pads=[1] * 4), 0.1, 3)


def residual(model: ModelBuilder, x: str) -> str:
    """The skip connection starts at the network's input."""
    return model.node("Relu", [model.node("Add", [x, conv(model, conv(model, x))])])


def bias_and_scale(model: ModelBuilder, x: str) -> str:
    y = model.node("Mul", [conv(model, x), model.constant(floats(4, 1, 1))])
    y = model.node("LeakyRelu", [model.node("Sub", [model.constant(floats(1)), y])])
    return conv(model, y)


def squeeze_and_excite(model: ModelBuilder, x: str) -> str:
    y = conv(model, x)
    gate = conv(model, model.node("GlobalAveragePool", [y]), size=1)
    return conv(model, model.node("Mul", [y, model.node("Relu", [gate])]))


def gate_from_rows(model: ModelBuilder, x: str) -> str:
    y = conv(model, x)
    rows = model.node("Flatten", [model.node("GlobalAveragePool", [y])])
    rows = model.node("Gemm", [rows, model.constant(floats(4, 4))])
    gate = model.node("Reshape", [rows, model.constant(np.array([2, 4, 1, 1]))])
    return conv(model, model.node("Mul", [gate, y]))


def branches(model: ModelBuilder, x: str) -> str:
    x = conv(model, x)
    pool = model.node("MaxPool", [x], kernel_shape=[3, 3], pads=[1] * 4)
    pads = model.constant(np.array([0, 0, 0, 1, 0, 0, 1, 0]))
    y = model.node("Concat", [conv(model, x), pool, x], axis=1)
    y = model.node("Pad", [y, pads, model.constant(np.array(0.5, np.float32))])
    starts, ends = model.constant(np.array([1, 2])), model.constant(np.array([100, -1]))
    y = model.node("Slice", [y, starts, ends, model.constant(np.array([3, 1]))])
    return conv(model, y, inputs=9)


def quantised(model: ModelBuilder, x: str) -> str:
    x = model.quantised(x, 0.02, 5)
    y = quantised_conv(model, x)
    y = model.quantised(model.node("Add", [x, quantised_conv(model, y)]), 0.12, -4)
    return quantised_conv(model, model.quantised(model.node("LeakyRelu", [y]), 0.1, 0))


def float_island(model: ModelBuilder, x: str) -> str:
    y = quantised_conv(model, model.quantised(x, 0.02, 5))
    y = model.node("LeakyRelu", [model.node("LeakyRelu", [y])])
    return quantised_conv(model, model.quantised(y, 0.1, 0))


CASES: dict[str, tuple[Layer, int]] = {
    # name: (layers, real transposes that remain)
    "residual": (residual, 2),
    "bias and scale": (bias_and_scale, 2),
    "squeeze and excite": (squeeze_and_excite, 2),
    "gate from rows": (gate_from_rows, 2),
    "branches": (branches, 2),
    "quantised": (quantised, 2),
    "float island": (float_island, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_one_transpose_is_left_at_each_end(case: str) -> None:
    layers, remaining = CASES[case]
    model = ModelBuilder()
    y = layers(model, model.input("x", (2, 4, 6, 5)))
    x = {"x": floats(2, 4, 6, 5)}
    graph = assert_model(
        model.build([y]), x, step=0.1 if "DequantizeLinear" in ops(model) else None
    )
    expected = interpret(graph, x)
    cancel_transposes.run(graph)
    found = interpret(graph, x)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        assert np.array_equal(values, found[name])
    assert count(graph) == remaining


def test_pooled_networks_end_without_transpose() -> None:
    model = ModelBuilder()
    y = conv(model, model.input("x", (2, 4, 6, 5)))
    y = model.node("Flatten", [model.node("GlobalAveragePool", [y])])
    y = model.node("Gemm", [y, model.constant(floats(4, 3))])
    x = {"x": floats(2, 4, 6, 5)}
    graph = assert_model(model.build([y]), x)
    cancel_transposes.run(graph)
    assert [type(node.operation).__name__ for node in graph.nodes] == [
        "Transpose",
        "ConvFloat",
        "AveragePoolFloat",
        "View",
        "MatMulFloat",
    ]


def test_transposes_of_int8_rather_than_float() -> None:
    """The last transpose stands before the DequantizeLinear, the first behind QuantizeLinear."""
    model = ModelBuilder()
    y = quantised_conv(model, model.quantised(model.input("x", (2, 4, 6, 5)), 0.02, 5))
    graph = assert_model(model.build([y]), {"x": floats(2, 4, 6, 5)}, step=0.1)
    cancel_transposes.run(graph)
    assert cancel_transposes.transposed_bytes(graph) == 2 * 2 * 4 * 6 * 5
    assert [type(node.operation).__name__ for node in graph.nodes] == [
        "Quantize",
        "Transpose",
        "ConvInt8",
        "Transpose",
        "Dequantize",
    ]


def test_transposes_of_the_model_itself() -> None:
    """A model that is channels-last at its ends has no transpose left."""
    model = ModelBuilder()
    x = model.node("Transpose", [model.input("x", (2, 6, 5, 4))], perm=[0, 3, 1, 2])
    y = model.node("Transpose", [conv(model, x)], perm=[0, 2, 3, 1])
    inputs = {"x": floats(2, 6, 5, 4)}
    graph = assert_model(model.build([y]), inputs)
    expected = interpret(graph, inputs)
    cancel_transposes.run(graph)
    assert count(graph) == 0
    for name, values in interpret(graph, inputs).items():
        assert np.array_equal(values, expected[name])


def test_a_graph_without_gain_stays_as_it_is() -> None:
    """Adding a large tensor to a small transposed one must not transpose the large one."""
    model = ModelBuilder()
    small = model.node("Transpose", [model.input("x", (4, 3))], perm=[1, 0])
    wide = model.node("Add", [small, model.constant(floats(7, 3, 4))])
    inputs = {"x": floats(4, 3)}
    graph = assert_model(model.build([wide]), inputs)
    cancel_transposes.run(graph)
    assert cancel_transposes.transposed_bytes(graph) == 3 * 4 * 4
    assert list(interpret(graph, inputs)) == graph.outputs


def test_before_and_after() -> None:
    model = ModelBuilder()
    y = conv(model, model.node("Sigmoid", [conv(model, model.input("x", (2, 4, 6, 5)))]))
    graph = lower(import_model(model.build([y])), "run")
    assert outline_of(graph).splitlines() == [
        "node_conv0/channels_last = Transpose(x)",
        "conv0/kernel_layout = ConvFloat(node_conv0/channels_last)",
        "conv0 = Transpose(conv0/kernel_layout)",
        "sigmoid1 = Elementary(conv0)",
        "node_conv2/channels_last = Transpose(sigmoid1)",
        "conv2/kernel_layout = ConvFloat(node_conv2/channels_last)",
        "conv2 = Transpose(conv2/kernel_layout)",
    ]
    assert_same_bits(cancel_transposes.run, graph)
    assert outline_of(graph).splitlines() == [
        "node_conv0/channels_last = Transpose(x)",
        "conv0/kernel_layout = ConvFloat(node_conv0/channels_last)",
        "sigmoid1/kernel_layout = Elementary(conv0/kernel_layout)",
        "conv2/kernel_layout = ConvFloat(sigmoid1/kernel_layout)",
        "conv2 = Transpose(conv2/kernel_layout)",
    ]


@settings(max_examples=40, deadline=None)
@given(networks("conv", "pool", "transpose"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(cancel_transposes.run, network.graph(outputs=2))


def ops(model: ModelBuilder) -> set[str]:
    return {node.op_type for node in model.nodes}


def count(graph: Graph) -> int:
    return sum(isinstance(node.operation, Transpose) for node in graph.nodes)
