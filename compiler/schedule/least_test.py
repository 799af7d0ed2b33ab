"""Refusals say what would do: with it a network compiles, with a unit less it does not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import Code, CompileError
from compiler.ir import Graph
from compiler.schedule.l2 import check_l2
from compiler.schedule.program import Program
from compiler.schedule.program_harness import check
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import ACTIONS, SHAPES, Action, image_network
from compiler.schedule.schedule import schedule_network
from compiler.schedule.scheduler import Scheduler
from compiler.schedule.table_size import l1_with_tables
from compiler.target import pack_weights
from compiler.target.soc import L1_ALIGNMENT

STACKS = 640


def scheduled(graphs: list[Graph], l1_bytes: int) -> list[Program]:
    return schedule_network(graphs, replace(CLUSTER, l1_bytes=l1_bytes, stack_bytes=STACKS))


def refusal(graphs: list[Graph], l1_bytes: int) -> CompileError:
    with pytest.raises(CompileError) as caught:
        scheduled(graphs, l1_bytes)
    assert {problem.code for problem in caught.value.problems} == {Code.DOES_NOT_FIT}
    return caught.value


def smallest(error: CompileError) -> int:
    """The L1 beside the stacks that a refusal asks for; all its problems ask for the same."""
    (size,) = {
        int(found[1].replace(",", ""))
        for problem in error.problems
        if (found := re.search(r"at least ([0-9,]+) bytes of L1", str(problem)))
    }
    return size - STACKS


@settings(max_examples=25, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.booleans())
def test_the_smallest_l1(
    shape: tuple[int, ...], actions: list[Action], packed: bool, state: bool
) -> None:
    graph = image_network(shape, actions, state=state)
    if packed:
        pack_weights.run(graph, CLUSTER.cores)
    needed = smallest(refusal([graph], 0))
    (program,) = scheduled([graph], needed)
    assert l1_with_tables([program]) <= needed
    check(graph, program, needed)
    assert smallest(refusal([graph], needed - L1_ALIGNMENT)) == needed


def chain() -> Graph:
    return image_network((1, 9, 9, 8), [Action("conv", 1, (3, 1, 7))] * 3, state=False)


def test_nodes_are_named_with_what_they_need() -> None:
    graph = chain()
    needs = {
        choice.node.name: choice.least_bytes for choice in Scheduler(graph, CLUSTER).choices.nodes
    }
    limit = sorted(needs.values())[1]
    error = refusal([graph], limit)
    named = {name: need for name, need in needs.items() if need > limit}
    assert len(error.problems) == len(named) > 0
    for problem, (name, need) in zip(error.problems, named.items(), strict=True):
        assert f"node {name!r}: its smallest tiles take {need:,} bytes of L1" in str(problem)


def test_where_tables_do_not_fit_the_fullest_step_is_named() -> None:
    graph = chain()
    enough = smallest(refusal([graph], 0))
    (problem,) = refusal([graph], enough - L1_ALIGNMENT).problems
    assert re.search(r"node 'conv\d': the smallest tiles there take [0-9,]+ bytes", str(problem))
    assert "the program's tables" in str(problem)
    assert "constants of 'conv" in str(problem)


def test_entry_points_share_l1() -> None:
    graphs = [chain(), image_network((1, 9, 9, 8), [Action("pool", 1, (2, 2, 1))], state=False)]
    graphs[0].name, graphs[1].name = "first", "second"
    needed = smallest(refusal(graphs, 0))
    programs = scheduled(graphs, needed)
    assert l1_with_tables(programs) <= needed
    for graph, program in zip(graphs, programs, strict=True):
        check(graph, program, needed)
    assert smallest(refusal(graphs, needed - L1_ALIGNMENT)) == needed


@pytest.mark.parametrize(
    ("constants", "available", "where", "named"),
    [
        (9000, 8999, "the weights", "node 'conv"),
        (9000, 9049, "the network", "states 50"),
        (9000, 1, "the weights", "node 'conv"),
    ],
)
def test_the_smallest_l2(constants: int, available: int, where: str, named: str) -> None:
    graph = chain()
    programs = scheduled([graph], 1 << 16)
    with pytest.raises(CompileError) as caught:
        check_l2([graph], programs, constants, 50, available)
    (problem,) = caught.value.problems
    assert problem.code is Code.DOES_NOT_FIT
    assert problem.where == where
    assert named in str(problem)
    assert "at least 9,050 bytes of L2" in str(problem)
    check_l2([graph], programs, constants, 50, 9050)


def test_tensors_outside_of_l1_are_named() -> None:
    graph = chain()
    programs = scheduled([graph], smallest(refusal([graph], 0)))
    arena = programs[0].arena_bytes
    assert arena > 0
    check_l2([graph], programs, 100, 0, 100 + arena)
    with pytest.raises(CompileError, match=rf"(?s)tensor '[^']+' .*at least {100 + arena:,} bytes"):
        check_l2([graph], programs, 100, 0, 99 + arena)
