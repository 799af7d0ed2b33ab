"""Nodes that nothing depends on."""

from __future__ import annotations

from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.passes import remove_dead_nodes
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of


def test_before_and_after() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 8)), 0.05, 3)
    y = model.quantised(model.node("Relu", [x]), 0.05, 3)
    unread = model.quantised(model.node("Sigmoid", [y]), 0.01, 0)
    model.node("Tanh", [unread])
    graph = lower(import_model(model.build([y])), "run")
    assert outline_of(graph).splitlines() == [
        "x.1 = Quantize(x)",
        "relu2 = Table(x.1)",
        "sigmoid5 = Table(relu2)",
        "dequantizelinear7 = Dequantize(sigmoid5)",
        "tanh8 = Elementary(dequantizelinear7)",
        "dequantizelinear4 = Dequantize(relu2)",
    ]
    assert "node_sigmoid5/table" in graph.values
    assert_same_bits(remove_dead_nodes.run, graph)
    assert outline_of(graph).splitlines() == [
        "x.1 = Quantize(x)",
        "relu2 = Table(x.1)",
        "dequantizelinear4 = Dequantize(relu2)",
    ]
    assert "node_sigmoid5/table" not in graph.values


def test_interface_tensors_stay_even_if_unused() -> None:
    model = ModelBuilder()
    model.node("Relu", [model.input("unused", (3,))])
    y = model.node("Sigmoid", [model.input("x", (4,))])
    graph = lower(import_model(model.build([y])), "run")
    assert_same_bits(remove_dead_nodes.run, graph)
    assert graph.inputs == ["unused", "x"] and outline_of(graph) == "sigmoid1 = Elementary(x)"


@settings(max_examples=40, deadline=None)
@given(networks("unary", "binary"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(remove_dead_nodes.run, network.graph(outputs=1))
