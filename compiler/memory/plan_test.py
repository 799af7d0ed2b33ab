"""Plans of random and of realistic graphs: correct to the byte, small, and always the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compiler
from compiler.errors import Code, CompileError
from compiler.interpreter import interpret_all
from compiler.ir import Array, DataType, Graph, TensorType
from compiler.memory import (
    InArena,
    MemoryMap,
    interface_outputs,
    placements_from_json,
    placements_to_json,
    plan,
    plan_of,
    problem_of,
    problems_from_json,
    problems_of,
    problems_to_json,
    solve,
)
from compiler.memory.byte_execution import ByteExecution
from compiler.memory.sample_graphs import (
    GraphBuilder,
    graphs,
    inception,
    int8,
    mobilenet,
    resnet,
    transformer_step,
)
from compiler.memory.sample_operations import fill
from compiler.memory.validate import validate, validate_plan

REALISTIC: list[Callable[[], Graph]] = [transformer_step, mobilenet, resnet, inception]


def random_inputs(graph: Graph) -> dict[str, Array]:
    return {
        name: fill(graph.values[name].type, np.uint64(seed))
        for seed, name in enumerate(graph.inputs, 1)
    }


def expected(graph: Graph, inputs: dict[str, Array]) -> dict[str, Array]:
    values = interpret_all(graph, inputs)
    values |= {v.name: v.constant for v in graph.constants() if v.constant is not None}
    outputs = {f"output {i}": values[name] for i, name in enumerate(interface_outputs(graph))}
    return outputs | {f"state {state.input}": values[state.output] for state in graph.states}


def assert_runs(graph: Graph, memory_map: MemoryMap) -> None:
    inputs = random_inputs(graph)
    found = ByteExecution(graph, memory_map, inputs).run()
    for name, wanted in expected(graph, inputs).items():
        assert found[name].tobytes() == wanted.tobytes(), name


@settings(max_examples=400, deadline=None)
@given(graphs(), st.sampled_from([1, 4, 8, 16]))
def test_plans_of_random_graphs_are_right(graph: Graph, alignment: int) -> None:
    alignment = max(alignment, *(value.type.data_type.bytes for value in graph.values.values()))
    result = plan([graph], alignment=alignment)
    assert [str(violation) for violation in validate_plan([graph], result)] == []
    assert_runs(graph, result.maps[0])


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_json_forms_lose_nothing(graph: Graph) -> None:
    problems = problems_of([graph])
    placements = [solve(problem) for problem in problems]
    assert problems_from_json(problems_to_json(problems)) == problems
    assert placements_from_json(placements_to_json(placements)) == tuple(placements)
    (memory_map,) = plan_of([graph], placements).maps
    assert MemoryMap.from_json(memory_map.to_json()) == memory_map
    assert plan([graph]).maps == (memory_map,)


@pytest.mark.parametrize("build", REALISTIC)
def test_realistic_graphs_stay_within_five_percent_of_the_bound(build: Callable[[], Graph]) -> None:
    graph = build()
    problem = problem_of(graph)
    result = plan([graph])
    assert result.placements[0].peak <= 1.05 * problem.bound
    assert validate_plan([graph], result) == []


def test_transformer_needs_no_copies() -> None:
    graph = transformer_step()
    (memory_map,) = plan([graph]).maps
    assert memory_map.copies == ()
    for state in graph.states:
        assert memory_map.values[state.output] == memory_map.values[state.input]


@pytest.mark.parametrize("build", [transformer_step, resnet])
def test_running_in_place_lowers_the_bound(build: Callable[[], Graph]) -> None:
    graph = build()
    shared = problem_of(graph).bound
    for node in graph.nodes:
        if node.operation.in_place:
            object.__setattr__(node.operation, "over", ())
    assert shared <= problem_of(graph).bound
    assert len(problem_of(graph).buffers) > 0


def test_entry_points_share_arena_and_states() -> None:
    small, large = transformer_step(2), transformer_step(2, width=288 * 2)
    with pytest.raises(ValueError, match="another size"):
        plan([small, large])
    decode, prefill = transformer_step(2), transformer_step(2)
    result = plan([decode, prefill])
    assert len(result.states) == 4
    assert result.states_bytes == 4 * 256 * 288
    assert result.arena_bytes == max(m.arena_bytes for m in result.maps)


def test_does_not_fit() -> None:
    graph = resnet()
    needed = plan([graph]).arena_bytes
    assert plan([graph], capacity=needed).arena_bytes == needed
    with pytest.raises(CompileError) as caught:
        plan([graph], capacity=needed - 1)
    (problem,) = caught.value.problems
    assert problem.code is Code.DOES_NOT_FIT
    assert "entry point 'resnet', node 'n" in problem.where
    assert f"at least {needed:,} bytes" in problem.supported
    assert f"{needed - 1:,} are available" in problem.found
    assert "'v" in problem.found
    assert "smaller input" in problem.advice


def test_all_entry_points_that_do_not_fit_are_named() -> None:
    with pytest.raises(CompileError) as caught:
        plan([resnet(), mobilenet()], capacity=1000)
    assert len(caught.value.problems) == 2


def test_placement_of_another_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="another graph"):
        plan_of([resnet()], [solve(problem_of(mobilenet()))])


def test_plans_do_not_depend_on_hashes() -> None:
    program = (
        "from compiler.memory import plan\n"
        "from compiler.memory.sample_graphs import *\n"
        "for build in (transformer_step, mobilenet, resnet, inception):\n"
        "    print(plan([build()]).maps[0].to_json())\n"
    )
    root = Path(compiler.__file__).parent.parent
    path = os.pathsep.join([str(root), *sys.path])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10000


def test_values_without_bytes_need_no_memory() -> None:
    builder = GraphBuilder()
    x = builder.input("x", int8(0))
    y = builder.mix(builder.mix(x, to=int8(0, 3)), to=TensorType(DataType.INT32, (0,)))
    graph = builder.finish(y)
    (memory_map,) = plan([graph]).maps
    assert memory_map.arena_bytes == 0
    assert memory_map.values["v0"] == InArena(0)
    assert validate(graph, memory_map) == []
