"""Parts of values: what they are, and where they lie."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.codegen.sample_networks import NetworkBuilder
from compiler.interpreter import interpret
from compiler.ir import DataType, Graph, Node, TensorType
from compiler.memory.aliasing import share_memory
from compiler.operators.binary import AddInt8
from compiler.operators.part import Joined, Part
from compiler.operators.view import View

IN_PLACE = AddInt8((0,), 91, 57, 1 << 6, 7, -128, 127)


def halves() -> Graph:
    """int8 [4, 6]: row 0 and rows 1 to 3 through tables of their own, and put together."""
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.INT8, (4, 6)))
    top = build.table("top", build.node("x/0:1", Part(0, (1, 6)), [x]))
    rest = build.table("rest", build.node("x/1:4", Part(6, (3, 6)), [x]))
    joined = build.node("joined", Joined((4, 6)), [top, rest])
    build.output(build.table("last", build.node("flat", View((24,)), [joined])))
    return build.graph


def test_results() -> None:
    graph = halves()
    x = np.arange(24, dtype=np.int8).reshape(4, 6)
    tables = {
        name: graph.values[next(n for n in graph.nodes if n.name == name).inputs[1] or ""].constant
        for name in ("top", "rest", "last")
    }
    expected = np.concatenate([_apply(tables["top"], x[:1]), _apply(tables["rest"], x[1:])])
    (found,) = interpret(graph, {"x": x}).values()
    assert np.array_equal(found, _apply(tables["last"], expected).reshape(-1))


def _apply(table: np.ndarray | None, x: np.ndarray) -> np.ndarray:
    assert table is not None
    return table[x.astype(np.int16) + 128]


def test_halves_are_where_the_whole_is() -> None:
    aliasing = share_memory(halves(), 8)
    assert aliasing.block_of["top_output"] is aliasing.block_of["rest_output"]
    assert aliasing.block_of["flat_output"] is aliasing.block_of["top_output"]
    assert aliasing.block_of["joined_output"].bytes == 24
    assert aliasing.block_of["x/1:4_output"] is aliasing.block_of["x"]
    assert aliasing.begin_of == {"rest_output": 6, "x/1:4_output": 6}


def test_a_part_is_not_overwritten() -> None:
    build = NetworkBuilder("")
    x = build.table("x", build.input("input", TensorType(DataType.INT8, (4, 6))))
    part = build.node("part", Part(6, (3, 6)), [x])
    total = build.node("sum", IN_PLACE, [part, part])
    build.output(build.table("last", total))
    aliasing = share_memory(build.graph, 8)
    assert aliasing.block_of["sum_output"] is not aliasing.block_of["x_output"]


@pytest.mark.parametrize("first", [-1, 7])
def test_a_part_is_inside(first: int) -> None:
    with pytest.raises(AssertionError):
        Part(first, (3, 6)).infer([TensorType(DataType.INT8, (4, 6))])


def test_views_and_inputs_cannot_be_joined() -> None:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.INT8, (4, 6)))
    y = build.table("y", x)
    build.output(build.node("joined", Joined((8, 6)), [x, y]))
    with pytest.raises(ValueError, match="cannot have 'x' as a part"):
        share_memory(build.graph, 8)


def test_a_result_is_whole() -> None:
    build = NetworkBuilder("")
    y = build.table("y", build.input("x", TensorType(DataType.INT8, (4, 6))))
    build.output(build.node("part", Part(6, (3, 6)), [y]))
    with pytest.raises(ValueError, match="is part of another value"):
        share_memory(build.graph, 8)


def test_a_value_is_joined_once() -> None:
    build = NetworkBuilder("")
    y = build.table("y", build.input("x", TensorType(DataType.INT8, (4, 6))))
    build.graph.append(Node("twice", Joined((8, 6)), (y, y), ("twice",)))
    build.output("twice")
    with pytest.raises(ValueError, match="cannot have 'y_output' as a part"):
        share_memory(build.graph, 8)
