"""Searches prove what they say, no program is below its bound, and equal layers are solved once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations, product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.ir import Graph, Node
from compiler.memory.aliasing import Aliasing, share_memory
from compiler.schedule.arrange import DoesNotFitL1
from compiler.schedule.candidates import (
    Candidate,
    candidates_of,
    chain_candidates,
    copy_cycles,
)
from compiler.schedule.choices import Choices
from compiler.schedule.constraint_model import NO_LIMIT, ConstraintModel, Reserved
from compiler.schedule.decisions import Decisions
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.least_cycles import least_cycles
from compiler.schedule.optimality import CYCLE_COST, LIMIT, OPTIMAL, RESERVED, LeastCycles, Search
from compiler.schedule.plan_file import plans_from_json, plans_to_json
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import ACTIONS, SHAPES, Action, image_network
from compiler.schedule.scheduler import schedule
from compiler.schedule.sub_problems import sub_problem
from compiler.schedule.task import ALIGNMENT, aligned
from compiler.target import pack_weights
from compiler.target.soc import Cluster

MOST_CANDIDATES = 3
MOST_BLOCKS = 5


def few_candidates(
    graph: Graph, node: Node, aliasing: Aliasing, cluster: Cluster
) -> list[Candidate]:
    """The one in one piece, and the ones that need the least of L1."""
    first, *others = candidates_of(graph, node, aliasing, cluster)
    others.sort(key=lambda candidate: candidate.least_bytes)
    return [first, *others[: MOST_CANDIDATES - 1]]


def objective(choices: Choices, resident: set[str], chosen: Mapping[str, Candidate]) -> int:
    """Of decisions, by their definition."""
    total = 0
    for choice in choices.nodes:
        candidate = chosen[choice.node.name]
        copies = copy_cycles(candidate.constant_traffic, candidate.steps, CLUSTER)
        for name, stream in candidate.operands.items():
            if name not in resident:
                copies += copy_cycles(stream.traffic, stream.transfers, CLUSTER)
                total += stream.traffic
        total += CYCLE_COST * max(candidate.compute, copies) + candidate.steps
    return total


def fits(
    choices: Choices, resident: set[str], chosen: Mapping[str, Candidate], budget: int
) -> bool:
    for choice in choices.nodes:
        candidate = chosen[choice.node.name]
        used = candidate.fixed_bytes + sum(
            aligned(block.bytes)
            for block in choices.live_blocks(choice.step)
            if block.name in resident
        )
        for name, stream in candidate.operands.items():
            if name not in resident:
                used += stream.tile_bytes
            elif not stream.contiguous:
                return False
        if used > budget:
            return False
    return True


def feasible(choices: Choices, budget: int) -> Iterator[int]:
    """The objective of everything that satisfies the constraints."""
    names = [block.name for block in choices.blocks if aligned(block.bytes) <= budget]
    subsets = chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))
    residents = [set(subset) for subset in subsets]
    for picked in product(*(choice.candidates for choice in choices.nodes)):
        chosen = {
            choice.node.name: candidate
            for choice, candidate in zip(choices.nodes, picked, strict=True)
        }
        for resident in residents:
            if fits(choices, resident, chosen, budget):
                yield objective(choices, resident, chosen)


@settings(max_examples=40, deadline=None)
@given(
    SHAPES,
    st.lists(ACTIONS.filter(bool).map(lambda some: some[0]), min_size=1, max_size=4),
    st.sampled_from((300, 500, 800, 1500, 4000)),
)
def test_the_optimum_is_that_of_all_decisions(
    shape: tuple[int, ...], actions: list[Action], budget: int
) -> None:
    graph = image_network(shape, actions, state=False)
    choices = Choices(graph, share_memory(graph, ALIGNMENT), CLUSTER, few_candidates)
    assume(len(choices.blocks) <= MOST_BLOCKS and len(choices.nodes) <= MOST_BLOCKS)
    everything = list(feasible(choices, budget))
    solved = ConstraintModel(choices, budget, NO_LIMIT).solve()
    assert (solved is None) == (not everything)
    if solved is not None:
        decisions, search = solved
        assert search.status == OPTIMAL
        assert search.bound == search.objective == min(everything)
        chosen = {
            choice.node.name: next(
                candidate
                for candidate in choice.candidates
                if candidate.cuts == decisions.cuts.get(choice.node.name)
                and candidate.direct == (choice.node.name in decisions.direct)
            )
            for choice in choices.nodes
        }
        assert objective(choices, set(decisions.resident), chosen) == search.objective


@settings(max_examples=40, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.sampled_from((300, 700, 2000, 1 << 16)))
def test_no_program_is_below_the_bound(
    shape: tuple[int, ...], actions: list[Action], state: bool, budget: int
) -> None:
    graph = image_network(shape, actions, state=state)
    pack_weights.run(graph, CLUSTER.cores)
    try:
        program = schedule(graph, CLUSTER, budget)
    except DoesNotFitL1 as error:
        program = schedule(graph, CLUSTER, error.needed)
    least = least_cycles(graph, share_memory(graph, ALIGNMENT), CLUSTER)
    assert 0 < least.cores <= least.cycles <= total_cycles(estimate(program, CLUSTER))
    loaded = sum(t.bytes for step in program.steps for t in step.transfers if t.load)
    stored = sum(t.bytes for step in program.steps for t in step.transfers if not t.load)
    assert least.loads <= loaded // CLUSTER.dma.bytes_per_cycle
    assert least.stores <= stored // CLUSTER.dma.bytes_per_cycle
    assert program.plan is not None
    for search in program.plan.searches:
        assert 0 < search.bound <= search.objective
        assert (search.status == OPTIMAL) <= (search.bound == search.objective)


def repeated(count: int) -> Graph:
    """Equal layers, one after the other: a depthwise convolution, a table, a product."""
    layer = [
        Action("depthwise", 1, (3, 1, 4)),
        Action("table", 1, (1, 1, 1)),
        Action("pointwise", 1, (1, 1, 7)),
    ]
    return image_network((1, 12, 12, 8), layer * count, state=False)


def test_equal_layers_are_solved_once() -> None:
    made: list[str] = []

    def counted(graph: Graph, node: Node, aliasing: Aliasing, cluster: Cluster) -> list[Candidate]:
        made.append(node.name)
        return candidates_of(graph, node, aliasing, cluster)

    count = 5
    graph = repeated(count)
    aliasing = share_memory(graph, ALIGNMENT)
    choices = Choices(graph, aliasing, CLUSTER, counted)
    # The first layer reads the caller's memory, and the last node writes to it.
    assert len(choices.nodes) == 3 * count + 1
    assert len(made) == len({sub_problem(graph, [c.node], aliasing).key for c in choices.nodes})
    assert len(made) <= 3 + 2
    for choice in choices.nodes:
        assert choice.candidates == candidates_of(graph, choice.node, aliasing, CLUSTER)


@settings(max_examples=60, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.integers(2, 3))
def test_what_was_made_for_equal_layers_is_what_would_be_made(
    shape: tuple[int, ...], actions: list[Action], packed: bool, count: int
) -> None:
    graph = image_network(shape, actions * count, state=False)
    if packed:
        pack_weights.run(graph, CLUSTER.cores)
    aliasing = share_memory(graph, ALIGNMENT)
    choices = Choices(graph, aliasing, CLUSTER, candidates_of)
    for choice in choices.nodes:
        assert choice.candidates == candidates_of(graph, choice.node, aliasing, CLUSTER)
    nothing = Decisions(frozenset())
    for found in choices.chains(nothing):
        alone = chain_candidates(graph, found.nodes, aliasing, CLUSTER)
        assert found.candidate in list(alone)


def test_what_searches_prove_is_in_the_plan() -> None:
    program = schedule(repeated(3), CLUSTER, 2000)
    assert program.plan is not None
    assert program.plan.searches
    least = LeastCycles(1, 2, 3, 4)
    plan = replace(program.plan, least_cycles=least)
    assert plans_from_json(plans_to_json("", [plan]))[1] == (plan,)
    assert least.cycles == 4


def test_what_is_reserved_is_no_proof() -> None:
    found = Search("residents", OPTIMAL, 200, 200)
    assert found.proven(200) == found
    assert found.proven(150) == Search("residents", RESERVED, 200, 150)
    assert found.proven(150).gap == 0.25
    limited = Search("residents", LIMIT, 200, 100)
    assert limited.proven(90) == Search("residents", LIMIT, 200, 90)


def test_where_there_is_too_much_more_is_reserved() -> None:
    first = Reserved().more({"a": 8}, 100).more({"a": 16, "b": 8}, 100)
    assert first == Reserved(0, {"a": 24, "b": 8})
    assert first.more({}, 100) == Reserved(100)
    assert first.with_least(Reserved(50, {"b": 16})) == Reserved(50, {"a": 24, "b": 16})
