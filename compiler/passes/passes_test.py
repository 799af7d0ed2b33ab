"""Dead nodes and common subexpressions."""

from __future__ import annotations

import numpy as np

from compiler.interpreter import interpret
from compiler.ir import DataType, Graph, Node, TensorType, Value
from compiler.operators.table import Table
from compiler.passes import eliminate_common_subexpressions, remove_dead_nodes

TABLE = np.arange(-128, 128).astype(np.int8)[::-1].copy()


def graph() -> Graph:
    """Two equal chains with equal tables of different names, and one dead node."""
    result = Graph("run")
    result.add_value(Value("x", TensorType(DataType.INT8, (4,))))
    result.inputs = ["x"]
    for name in ("a", "b", "dead"):
        result.add_constant(f"{name}_table", TABLE)
        result.append(Node(f"{name}_node", Table(), ("x", f"{name}_table"), (name,), (name,)))
    for name in ("a", "b"):
        result.append(
            Node(f"{name}_out", Table(), (name, f"{name}_table"), (f"{name}_y",), (name,))
        )
    result.outputs = ["a_y", "b_y"]
    return result


def test_dead_nodes_and_their_constants_go() -> None:
    optimised = graph()
    remove_dead_nodes.run(optimised)
    assert [node.name for node in optimised.nodes] == ["a_node", "b_node", "a_out", "b_out"]
    assert "dead_table" not in optimised.values


def test_equal_nodes_merge_but_outputs_stay() -> None:
    optimised = graph()
    eliminate_common_subexpressions.run(optimised)
    remove_dead_nodes.run(optimised)
    assert [node.name for node in optimised.nodes] == ["a_node", "a_out", "b_out"]
    assert set(optimised.nodes[0].origin) == {
        "a",
        "b",
        "dead",
    }
    x = np.array([-128, -1, 0, 127], np.int8)
    assert interpret(graph(), {"x": x}).keys() == interpret(optimised, {"x": x}).keys()
    for name, values in interpret(graph(), {"x": x}).items():
        assert np.array_equal(values, interpret(optimised, {"x": x})[name])
