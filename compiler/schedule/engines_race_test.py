"""Jobs and calls of one step share memory only to read it: programs where they race are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import DataType, Graph, Node, TensorType, Value
from compiler.operators.matmul import MatMulInt8
from compiler.schedule.program import Call, Place, Program, Step
from compiler.schedule.program_harness import check
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.scheduler import schedule
from compiler.schedule.validate import validate
from compiler.target.neureka_form import accelerated, layer_of
from compiler.target.pack_weights import drop_unread_constants
from compiler.target.split_layers import split

COLUMNS, INNER = 64, 64
BUDGET = 1 << 16


def shared_vector() -> tuple[Graph, Program]:
    """A product that both engines compute in one step."""
    random = np.random.default_rng(0)
    graph = Graph("")
    graph.add_value(Value("x", TensorType(DataType.INT8, (1, INNER))))
    graph.inputs.append("x")
    constants = {
        "w": random.integers(-127, 128, (COLUMNS, INNER)).astype(np.int8),
        "s": random.integers(20, 60, COLUMNS).astype(np.uint32),
        "b": random.integers(-99, 99, COLUMNS).astype(np.int32),
    }
    for name, data in constants.items():
        graph.add_constant(name, data)
    operation = MatMulInt8(17, -128, 127, wide=False, output_zero_point=0)
    graph.append(Node("product", operation, ("x", "w", "s", "b"), ("product",), ("product",)))
    graph.outputs.append("product")
    job, _ = split(graph, graph.nodes[0], COLUMNS // 2, "cores")
    layer = layer_of(graph, job)
    assert layer is not None
    job.operation, data = accelerated(layer, unsigned_input=False, unsigned_output=False)
    names = [graph.add_constant(f"job/{i}", array).name for i, array in enumerate(data)]
    job.inputs = ("x", *names)
    drop_unread_constants(graph)
    program = schedule(graph, CLUSTER, BUDGET)
    check(graph, program, BUDGET)
    return graph, program


GRAPH, PROGRAM = shared_vector()


def shared_steps() -> list[int]:
    return [
        index
        for index, step in enumerate(PROGRAM.steps)
        if {call.operation.is_job for call in step.calls} == {False, True}
    ]


def moved(step: int, number: int, operand: int, place: Place) -> Program:
    """The program with one operand of a call elsewhere."""
    call = PROGRAM.steps[step].calls[number]
    operands = (*call.operands[:operand], place, *call.operands[operand + 1 :])
    calls = list(PROGRAM.steps[step].calls)
    calls[number] = replace(call, operands=operands)
    steps = list(PROGRAM.steps)
    steps[step] = Step(PROGRAM.steps[step].transfers, tuple(calls))
    return replace(PROGRAM, steps=tuple(steps))


def pair(step: int) -> tuple[tuple[int, Call], tuple[int, Call]]:
    """A job and a call of the cores that run at the same time, with their numbers."""
    calls = list(enumerate(PROGRAM.steps[step].calls))
    job = next(item for item in calls if item[1].operation.is_job)
    return job, next(item for item in calls if not item[1].operation.is_job)


def test_a_step_has_both_engines() -> None:
    assert shared_steps()


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_results_that_meet_are_refused(data: st.DataObject) -> None:
    step = data.draw(st.sampled_from(shared_steps()))
    pairs = pair(step)
    (number, mover), (_, other) = pairs if data.draw(st.booleans()) else pairs[::-1]
    position = len(mover.inputs)
    target = data.draw(st.sampled_from([p for p in other.operands if p and p.space.name == "L1"]))
    size = mover.outputs[0].bytes
    shift = data.draw(st.integers(1 - size, 7))
    place = replace(target, offset=max(0, target.offset + shift))
    violations = validate(GRAPH, moved(step, number, position, place), BUDGET)
    assert any("meet in one step" in text for text in violations), violations


@pytest.mark.parametrize("job_first", [True, False])
def test_what_one_engine_makes_is_not_read_by_the_other_in_the_same_step(job_first: bool) -> None:
    step = shared_steps()[0]
    pairs = pair(step)
    (number, reader), (_, writer) = pairs[::-1] if job_first else pairs
    made = writer.operands[len(writer.inputs)]
    assert made is not None and reader.operands[0] is not None
    violations = validate(GRAPH, moved(step, number, 0, made), BUDGET)
    assert any("meet in one step" in text for text in violations)
