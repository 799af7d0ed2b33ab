"""Graphs in blocks of rows: the same results, in programs that fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compiler.codegen.interpreter_harness import random_inputs
from compiler.interpreter import interpret
from compiler.schedule.program_harness import check
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import Action, image_network
from compiler.schedule.scheduler import schedule
from compiler.target.row_blocks import in_row_blocks


def network(*kinds: str) -> list[Action]:
    return [Action(kind, 1, (3, 1, 7)) for kind in kinds]


@pytest.mark.parametrize(
    "kinds",
    [
        ("pointwise", "table", "pointwise"),
        ("conv", "depthwise", "add"),
        ("pointwise", "view", "table", "conv"),
    ],
)
def test_blocks_give_the_same_results(kinds: tuple[str, ...]) -> None:
    graph = image_network((1, 32, 16, 8), network(*kinds), state=False)
    before = [node.name for node in graph.nodes]
    blocks = in_row_blocks(graph, CLUSTER, frozenset())
    assert blocks is not None
    assert [node.name for node in graph.nodes] == before
    names = [node.name for node in blocks.nodes]
    assert len(set(names)) == len(names) and f"{before[0]}/rows" in names
    inputs = random_inputs(graph, graph.inputs, 1)
    for name, expected in interpret(graph, inputs).items():
        assert np.array_equal(interpret(blocks, inputs)[name], expected)
    for budget in (8000, 1 << 16):
        check(blocks, schedule(blocks, CLUSTER, budget), budget)


def test_a_block_reads_what_a_block_made() -> None:
    graph = image_network((1, 32, 16, 8), network("pointwise", "table"), state=False)
    blocks = in_row_blocks(graph, CLUSTER, frozenset())
    assert blocks is not None
    makers = blocks.producers()
    second = next(node for node in blocks.nodes if node.name == "table1/rows")
    assert second.inputs[0] is not None
    assert makers[second.inputs[0]].name == "pointwise0/rows"


def test_what_is_needed_whole_stays_whole() -> None:
    graph = image_network((1, 32, 16, 8), network("pointwise", "table"), state=False)
    made = {name for node in graph.nodes for name in node.outputs}
    assert in_row_blocks(graph, CLUSTER, made) is None
    small = image_network((1, 4, 4, 8), network("pointwise", "table"), state=False)
    assert in_row_blocks(replace(small), CLUSTER, frozenset()) is None
