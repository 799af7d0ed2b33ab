"""What an integer network computes from one byte becomes one table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.passes import tabulate_elementwise
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of

Function = Callable[[ModelBuilder, str], str]


def two_tables(model: ModelBuilder, x: str) -> str:
    return model.node("HardSwish", [model.quantised(model.node("LeakyRelu", [x]), 0.1, 3)])


def swish(model: ModelBuilder, x: str) -> str:
    """As exported: the gate is quantised, the product is an integer multiplication."""
    return model.node("Mul", [x, model.quantised(model.node("Sigmoid", [x]), 1 / 256, -128)])


def float_island(model: ModelBuilder, x: str) -> str:
    y = model.node("Tanh", [model.node("Abs", [x])])
    return model.node("Mul", [model.node("Add", [y, model.constant(np.float32(0.5))]), x])


def recoded(model: ModelBuilder, x: str) -> str:
    return model.quantised(x, 0.05, 131, unsigned=True)


def graph(function: Function) -> Graph:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 200)), 0.05, 3)
    y = model.quantised(function(model, x), 0.04, -7)
    return lower(import_model(model.build([y])), "run")


def test_before_and_after() -> None:
    tabulated = graph(swish)
    assert outline_of(tabulated).splitlines() == [
        "x.1 = Quantize(x)",
        "sigmoid2 = Table(x.1)",
        "mul5 = MultiplyInt8(x.1, sigmoid2)",
        "dequantizelinear7 = Dequantize(mul5)",
    ]
    assert_same_bits(tabulate_elementwise.run, tabulated)
    assert outline_of(tabulated).splitlines() == [
        "x.1 = Quantize(x)",
        "mul5 = Table(x.1)",
        "dequantizelinear7 = Dequantize(mul5)",
    ]
    assert {"node_sigmoid2", "node_mul5"} < set(tabulated.nodes[1].origin)


@pytest.mark.parametrize("function", [two_tables, swish, float_island, recoded])
def test_one_table_is_left(function: Function) -> None:
    tabulated = graph(function)
    assert_same_bits(tabulate_elementwise.run, tabulated)
    assert operations(tabulated) == ["Quantize", "Table", "Dequantize"]


def test_a_table_that_changes_nothing_goes() -> None:
    """Relu of what is never negative."""
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 200)), 0.05, -128)
    y = model.quantised(model.node("Relu", [x]), 0.05, -128)
    y = model.quantised(model.node("Sigmoid", [y]), 1 / 256, -128)
    tabulated = lower(import_model(model.build([y])), "run")
    assert operations(tabulated) == ["Quantize", "Table", "Table", "Dequantize"]
    assert_same_bits(tabulate_elementwise.run, tabulated)
    assert operations(tabulated) == ["Quantize", "Table", "Dequantize"]


def test_an_output_that_changes_nothing_stays() -> None:
    """The caller has asked for a tensor of its own."""
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 20)), 0.05, -128)
    y = model.quantised(model.node("Relu", [x]), 0.05, -128)
    tabulated = lower(import_model(model.build([y])), "run", integer_io=("x", y))
    before = outline_of(tabulated)
    x_stored = {"x": np.arange(-40, 40).astype(np.int8).reshape(4, 20)}
    expected = interpret(tabulated, x_stored)
    tabulate_elementwise.run(tabulated)
    assert outline_of(tabulated) == before == "dequantizelinear4 = Table(x)"
    assert np.array_equal(interpret(tabulated, x_stored)["dequantizelinear4"], expected[y])


def test_a_table_that_others_read_stays() -> None:
    """Two tables of the operand would cost as much as one of it and one of that."""
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 200)), 0.05, 3)
    first = model.quantised(model.node("LeakyRelu", [x]), 0.05, 3)
    second = model.quantised(model.node("Sigmoid", [first]), 1 / 256, -128)
    tabulated = lower(import_model(model.build([first, second])), "run")
    before = outline_of(tabulated)
    assert_same_bits(tabulate_elementwise.run, tabulated)
    assert outline_of(tabulated) == before


def test_a_table_of_a_result_stays() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 20)), 0.05, 3)
    first = model.quantised(model.node("LeakyRelu", [x]), 0.05, 3)
    second = model.quantised(model.node("Sigmoid", [first]), 1 / 256, -128)
    outputs = [first, second]
    tabulated = lower(import_model(model.build(outputs)), "run", integer_io=outputs)
    before = outline_of(tabulated)
    assert_same_bits(tabulate_elementwise.run, tabulated)
    assert outline_of(tabulated) == before


def test_two_operands_are_no_table() -> None:
    model = ModelBuilder()
    x, y = (model.quantised(model.input(name, (4, 20)), 0.05, 3) for name in "xy")
    z = model.quantised(model.node("Mul", [x, model.node("Sigmoid", [y])]), 0.04, 0)
    tabulated = lower(import_model(model.build([z])), "run")
    before = operations(tabulated)
    assert_same_bits(tabulate_elementwise.run, tabulated)
    assert operations(tabulated) == before


def test_a_result_of_another_shape_is_no_table() -> None:
    """A scalar with more axes than the tensor gives the result these axes."""
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 20)), 0.05, 3)
    y = model.node("Max", [x, model.constant(np.zeros((1, 1, 1), np.float32))])
    y = model.quantised(model.node("Add", [y, y]), 0.05, 0)
    tabulated = lower(import_model(model.build([y])), "run")
    assert_same_bits(tabulate_elementwise.run, tabulated)
    shapes = [tabulated.values[node.outputs[0]].type.shape for node in tabulated.nodes]
    assert shapes[0] == (4, 20) and shapes[-1] == (1, 4, 20)


@settings(max_examples=40, deadline=None)
@given(networks("quantised", "unary", "binary"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(tabulate_elementwise.run, network.graph(outputs=2))


def operations(graph: Graph) -> list[str]:
    return [type(node.operation).__name__ for node in graph.nodes]
