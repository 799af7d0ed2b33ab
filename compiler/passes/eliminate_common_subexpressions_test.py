"""What is computed twice is computed once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.ir import DataType, Graph, Node, TensorType, Value
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.operators.table import Table
from compiler.passes import eliminate_common_subexpressions, remove_dead_nodes
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of

TABLE = np.arange(-128, 128).astype(np.int8)[::-1].copy()


def test_before_and_after() -> None:
    """Two equal branches with weights of their own that are equal, too."""
    model = ModelBuilder()
    x = model.input("x", (4, 8))
    branches: list[str] = []
    for _ in range(2):
        weights = model.constant(np.eye(8, 3, dtype=np.float32))
        branches.append(model.node("Sigmoid", [model.node("MatMul", [x, weights])]))
    y = model.node("Mul", branches)
    graph = lower(import_model(model.build([y])), "run")
    assert outline_of(graph).splitlines() == [
        "matmul0 = MatMulFloat(x)",
        "sigmoid1 = Elementary(matmul0)",
        "matmul2 = MatMulFloat(x)",
        "sigmoid3 = Elementary(matmul2)",
        "mul4 = Arithmetic(sigmoid1, sigmoid3)",
    ]
    assert len(list(graph.constants())) == 2
    assert_same_bits(eliminate_common_subexpressions.run, graph)
    assert outline_of(graph).splitlines() == [
        "matmul0 = MatMulFloat(x)",
        "sigmoid1 = Elementary(matmul0)",
        "mul4 = Arithmetic(sigmoid1, sigmoid1)",
    ]
    assert len(list(graph.constants())) == 1
    assert graph.nodes[0].origin == ("node_matmul0", "node_matmul2")


def test_outputs_stay() -> None:
    """Each has memory of its own, even if their contents are equal."""
    model = ModelBuilder()
    x = model.node("Tanh", [model.input("x", (4, 8))])
    outputs = [model.node("Relu", [x]), model.node("Relu", [x])]
    graph = lower(import_model(model.build(outputs)), "run")
    before = outline_of(graph)
    assert_same_bits(eliminate_common_subexpressions.run, graph)
    assert outline_of(graph) == before


def test_constants_of_another_type_or_shape_stay_apart() -> None:
    graph = Graph("run")
    graph.add_value(Value("x", TensorType(DataType.INT8, (4,))))
    graph.inputs = ["x"]
    for name, data in (("a", TABLE), ("b", TABLE.copy()), ("c", TABLE.reshape(16, 16))):
        graph.add_constant(f"{name}_table", data)
    graph.add_constant("d_table", TABLE.view(np.uint8))
    graph.append(Node("a", Table(), ("x", "a_table"), ("y",)))
    graph.append(Node("b", Table(), ("y", "b_table"), ("z",)))
    graph.outputs = ["z"]
    eliminate_common_subexpressions.run(graph)
    assert [value.name for value in graph.constants()] == ["a_table", "c_table", "d_table"]
    remove_dead_nodes.run(graph)
    assert [value.name for value in graph.constants()] == ["a_table"]


@settings(max_examples=40, deadline=None)
@given(networks("again", "unary"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(eliminate_common_subexpressions.run, network.graph(outputs=2))
