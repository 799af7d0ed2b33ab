"""Chains of reshapes and transposes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.frontend.import_model import import_model
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.operators.movement import Transpose
from compiler.passes import cancel_transposes, merge_movements, remove_dead_nodes
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of


def merge(graph: Graph) -> None:
    merge_movements.run(graph)
    remove_dead_nodes.run(graph)


def chain(shape: Sequence[int], steps: Sequence[tuple[int, ...] | str]) -> Graph:
    """Reshapes to tuples and transposes by strings of axes, between two activations."""
    model = ModelBuilder()
    y = model.node("Sigmoid", [model.input("x", shape)])
    for step in steps:
        if isinstance(step, str):
            y = model.node("Transpose", [y], perm=[int(axis) for axis in step])
        else:
            y = model.node("Reshape", [y, model.constant(np.array(step))])
    return lower(import_model(model.build([model.node("Relu", [y])])), "run")


CASES: dict[str, tuple[Sequence[int], Sequence[tuple[int, ...] | str], str]] = {
    # name: (shape, steps, what stays)
    "reshape of reshape": ((4, 6), [(2, 12), (24,), (3, 8)], "View"),
    "there and back": ((4, 6), [(2, 12), (4, 6)], ""),
    "a transpose undone": ((2, 3, 4, 5), ["0231", "0312"], ""),
    "patches of a vision transformer": ((1, 4, 5, 8), ["0312", (1, 8, 20), "021"], "View"),
    "windows and back": ((4, 6, 3), [(2, 2, 3, 2, 3), "02134", "02134", (4, 6, 3)], ""),
    "halves of an axis": ((8, 3, 5), [(2, 4, 3, 5), "0231", (2, 15, 4), "021"], "View"),
    "heads and back": ((7, 12), [(7, 3, 4), "102", "102", (7, 12)], ""),
    "two become one": ((2, 3, 4), ["120", "210"], "View Transpose View"),
    "an axis across factors": ((2, 3), ["10", (2, 3), "10"], "Transpose View Transpose"),
}


@pytest.mark.parametrize("case", CASES)
def test_chains(case: str) -> None:
    shape, steps, remaining = CASES[case]
    graph = chain(shape, steps)
    before = ["Transpose" if isinstance(step, str) else "View" for step in steps]
    assert operations(graph) == ["Elementary", *before, "ClipFloat"]
    assert_same_bits(merge, graph)
    assert operations(graph) == ["Elementary", *remaining.split(), "ClipFloat"]


def test_before_and_after() -> None:
    graph = chain((1, 4, 5, 8), ["0312", (1, 8, 20), "021"])
    assert outline_of(graph).splitlines() == [
        "sigmoid0 = Elementary(x)",
        "transpose1 = Transpose(sigmoid0)",
        "reshape2 = View(transpose1)",
        "transpose3 = Transpose(reshape2)",
        "relu4 = ClipFloat(transpose3)",
    ]
    assert_same_bits(merge, graph)
    assert outline_of(graph).splitlines() == [
        "sigmoid0 = Elementary(x)",
        "transpose3 = View(sigmoid0)",
        "relu4 = ClipFloat(transpose3)",
    ]


def test_the_patches_of_a_vision_transformer_need_no_transpose() -> None:
    """A convolution's channels-last result, flattened to rows, with an embedding added."""
    random = np.random.default_rng(3)
    model = ModelBuilder()
    x = model.node("Transpose", [model.input("x", (1, 8, 8, 3))], perm=[0, 3, 1, 2])
    kernel = model.constant(random.normal(size=(6, 3, 4, 4)).astype(np.float32))
    y = model.node("Conv", [x, kernel], strides=[4, 4])
    y = model.node("Reshape", [y, model.constant(np.array([1, 6, 4]))])
    y = model.node("Transpose", [y], perm=[0, 2, 1])
    y = model.node("Add", [y, model.constant(random.normal(size=(1, 4, 6)).astype(np.float32))])
    graph = lower(import_model(model.build([y])), "run")

    def run(graph: Graph) -> None:
        merge_movements.run(graph)
        cancel_transposes.run(graph)

    assert_same_bits(run, graph)
    assert operations(graph) == ["ConvFloat", "View", "Arithmetic"]


def test_other_readers_of_a_chain_keep_theirs() -> None:
    model = ModelBuilder()
    middle = model.node("Transpose", [model.input("x", (2, 3, 4))], perm=[1, 2, 0])
    end = model.node("Relu", [model.node("Transpose", [middle], perm=[2, 0, 1])])
    outputs = [model.node("Sigmoid", [middle]), end]
    graph = lower(import_model(model.build(outputs)), "run")
    assert_same_bits(merge, graph)
    assert sorted(operations(graph)) == ["ClipFloat", "Elementary", "Transpose"]


EXTENTS = st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=5).map(tuple)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_random_chains_have_at_most_one_transpose_per_base(data: st.DataObject) -> None:
    shape = data.draw(EXTENTS)
    first = shape
    steps: list[tuple[int, ...] | str] = []
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            order = data.draw(st.permutations(range(len(shape))))
            steps.append("".join(map(str, order)))
            shape = tuple(shape[axis] for axis in order)
        else:
            cut = data.draw(st.integers(0, len(shape)))
            shape = (*shape[:cut], int(np.prod(shape[cut:])))
            steps.append(shape)
    graph = chain(first, steps)
    transposes = count(graph)
    assert_same_bits(merge, graph)
    assert count(graph) <= transposes


@settings(max_examples=40, deadline=None)
@given(networks("transpose", "reshape", "unsqueeze"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(merge_movements.run, network.graph(outputs=2))


def operations(graph: Graph) -> list[str]:
    return [type(node.operation).__name__ for node in graph.nodes]


def count(graph: Graph) -> int:
    return sum(isinstance(node.operation, Transpose) for node in graph.nodes)
