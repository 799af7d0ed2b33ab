"""Plans outlive new weights: they are made without them, and run whatever has the same shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Box, DataType, Graph, TensorType
from compiler.operators.movement import Slice
from compiler.schedule.arrange import DoesNotFitL1, arrange
from compiler.schedule.decisions import Cuts, Decisions
from compiler.schedule.plain_data import decoded, encoded
from compiler.schedule.plan_file import plans_from_json, plans_to_json
from compiler.schedule.problem_file import ScheduleProblem, problem_from_json, problem_to_json
from compiler.schedule.program_harness import check
from compiler.schedule.program_plan import ProgramPlan, WrongPlan
from compiler.schedule.quantization_numbers import without_numbers
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_decoder import decoder
from compiler.schedule.sample_images import ACTIONS, SHAPES, Action, image_network
from compiler.schedule.schedule import planned_network
from compiler.schedule.scheduler import schedule
from compiler.schedule.tasks import tasks_of
from compiler.target import merge_constants, pack_weights


def problem(graph: Graph) -> str:
    return problem_to_json(ScheduleProblem((graph,), CLUSTER, False))


def retrained(graph: Graph, seed: int) -> None:
    """Other weights, and other scales of the same sign."""
    random = np.random.default_rng(seed)
    for value in graph.constants():
        if value.type.data_type is DataType.INT8:
            value.constant = random.integers(-127, 128, value.type.shape).astype(np.int8)
    for node in graph.nodes:
        if any(field.name == "shift" for field in fields(as_data(node.operation))):
            shift = 10 + int(random.integers(10))
            node.operation = replace(as_data(node.operation), shift=shift)


def as_data(operation: object) -> Any:
    assert is_dataclass(operation)
    return operation


def planned(graph: Graph, l1_bytes: int) -> ProgramPlan:
    """The plan of a graph, by way of the files."""
    (found,) = problem_from_json(problem(graph)).graphs
    try:
        program = schedule(found, CLUSTER, l1_bytes)
    except DoesNotFitL1 as error:
        program = schedule(found, CLUSTER, error.needed)
    assert program.plan is not None
    solved, (plan,) = plans_from_json(plans_to_json("any", [program.plan]))
    assert (solved, plan) == ("any", program.plan)
    return plan


@settings(max_examples=25, deadline=None)
@given(
    SHAPES,
    ACTIONS,
    st.booleans(),
    st.integers(0, 1 << 30),
    st.sampled_from((700, 2000, 1 << 16)),
)
def test_new_weights_have_the_same_plan(
    shape: tuple[int, ...], actions: list[Action], state: bool, seed: int, l1_bytes: int
) -> None:
    graphs = [image_network(shape, actions, state=state) for _ in range(2)]
    retrained(graphs[1], seed)
    for graph in graphs:
        pack_weights.run(graph, CLUSTER.cores)
    first, second = map(problem, graphs)
    assert first == second
    plan = planned(graphs[0], l1_bytes)
    for graph in graphs:
        (program,) = planned_network([graph], CLUSTER, [plan])
        assert program.plan == plan
        check(graph, program, program.l1_bytes)


def test_what_planning_sees_survives_the_file() -> None:
    actions = [Action(kind, 1, (3, 1, 2)) for kind in ("conv", "depthwise", "softmax", "add")]
    text = problem(image_network((1, 8, 8, 4), actions, state=True))
    assert problem_to_json(problem_from_json(text)) == text


def test_how_far_caches_reach_is_in_the_problem() -> None:
    """An offset of a position decides which rows are copied: another one is another problem."""
    texts: list[str] = []
    for rows in (2, 2, 3):
        graph = decoder(rows)
        text = problem(graph)
        plan = planned(graph, 1 << 16)
        (program,) = planned_network([graph], CLUSTER, [plan])
        assert program.extents == schedule(graph, CLUSTER, 1 << 16).extents != ()
        texts.append(text)
    assert texts[0] == texts[1] != texts[2]


def test_shared_constants_are_shared_by_name() -> None:
    """Nodes of equal tables read one of them, and that is part of the problem."""
    table = Action("table", 1, (1, 1, 1))
    graphs = [image_network((1, 8, 8, 9), [table] * 3, state=False) for _ in range(2)]
    for graph in graphs:
        (shared,) = graph.constants()
        assert shared.constant is not None
        for node in graph.nodes:
            if shared.name in node.inputs:
                own = graph.add_constant(shared.name, shared.constant)
                node.inputs = (node.inputs[0], own.name)
    merge_constants.run(graphs[1])
    assert [len(list(graph.constants())) for graph in graphs] == [4, 1]
    plans = [planned(graph, 1 << 16) for graph in graphs]
    assert [len(plan.starts) for plan in plans] == [4, 2]


def test_a_plan_of_another_graph_is_refused() -> None:
    action = Action("conv", 1, (3, 1, 2))
    graphs = [image_network((1, size, 8, 4), [action], state=False) for size in (8, 9)]
    plan = planned(graphs[0], 1 << 16)
    with pytest.raises(WrongPlan, match=r"step|other sizes"):
        planned_network(graphs[1:], CLUSTER, [plan])
    with pytest.raises(WrongPlan, match="start elsewhere"):
        planned_network(graphs[:1], CLUSTER, [replace(plan, starts=plan.starts[1:])])


def pooled(channels: int) -> Graph:
    """A convolution and its pooling, which can be computed depth-first."""
    actions = [Action("conv", 1, (3, 1, 2)), Action("pool", 1, (2, 2, 2))]
    return image_network((1, 32, 32, channels), actions, state=False)


def chained(graph: Graph, parts: int = 4) -> ProgramPlan:
    """The plan of its two nodes as a chain, by way of the file."""
    first, last = graph.nodes[:2]
    rank = len(graph.values[last.outputs[0]].type.shape)
    cuts = {last.name: Cuts((1, parts, *([1] * (rank - 2))))}
    chain = Decisions(frozenset(), cuts, chains=((first.name, last.name),))
    program = arrange("", tasks_of(graph, chain), CLUSTER, 1 << 20)
    assert program.plan is not None
    _, (plan,) = plans_from_json(plans_to_json("any", [program.plan]))
    assert plan == program.plan
    return plan


def test_new_weights_run_in_the_same_chains() -> None:
    graphs = [pooled(4) for _ in range(2)]
    retrained(graphs[1], 1)
    for graph in graphs:
        pack_weights.run(graph, CLUSTER.cores)
    assert len({problem(graph) for graph in graphs}) == 1
    (seen,) = problem_from_json(problem(graphs[0])).graphs
    plan = chained(seen)
    assert plan.decisions.chains
    for graph in graphs:
        (program,) = planned_network([graph], CLUSTER, [plan])
        assert program.plan == plan
        check(graph, program, program.l1_bytes)


CHANGES: list[tuple[Callable[[Decisions], Decisions], str]] = [
    (lambda d: replace(d, resident=frozenset({"missing"})), "no blocks missing"),
    (lambda d: replace(d, direct=frozenset({"missing"})), "no nodes missing"),
    (lambda d: replace(d, cuts={"missing": Cuts((1,))}), "no nodes missing"),
    (lambda d: replace(d, cuts={name: Cuts((2,)) for name in d.cuts}), "other axes"),
    (lambda d: replace(d, chains=(("a", "b"),)), "a, b are no chain"),
    (lambda d: replace(d, chains=d.chains * 2), "two chains"),
    (lambda d: replace(d, chains=()), "elsewhere|names|sizes"),
    (
        lambda d: replace(d, cuts={name: Cuts((1, 1, 4, 1)) for name in d.cuts}),
        "in another way|elsewhere|names|sizes",
    ),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_wrong_decisions_are_refused(
    change: Callable[[Decisions], Decisions], message: str
) -> None:
    graph = pooled(4)
    plan = chained(graph)
    with pytest.raises(WrongPlan, match=message):
        planned_network([graph], CLUSTER, [replace(plan, decisions=change(plan.decisions))])


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_validator_finds_wrong_plans(random: Random) -> None:
    """Buffers that overlap, and copies that start before their source is there."""
    actions = [Action(kind, 1, (3, 1, 2)) for kind in ("conv", "pool", "conv")]
    graph = image_network((1, 8, 8, 4), actions, state=False)
    plan = planned(graph, 1 << 16)
    name = random.choice([name for name, offset in plan.l1.offsets.items() if offset])
    wrong = replace(plan, l1=replace(plan.l1, offsets={**plan.l1.offsets, name: 0}))
    with pytest.raises(WrongPlan, match=r"step|other sizes"):
        planned_network([graph], CLUSTER, [wrong])


DECISIONS = Decisions(
    frozenset({"b", "a"}),
    {"n": Cuts((1, 2), ramped=True)},
    frozenset({"n"}),
    (("k", "l"), ("m", "n")),
    keeps_shared=True,
)


@pytest.mark.parametrize(
    "value",
    [
        DECISIONS,
        Slice((0, 1), (1, 1), (2, 3)),
        TensorType(DataType.UINT16, ()),
        (Box((), ()), None, "x", True, 1.5, float("-inf")),
    ],
)
def test_data_survives(value: object) -> None:
    assert decoded(encoded(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        {"class": "os.path", "fields": {}},
        {"class": "../x.Y", "fields": {}},
        {"class": "ir.graph.Missing", "fields": {}},
        {"class": "ir.operation.Operation", "fields": {}},
        {"class": "ir.tile.Box", "fields": {"begin": [], "other": []}},
        {"unknown": 1},
    ],
)
def test_data_of_no_kind_is_refused(data: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        decoded(data)


def test_other_objects_are_no_data() -> None:
    with pytest.raises(TypeError, match="no plain data"):
        encoded(object())


def test_numbers_that_choose_a_kernel_stay() -> None:
    graph = decoder(1)
    for node in graph.nodes:
        types = graph.input_types(node), graph.output_types(node)
        stripped = without_numbers(node.operation, *types, CLUSTER.cores)
        kernels = [operation.kernel(*types) for operation in (node.operation, stripped)]
        described = [
            None
            if kernel is None
            else (kernel.function, kernel.scratch_bytes, [*kernel.parameters])
            for kernel in kernels
        ]
        assert described[0] == described[1]
