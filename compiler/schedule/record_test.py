"""Recorded programs tell every layer's results, and compute what they do unrecorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.codegen.cluster_layers import cluster_layers, numbers_of
from compiler.codegen.interpreter_harness import random_inputs
from compiler.interpreter import interpret
from compiler.ir import Array, Box, DataType, Graph, TensorType
from compiler.schedule.arrange import DoesNotFitL1
from compiler.schedule.byte_execution import ByteExecution
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.program import Call, Place, Program, Space
from compiler.schedule.record import OUTER_AXES, RecordTile, record, tile_records
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_images import ACTIONS, SHAPES, Action, image_network
from compiler.schedule.scheduler import schedule
from compiler.schedule.table_size import tables_bytes
from compiler.schedule.validate import validate


class RecordingExecution(ByteExecution):
    """Keeps what recording calls would write: bytes by layer and result."""

    def __init__(self, graph: Graph, program: Program, inputs: Mapping[str, Array]) -> None:
        super().__init__(graph, program, inputs)
        self.recorded: dict[tuple[int, int], bytearray] = {}
        self.present: dict[tuple[int, int], set[int]] = {}

    def _call(self, call: Call) -> None:
        if not isinstance(call.operation, RecordTile):
            super()._call(call)
            return
        (place,), (type_,) = call.operands, call.inputs
        assert place is not None and type_ is not None
        data = self._bytes(place, type_.bytes).tobytes()
        operation = call.operation
        key = operation.layer, operation.result
        result = self.recorded.setdefault(key, bytearray(operation.result_bytes))
        present = self.present.setdefault(key, set())
        for begin, source in operation.runs():
            run = range(begin, begin + operation.run_bytes)
            assert present.isdisjoint(run)
            present.update(run)
            result[begin : begin + operation.run_bytes] = data[
                source : source + operation.run_bytes
            ]


@settings(max_examples=60, deadline=None)
@given(SHAPES, ACTIONS, st.booleans(), st.sampled_from((300, 700, 2000, 1 << 16)))
def test_every_layer_is_recorded_once(
    shape: tuple[int, ...], actions: list[Action], state: bool, budget: int
) -> None:
    graph = image_network(shape, actions, state=state)
    try:
        plain = schedule(graph, CLUSTER, budget)
    except DoesNotFitL1 as error:
        budget = error.needed
        plain = schedule(graph, CLUSTER, budget)
    layers = cluster_layers([graph])
    program = record(graph, plain, numbers_of(layers, graph))
    assert validate(graph, program, budget) == []
    inputs = random_inputs(graph, graph.inputs, 3)
    execution = RecordingExecution(graph, program, inputs)
    found = execution.run()
    for name, wanted in interpret(graph, inputs).items():
        assert found[name].tobytes() == wanted.tobytes(), name
    values = all_values(graph, inputs)
    for layer in layers:
        for index, name in enumerate(layer.step.results):
            key = layer.number, index
            assert bytes(execution.recorded.pop(key)) == values[name].tobytes(), name
            assert len(execution.present[key]) == values[name].nbytes
    assert not execution.recorded


def all_values(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    values = {value.name: value.constant for value in graph.constants()}
    values.update(inputs)
    for node in graph.nodes:
        operands = [None if name is None else values[name] for name in node.inputs]
        values.update(zip(node.outputs, node.operation.evaluate(operands), strict=True))
    return {name: value for name, value in values.items() if value is not None}


def sample() -> Graph:
    actions = [Action("conv", 1, (3, 1, 7)), Action("add", 1, (0, 1, 1))]
    return image_network((1, 12, 10, 4), actions, state=True)


@pytest.mark.parametrize("budget", [900, 1 << 16])
def test_nothing_is_left_of_the_recording(budget: int) -> None:
    """Without its recording steps, a recorded program is the program."""
    graph = sample()
    plain = schedule(graph, CLUSTER, budget)
    recorded = record(graph, plain, numbers_of(cluster_layers([graph]), graph))
    steps = [
        step
        for step in recorded.steps
        if not any(isinstance(call.operation, RecordTile) for call in step.calls)
    ]
    assert [step.calls for step in steps] == [step.calls for step in plain.steps]
    assert recorded.l1_bytes == plain.l1_bytes
    assert tables_bytes(recorded) > tables_bytes(plain)
    assert total_cycles(estimate(recorded, CLUSTER)) > total_cycles(estimate(plain, CLUSTER))


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=7).map(tuple),
    st.randoms(use_true_random=False),
)
def test_runs_of_any_box(shape: tuple[int, ...], random: Random) -> None:
    """Also boxes with more axes than one call of the kernel takes."""
    begin = tuple(random.randrange(extent) for extent in shape)
    end = tuple(random.randint(b + 1, e) for b, e in zip(begin, shape, strict=True))
    box = Box(begin, end)
    whole = np.arange(prod(shape), dtype=np.int32).reshape(shape)
    data = np.ascontiguousarray(whole[box.slices]).tobytes()
    found = np.full(prod(shape), -1, np.int32).tobytes()
    written = bytearray(found)
    type_ = TensorType(DataType.INT32, shape)
    for operation, offset, _ in tile_records(box, type_, layer=0, result=0):
        assert len(operation.outer) <= OUTER_AXES
        for target, source in operation.runs():
            run = data[4 * offset + source : 4 * offset + source + operation.run_bytes]
            written[target : target + operation.run_bytes] = run
    expected = np.full(shape, -1, np.int32)
    expected[box.slices] = whole[box.slices]
    assert bytes(written) == expected.tobytes()


def test_a_wrong_place_is_found() -> None:
    """The validator follows recorded bytes like all others."""
    graph = sample()
    plain = schedule(graph, CLUSTER, 900)
    program = record(graph, plain, numbers_of(cluster_layers([graph]), graph))
    index, step = next(
        (index, step)
        for index, step in enumerate(program.steps)
        if any(isinstance(call.operation, RecordTile) for call in step.calls)
    )
    call = step.calls[0]
    (place,) = call.operands
    assert place is not None and place.space is Space.L1
    moved = Place(Space.L1, place.offset + (4 if place.offset == 0 else -4))
    wrong = replace(step, calls=(replace(call, operands=(moved,)), *step.calls[1:]))
    steps = (*program.steps[:index], wrong, *program.steps[index + 1 :])
    assert validate(graph, replace(program, steps=steps), 900) != []
