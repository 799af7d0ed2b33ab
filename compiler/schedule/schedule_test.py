"""Programs compute what the interpreter does, however little of L1 there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.codegen.interpreter_harness import random_inputs
from compiler.codegen.sample_networks import NetworkBuilder
from compiler.interpreter import interpret
from compiler.ir import Box, DataType, Graph, Node, TensorType, Value
from compiler.operators.gather import Gather
from compiler.operators.softmax import SoftmaxInt8
from compiler.schedule.arrange import DoesNotFitL1
from compiler.schedule.byte_execution import ByteExecution
from compiler.schedule.program import Call, Program, Step
from compiler.schedule.program_harness import check
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import ACTIONS, SHAPES, Action, image_network
from compiler.schedule.scheduler import schedule
from compiler.schedule.validate import validate
from compiler.target import pack_weights


@settings(max_examples=60, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.booleans(), st.sampled_from((300, 700, 2000, 1 << 16)))
def test_random_networks(
    shape: tuple[int, ...], actions: list[Action], packed: bool, state: bool, budget: int
) -> None:
    graph = image_network(shape, actions, state=state)
    wanted = image_network(shape, actions, state=state)
    if packed:
        pack_weights.run(graph, CLUSTER.cores)
    try:
        program = schedule(graph, CLUSTER, budget)
    except DoesNotFitL1 as error:
        # The smallest tiles and what kernels need for themselves are more.
        needed = error.needed
        assert needed > budget
        budget = needed
        program = schedule(graph, CLUSTER, budget)
    check(graph, program, budget)
    inputs = random_inputs(graph, graph.inputs, 7)
    for name, value in interpret(wanted, inputs).items():
        assert interpret(graph, inputs)[name].tobytes() == value.tobytes()


@settings(max_examples=150, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.randoms(use_true_random=False))
def test_a_tile_is_a_part_of_the_whole(
    shape: tuple[int, ...], actions: list[Action], packed: bool, random: Random
) -> None:
    graph = image_network(shape, actions, state=False)
    if packed:
        pack_weights.run(graph, CLUSTER.cores)
    values = {value.name: value.constant for value in graph.constants()}
    inputs = random_inputs(graph, graph.inputs, 1)
    values.update(inputs)
    for node in graph.nodes:
        operands = [None if name is None else values[name] for name in node.inputs]
        results = node.operation.evaluate(operands)
        values.update(zip(node.outputs, results, strict=True))
        types = graph.input_types(node)
        box = Box.whole(results[0].shape)
        for axis in node.operation.tile_axes(types):
            extent = results[0].shape[axis]
            granule = 4 if axis == results[0].ndim - 1 else 1
            begin = random.randint(0, (extent - 1) // granule) * granule
            end = min(random.randint(begin + 1, extent + 3) // granule * granule, extent)
            box = box.on(axis, begin, end if end > begin else extent)
        if box == Box.whole(results[0].shape):
            continue
        tile = node.operation.tile(types, box)
        parts = [
            None if part is None or data is None else np.ascontiguousarray(data[part.slices])
            for part, data in zip(tile.inputs, operands, strict=True)
        ]
        (found,) = tile.operation.evaluate(parts)
        assert np.array_equal(found, results[0][box.slices])
        (type_,) = tile.operation.infer([None if p is None else TensorType.of(p) for p in parts])
        assert type_.shape == box.shape


def sample() -> Graph:
    actions = [
        Action("conv", 1, (3, 1, 7)),
        Action("pool", 1, (2, 2, 1)),
        Action("depthwise", 1, (3, 1, 4)),
        Action("add", 1, (0, 1, 1)),
        Action("pointwise", 1, (1, 1, 5)),
        Action("output", 1, (1, 1, 1)),
    ]
    return image_network((1, 12, 10, 4), actions, state=True)


@pytest.mark.parametrize("budget", [900, 2500, 1 << 16])
def test_the_same_program_again(budget: int) -> None:
    assert schedule(sample(), CLUSTER, budget) == schedule(sample(), CLUSTER, budget)


def test_what_fits_is_copied_once() -> None:
    graph = sample()
    program = schedule(graph, CLUSTER, 1 << 16)
    loaded = sum(t.bytes for step in program.steps for t in step.transfers if t.load)
    stored = sum(t.bytes for step in program.steps for t in step.transfers if not t.load)
    image = graph.values["image"].type.bytes
    assert loaded == len(program.constants) + image + graph.values["write_output"].type.bytes
    assert stored == sum(
        graph.values[name].type.bytes for name in graph.outputs if name != "write_output"
    )


def test_shared_constants_are_copied_once_where_there_is_room() -> None:
    table, add = Action("table", 1, (1, 1, 1)), Action("add", 1, (0, 1, 1))
    actions = [*[table, add, Action("conv", 1, (3, 1, 9))] * 2, table]
    graph = image_network((1, 8, 8, 9), actions, state=False)
    loaded: list[int] = []
    for budget in (1 << 16, 1600):
        program = schedule(graph, CLUSTER, budget)
        check(graph, program, budget)
        tables = [
            transfer.bytes
            for step in program.steps
            for transfer in step.transfers
            if transfer.what.startswith("constants of table")
        ]
        loaded.append(sum(tables))
    assert loaded == [256, 3 * 256]


def test_an_input_that_is_read_here_and_there() -> None:
    """The table of a Gather is no operand of tiles, though only the first node has it."""
    graph = Graph("")
    data, indices = TensorType(DataType.INT8, (4, 6)), TensorType(DataType.INT32, (3,))
    for name, type_ in (("table", data), ("rows", indices)):
        graph.inputs.append(graph.add_value(Value(name, type_)).name)
    graph.append(Node("gather", Gather(0), ("table", "rows"), ("y",)))
    graph.outputs.append("y")
    check(graph, schedule(graph, CLUSTER, 1 << 16), 1 << 16)


def mutations(program: Program) -> Iterator[tuple[str, Program]]:
    """Programs with one mistake each."""
    for index, step in enumerate(program.steps):
        for number, transfer in enumerate(step.transfers):
            others = (*step.transfers[:number], *step.transfers[number + 1 :])
            yield f"{index}: without {transfer.what}", _with(program, index, step, others)
            for change in (
                {"l1": transfer.l1 + 8},
                {"external": transfer.external + 8},
                {"due": transfer.due + 1},
                {"line_bytes": transfer.line_bytes - 1},
                {"load": not transfer.load},
            ):
                changed = dataclasses.replace(transfer, **change)  # type: ignore[arg-type]
                yield f"{index}: {change}", _with(program, index, step, (*others, changed))
        for call in step.calls:
            for position, place in enumerate(call.operands):
                if place is None:
                    continue
                moved = list(call.operands)
                moved[position] = place + 8
                changed_call = dataclasses.replace(call, operands=tuple(moved))
                yield (
                    f"{index}: {call.node} operand {position}",
                    _with(program, index, step, step.transfers, (changed_call,)),
                )
            yield f"{index}: no {call.node}", _with(program, index, step, step.transfers, ())


def _with(
    program: Program,
    index: int,
    step: Step,
    transfers: tuple[object, ...],
    calls: tuple[Call, ...] | None = None,
) -> Program:
    steps = list(program.steps)
    steps[index] = Step(transfers, step.calls if calls is None else calls)  # type: ignore[arg-type]
    return dataclasses.replace(program, steps=tuple(steps))


@pytest.mark.parametrize("budget", [900, 2500, 1 << 16])
def test_the_validator_finds_mistakes(budget: int) -> None:
    graph = sample()
    program = schedule(graph, CLUSTER, budget)
    inputs = random_inputs(graph, graph.inputs, 3)
    wanted = interpret(graph, inputs)
    found = 0
    for what, wrong in mutations(program):
        if validate(graph, wrong, budget):
            found += 1
            continue
        # A scratch buffer may have free memory behind it, a copy may have time to spare.
        results = ByteExecution(graph, wrong, inputs).run()
        for name, value in wanted.items():
            assert results[name].tobytes() == value.tobytes(), what
    assert found >= 60


def softmax_over(axis: int) -> Graph:
    builder = NetworkBuilder("")
    x = builder.input("x", TensorType(DataType.INT8, (1, 64, 1, 64)))
    operation = SoftmaxInt8(axis, (1 << 30) + 12345, 32, -128)
    table = builder.constant(
        "exponentials", lambda r: r.integers(1, 1 << 20, 256).astype(np.uint32)
    )
    builder.output(builder.node("softmax", operation, [x, table], "result"))
    return builder.graph


def test_a_node_that_is_cut_along_an_axis_that_it_needs_whole_is_refused() -> None:
    graph, other = softmax_over(1), softmax_over(3)
    with pytest.raises(DoesNotFitL1) as refused:
        schedule(graph, CLUSTER, 1)
    budget = refused.value.needed
    program = schedule(graph, CLUSTER, budget)
    check(graph, program, budget)
    (node,) = other.nodes
    steps = [
        Step(
            step.transfers,
            tuple(dataclasses.replace(call, operation=node.operation) for call in step.calls),
        )
        for step in program.steps
    ]
    wrong = dataclasses.replace(program, steps=tuple(steps))
    violations = validate(other, wrong, budget)
    assert violations
    assert all("is cut along an axis that it needs whole" in text for text in violations)
