"""Caches of which only the rows in use come to L1: the same results for every position."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.codegen.interpreter_harness import random_inputs
from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.schedule.byte_execution import ByteExecution
from compiler.schedule.extents import parameter_patches, program_with, shortened_call
from compiler.schedule.program import Extent, Program, Step
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.sample_decoder import CAPACITY, HEADS, SIZE, decoder
from compiler.schedule.scheduler import schedule
from compiler.schedule.table_size import kernel_of
from compiler.schedule.validate import validate

LARGE = 1 << 16


def check(graph: Graph, program: Program, position: int) -> None:
    inputs = random_inputs(graph, graph.inputs, position & 0xFFFF)
    inputs["position"] = np.array([position], np.int32)
    found = ByteExecution(graph, program, inputs).run()
    for name, wanted in interpret(graph, inputs).items():
        assert found[name].tobytes() == wanted.tobytes(), (name, position)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, CAPACITY),
    st.one_of(st.integers(-9, CAPACITY + 9), st.integers(-(1 << 31), (1 << 31) - 1)),
    st.booleans(),
    st.sampled_from(("float", "int8", "words")),
)
def test_every_position_gives_the_same(
    rows: int, position: int, tokens_first: bool, form: str
) -> None:
    real, words = form == "float", form == "words"
    graph = decoder(rows, tokens_first=tokens_first, real=real, words=words)
    program = schedule(graph, CLUSTER, LARGE)
    assert validate(graph, program, LARGE) == []
    check(graph, program, position)


def cache_bytes(program: Program) -> int:
    return sum(
        transfer.bytes
        for step in program.steps
        for transfer in step.transfers
        if transfer.what in ("keys", "values")
    )


@pytest.mark.parametrize("tokens_first", [False, True])
def test_rows_in_use_are_copied(tokens_first: bool) -> None:
    program = schedule(decoder(1, tokens_first=tokens_first), CLUSTER, LARGE)
    assert program.extents == (Extent(0, 1, 2, CAPACITY),)
    for position, rows in ((-4, 2), (0, 2), (1, 2), (2, 4), (17, 18), (23, 24), (99, 24)):
        shortened = program_with(program, [program.extents[0].at(position)])
        assert cache_bytes(shortened) == 2 * rows * HEADS * SIZE


@pytest.mark.parametrize(
    "graph",
    [
        decoder(1, circular=True),
        decoder(1, first_offset=-3),
        decoder(CAPACITY),
        decoder(1, offset=CAPACITY),
    ],
    ids=["any row is written", "positions may wrap around", "all rows in one run", "far reach"],
)
def test_where_all_rows_may_be_used_all_are_copied(graph: Graph) -> None:
    program = schedule(graph, CLUSTER, LARGE)
    assert program.extents == ()
    assert cache_bytes(program) == 2 * CAPACITY * HEADS * SIZE
    assert validate(graph, program, LARGE) == []
    for position in (0, 5, CAPACITY):
        check(graph, program, position)


@pytest.mark.parametrize("budget", [2600, 2800, 3000, 3400])
def test_in_little_memory(budget: int) -> None:
    graph = decoder(2, real=True)
    program = schedule(graph, CLUSTER, budget)
    assert validate(graph, program, budget) == []
    for position in (0, 7, CAPACITY):
        check(graph, program, position)


@pytest.mark.parametrize(
    ("form", "tokens_first", "kernel"),
    [
        ("float", False, "attention_f32"),
        ("float", True, "attention_f32"),
        ("int8", False, "attention_s8"),
        ("int8", True, "attention_s8"),
        ("words", False, "attention_word_s8"),
    ],
)
def test_patched_parameters_are_those_of_the_kernel(
    form: str, tokens_first: bool, kernel: str
) -> None:
    real, words = form == "float", form == "words"
    graph = decoder(3, real=real, words=words, tokens_first=tokens_first)
    program = schedule(graph, CLUSTER, LARGE)
    (extent,) = program.extents
    calls = [call for step in program.steps for call in step.calls if call.extents]
    assert {call.node for call in calls} == {"write_keys", "write_values", "mix"}
    assert f"tw_{kernel}" in {kernel_of(call).function for call in calls}
    for call in calls:
        patches = {patch.field: patch.factor for patch in parameter_patches(call, program.extents)}
        assert patches
        for rows in extent.possible:
            missing = extent.maximum - rows
            patched = {
                name: value - patches.get(name, 0) * missing
                for name, value in kernel_of(call).parameters.items()
                if isinstance(value, int)
            }
            wanted = kernel_of(shortened_call(call, [rows])).parameters
            assert patched == {name: v for name, v in wanted.items() if isinstance(v, int)}


def mistakes(program: Program) -> Iterator[tuple[str, Program]]:
    (extent,) = program.extents
    for change in ({"offset": extent.offset - 1}, {"offset": 0}):
        changed = dataclasses.replace(extent, **change)
        yield f"extent: {change}", dataclasses.replace(program, extents=(changed,))
    for index, step in enumerate(program.steps):
        for number, transfer in enumerate(step.transfers):
            if transfer.extent is None:
                continue
            for change in (
                {"row_bytes": transfer.row_bytes - 1},
                {"row_bytes": transfer.row_bytes + 4},
                {"extent": None},
                {"stride": transfer.stride - transfer.row_bytes},
            ):
                others = list(step.transfers)
                others[number] = dataclasses.replace(transfer, **change)  # type: ignore[arg-type]
                yield f"{index}: {change}", _with(program, index, transfers=tuple(others))
        for number, call in enumerate(step.calls):
            if call.extents:
                calls = list(step.calls)
                calls[number] = dataclasses.replace(call, extents=())
                yield f"{index}: {call.node} reads all", _with(program, index, calls=tuple(calls))


def _with(program: Program, index: int, **change: object) -> Program:
    steps: list[Step] = list(program.steps)
    steps[index] = dataclasses.replace(steps[index], **change)  # type: ignore[arg-type]
    return dataclasses.replace(program, steps=tuple(steps))


def test_the_validator_finds_mistakes() -> None:
    graph = decoder(2)
    program = schedule(graph, CLUSTER, LARGE)
    found = [what for what, wrong in mistakes(program) if not validate(graph, wrong, LARGE)]
    assert found == []
    assert len(list(mistakes(program))) >= 12
