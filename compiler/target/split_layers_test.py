"""Halves of nodes: the same results, wherever they are cut."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from compiler.codegen.interpreter_harness import random_inputs
from compiler.codegen.sample_networks import NetworkBuilder
from compiler.interpreter import interpret
from compiler.ir import DataType, Graph, TensorType
from compiler.operators.softmax import SoftmaxInt8
from compiler.schedule.program_harness import check
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import Action, image_network
from compiler.schedule.scheduler import schedule
from compiler.target.split_layers import cut_axis, halves_of, split


def image(kind: str) -> Graph:
    return image_network((1, 9, 7, 4), [Action(kind, 1, (3, 1, 7))], state=False)


def vector() -> Graph:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.INT8, (1, 24)))
    build.output(build.matmul("product", x, 20))
    return build.graph


@pytest.mark.parametrize("cut", [1, 4, 8])
@pytest.mark.parametrize("kind", ["conv", "depthwise", "pointwise", "vector"])
def test_halves(kind: str, cut: int) -> None:
    graph = vector() if kind == "vector" else image(kind)
    if kind == "vector":
        cut *= 2
    whole = copy.deepcopy(graph)
    first, second = split(graph, graph.nodes[0], cut, "second")
    assert (first.name, second.name) == (whole.nodes[0].name, "second")
    inputs = random_inputs(graph, graph.inputs, cut)
    for name, expected in interpret(whole, inputs).items():
        assert np.array_equal(expected, interpret(graph, inputs)[name])
    for budget in (2000, 1 << 16):
        check(graph, schedule(graph, CLUSTER, budget), budget)


def test_halves_run_in_one_step() -> None:
    graph = vector()
    split(graph, graph.nodes[0], 8, "second")
    program = schedule(graph, CLUSTER, 1 << 16)
    assert [[call.node for call in step.calls] for step in program.steps if step.calls] == [
        ["product", "second"]
    ]


def test_what_is_needed_whole_is_not_cut() -> None:
    build = NetworkBuilder("")
    x = build.input("x", TensorType(DataType.INT8, (1, 64)))
    table = build.constant("t", lambda r: r.integers(1, 1 << 20, 256).astype(np.uint32))
    build.output(build.node("s", SoftmaxInt8(1, (1 << 30) + 12345, 32, -128), [x, table]))
    assert halves_of(build.graph, build.graph.nodes[0], 32) is None
    with pytest.raises(ValueError, match="cannot be cut"):
        split(build.graph, build.graph.nodes[0], 32, "second")


def test_the_axis_in_one_piece() -> None:
    assert cut_axis((1, 5, 7)) == 1
    assert cut_axis((1, 1)) is None
