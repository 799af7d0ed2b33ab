"""Chains compute what the interpreter does, and are chosen where they save cycles."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.codegen.sample_networks import NetworkBuilder
from compiler.ir import Box, DataType, Graph, TensorType
from compiler.memory.aliasing import share_memory
from compiler.operators.conv import ConvInt8
from compiler.operators.movement import Transpose
from compiler.operators.pooling import MaxPool
from compiler.operators.window import Window
from compiler.schedule.arrange import arrange
from compiler.schedule.chains import chains_of, reads_what_is_overwritten, rounds_of
from compiler.schedule.choices import ChainChoice, Choices
from compiler.schedule.decisions import Cuts, Decisions
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.program import Program
from compiler.schedule.program_harness import check
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import ACTIONS, SHAPES, Action, image_network
from compiler.schedule.scheduler import schedule
from compiler.schedule.task import ALIGNMENT
from compiler.schedule.tasks import tasks_of
from compiler.target import pack_weights


@settings(max_examples=150, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_random_chains(
    shape: tuple[int, ...], actions: list[Action], packed: bool, state: bool, random: Random
) -> None:
    graph = image_network(shape, actions, state=state)
    if packed:
        pack_weights.run(graph, CLUSTER.cores)
    aliasing = share_memory(graph, ALIGNMENT)
    kernels = [n for n in graph.nodes if n.operation.view_of is None]
    chains = list(chains_of(graph, aliasing, kernels))
    assume(chains)
    nodes = random.choice(chains)
    output = graph.values[nodes[-1].outputs[0]].type
    axis = random.choice(nodes[-1].operation.tile_axes(graph.input_types(nodes[-1])))
    counts = [1] * len(output.shape)
    counts[axis] = random.randint(1, 4)
    cuts = Cuts(tuple(counts))
    rounds = rounds_of(graph, nodes, cuts)
    assume(rounds is not None)
    assert rounds is not None
    assume(not reads_what_is_overwritten(nodes, rounds, aliasing))
    names = tuple(node.name for node in nodes)
    decisions = Decisions(frozenset(), {names[-1]: cuts}, chains=(names,))
    program = arrange("", tasks_of(graph, decisions), CLUSTER, 1 << 20)
    check(graph, program, 1 << 20)
    inner = {node.outputs[0] for node in nodes[:-1]}
    assert not any(t.what in inner for step in program.steps for t in step.transfers)


def copied(program: Program) -> int:
    """Bytes between L1 and other memories."""
    return sum(t.bytes for step in program.steps for t in step.transfers)


def nothing(*_: object) -> list[ChainChoice]:
    """No chains to choose from."""
    return []


def images(*, halo: bool) -> Graph:
    """A convolution of a large image, and what makes it small again."""
    builder = NetworkBuilder("")
    x = builder.input("image", TensorType(DataType.INT8, (1, 32, 32, 8)))
    weights = builder.constant(
        "weights", lambda r: r.integers(-127, 128, (32, 3, 3, 8)).astype(np.int8)
    )
    scale = builder.constant("scale", lambda r: r.integers(20, 100, 32).astype(np.uint32))
    bias = builder.constant("bias", lambda r: r.integers(-9999, 9999, 32).astype(np.int32))
    same = Window((3, 3), (1, 1), (1, 1), (1, 1), (1, 1))
    operation = ConvInt8(same, 1, 3, 17, -128, 127, False, 5)
    x = builder.node("conv", operation, [x, weights, scale, bias])
    halves = Window((2, 2), (2, 2), (1, 1), (0, 0), (0, 0))
    pool = Window((3, 3), (2, 2), (1, 1), (1, 1), (0, 0)) if halo else halves
    builder.output(builder.node("pool", MaxPool(pool), [x], "result"))
    return builder.graph


def elementwise() -> Graph:
    """Two passes over an image: what one makes and the other takes is as large as the image."""
    builder = NetworkBuilder("")
    x = builder.input("image", TensorType(DataType.INT8, (1, 32, 32, 8)))
    builder.output(builder.table("second", builder.table("first", x)))
    return builder.graph


@pytest.mark.parametrize(
    ("graph", "budget", "inner"),
    [
        (images(halo=False), 12_000, {"conv_output"}),
        (images(halo=True), 20_000, {"conv_output"}),
        (elementwise(), 6_000, {"first_output"}),
    ],
    ids=["pool", "halo", "elementwise"],
)
def test_a_chain_is_chosen(
    graph: Graph, budget: int, inner: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit L1 never leaves it, and the program is faster than without chains."""
    pack_weights.run(graph, CLUSTER.cores)
    program = schedule(graph, CLUSTER, budget)
    check(graph, program, budget)
    assert not any(t.what in inner for step in program.steps for t in step.transfers)
    assert inner <= set(graph.values)
    monkeypatch.setattr(Choices, "chains", nothing)
    without = schedule(graph, CLUSTER, budget)
    check(graph, without, budget)
    assert total_cycles(estimate(program, CLUSTER)) < total_cycles(estimate(without, CLUSTER))
    assert copied(program) < copied(without) * 2 // 3
    moved = {t.what for step in without.steps for t in step.transfers if not t.load}
    assert moved & inner


def test_shared_rows_are_moved_and_not_computed_again() -> None:
    graph = images(halo=True)
    nodes = graph.nodes
    rounds = rounds_of(graph, nodes, Cuts((1, 4, 1, 1)))
    assert rounds is not None
    (name,) = nodes[0].outputs
    counts = np.zeros(graph.values[name].type.shape, int)
    for index, (first, last) in enumerate(rounds):
        assert first.piece is not None
        assert last.tile.inputs[0] == first.piece.read
        assert (first.piece.kept is None) == (index == 0)
        counts[first.tile.output.slices] += 1
    assert np.all(counts == 1)
    assert rounds[1][0].piece is not None
    assert rounds[1][0].piece.kept == Box((0, 7, 0, 0), (1, 8, 32, 32))


@pytest.mark.parametrize(("parts", "is_chain"), [(2, True), (3, False), (4, True)])
def test_pieces_begin_at_words(parts: int, *, is_chain: bool) -> None:
    """A transpose may be cut anywhere on what are a convolution's channels."""
    builder = NetworkBuilder("")
    x = builder.input("image", TensorType(DataType.INT8, (1, 4, 4, 4)))
    weights = builder.constant(
        "weights", lambda r: r.integers(-9, 9, (16, 1, 1, 4)).astype(np.int8)
    )
    scale = builder.constant("scale", lambda r: r.integers(20, 100, 16).astype(np.uint32))
    bias = builder.constant("bias", lambda r: r.integers(-9, 9, 16).astype(np.int32))
    window = Window((1, 1), (1, 1), (1, 1), (0, 0), (0, 0))
    conv = ConvInt8(window, 1, 0, 17, -128, 127, False, 0)
    x = builder.node("conv", conv, [x, weights, scale, bias])
    builder.output(builder.node("transpose", Transpose((0, 3, 1, 2)), [x]))
    graph = builder.graph
    pack_weights.run(graph, CLUSTER.cores)
    rounds = rounds_of(graph, graph.nodes, Cuts((1, parts, 1, 1)))
    assert (rounds is not None) == is_chain
