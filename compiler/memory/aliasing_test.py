"""Every way in which values may, must or must not share memory."""

from __future__ import annotations

import numpy as np

from compiler.interpreter import interpret_all
from compiler.ir import DataType, Graph, TensorType
from compiler.memory import (
    Copy,
    InArena,
    InConstant,
    InInput,
    InOutput,
    InState,
    MemoryMap,
    plan,
    problem_of,
)
from compiler.memory.byte_execution import ByteExecution
from compiler.memory.sample_graphs import GraphBuilder, int8
from compiler.memory.sample_operations import Elementwise, Mix, fill
from compiler.memory.validate import validate


def planned(graph: Graph) -> MemoryMap:
    """The map of a graph, checked by the validator and by running it."""
    (result,) = plan([graph]).maps
    assert [str(violation) for violation in validate(graph, result)] == []
    inputs = {
        name: fill(graph.values[name].type, np.uint64(i)) for i, name in enumerate(graph.inputs)
    }
    values = interpret_all(graph, inputs)
    values |= {v.name: v.constant for v in graph.constants() if v.constant is not None}
    found = ByteExecution(graph, result, inputs).run()
    states = {state.output for state in graph.states}
    outputs = [name for name in graph.outputs if name not in states]
    for index, name in enumerate(outputs):
        assert found[f"output {index}"].tobytes() == values[name].tobytes()
    for state in graph.states:
        assert found[f"state {state.input}"].tobytes() == values[state.output].tobytes()
    return result


def test_output_is_computed_in_the_callers_memory() -> None:
    build = GraphBuilder()
    y = build.mix(build.mix(build.input("x", int8(5)), to=int8(7)), to=int8(3))
    result = planned(build.finish(y))
    assert result.values == {"x": InInput(0), "v0": InArena(0), "v1": InOutput(0)}
    assert (result.arena_bytes, result.copies) == (8, ())


def test_view_of_an_internal_value_as_output() -> None:
    build = GraphBuilder()
    inner = build.mix(build.input("x", int8(6)), to=int8(6))
    build.mix(inner, to=int8(1))
    result = planned(build.finish(build.view(inner, 2, 3)))
    assert result.values["v0"] == result.values["v2"] == InOutput(0)


def test_outputs_that_live_elsewhere_are_copied() -> None:
    build = GraphBuilder()
    x = build.input("x", int8(4))
    c = build.constant("c", int8(3))
    y = build.mix(x, to=int8(2))
    result = planned(build.finish(x, build.view(x, 2, 2), build.view(c, 3, 1), y, y, build.view(y)))
    assert result.copies == (
        Copy(4, "x", InInput(0), InOutput(0), 4),
        Copy(4, "v1", InInput(0), InOutput(1), 4),
        Copy(4, "v2", InConstant("c"), InOutput(2), 3),
        Copy(4, "v0", InOutput(3), InOutput(4), 2),
        Copy(4, "v3", InOutput(3), InOutput(5), 2),
    )


def test_cache_is_updated_where_it_is() -> None:
    build = GraphBuilder()
    cache = build.input("past", int8(4, 8))
    x = build.input("x", int8(8))
    first = build.update(cache, x)
    flat = build.view(first)
    second = build.update(flat, x)
    y = build.mix(second, to=int8(8))
    result = planned(build.finish(y, states=[("past", build.view(second, 4, 8))]))
    assert result.copies == ()
    assert {result.values[name] for name in ("past", first, flat, second)} == {InState("past")}
    assert result.values["x"] == InInput(0)
    assert result.arena_bytes == 0


def test_cache_read_after_its_update_is_kept() -> None:
    build = GraphBuilder()
    cache = build.input("past", int8(4, 8))
    new = build.update(cache)
    y = build.mix(cache, to=int8(8))
    result = planned(build.finish(y, states=[("past", new)]))
    where = result.values[new]
    assert result.copies == (
        Copy(0, "past", InState("past"), where, 32),
        Copy(2, new, where, InState("past"), 32),
    )
    assert isinstance(where, InArena)


def test_cache_of_the_caller_is_copied_to_the_output() -> None:
    build = GraphBuilder()
    new = build.update(build.input("past", int8(32)))
    result = planned(build.finish(new))
    assert result.copies == (Copy(0, "past", InInput(0), InOutput(0), 32),)


def test_update_of_a_constant() -> None:
    build = GraphBuilder()
    new = build.update(build.constant("zeros", int8(32)))
    y = build.mix(new, to=int8(1))
    result = planned(build.finish(y))
    assert result.copies == (Copy(0, "zeros", InConstant("zeros"), InArena(0), 32),)


def test_new_state_is_computed_in_the_dead_old_one() -> None:
    build = GraphBuilder()
    x = build.mix(build.input("h", int8(16)), build.input("x", int8(4)), to=int8(16))
    new = build.mix(x, to=int8(16))
    result = planned(build.finish(build.mix(new, to=int8(1)), states=[("h", new)]))
    assert result.values[new] == InState("h")
    assert result.copies == ()


def test_new_state_computed_from_the_old_one_is_copied() -> None:
    build = GraphBuilder()
    new = build.mix(build.input("h", int8(16)), to=int8(16))
    result = planned(build.finish(states=[("h", new)]))
    assert result.copies == (Copy(1, new, InArena(0), InState("h"), 16),)


def test_new_state_computed_in_place_of_the_old_one() -> None:
    build = GraphBuilder()
    h = build.input("h", int8(16))
    new = build.elementwise(h, build.input("x", int8(16)))
    result = planned(build.finish(states=[("h", new)]))
    assert result.values[new] == InState("h")
    assert result.copies == ()


def test_one_result_is_the_new_content_of_two_states() -> None:
    build = GraphBuilder()
    read, unread = build.input("read", int8(8)), build.input("unread", int8(8))
    new = build.mix(read, to=int8(8))
    result = planned(build.finish(states=[(read, new), (unread, new)]))
    assert result.values[new] == InState("unread")
    assert result.copies == (Copy(1, new, InState("unread"), InState("read"), 8),)


def test_delay_line_is_shifted_from_its_end() -> None:
    build = GraphBuilder()
    a, b, x = (build.input(name, int8(8)) for name in ("a", "b", "x"))
    y = build.mix(a, b, x, to=int8(2))
    result = planned(build.finish(y, states=[("a", x), ("b", a)]))
    assert [copy.value for copy in result.copies] == ["a", "x"]


def test_states_that_swap() -> None:
    build = GraphBuilder()
    a, b, c = (build.input(name, int8(8)) for name in "abc")
    y = build.mix(a, b, c, to=int8(2))
    result = planned(build.finish(y, states=[("a", b), ("b", c), ("c", a)]))
    assert len(result.copies) == 4
    assert result.arena_bytes == 8


def test_state_that_is_also_an_output() -> None:
    build = GraphBuilder()
    h = build.input("h", int8(8))
    new = build.mix(build.mix(h, to=int8(8)), to=int8(8))
    result = planned(build.finish(build.view(new, 2, 4), states=[("h", new)]))
    assert len(result.copies) == 1


def test_unchanged_and_constant_states() -> None:
    build = GraphBuilder()
    build.input("same", int8(8))
    build.input("reset", int8(4))
    c = build.constant("c", int8(4))
    y = build.mix(build.input("x", int8(1)), to=int8(1))
    result = planned(build.finish(y, states=[("same", "same"), ("reset", c)]))
    assert result.copies == (Copy(1, "c", InConstant("c"), InState("reset"), 4),)


def test_in_place_takes_the_operand_that_dies() -> None:
    build = GraphBuilder()
    x = build.input("x", int8(64))
    residual, branch = build.mix(x, to=int8(64)), build.mix(x, to=int8(64))
    total = build.elementwise(residual, branch, over=(0, 1))
    kept = build.elementwise(total, residual, over=(0, 1))
    result = planned(build.finish(build.mix(kept, to=int8(1))))
    assert result.values[total] == result.values[branch]
    assert result.values[total] != result.values[residual]
    assert result.arena_bytes == 128


def test_in_place_needs_elements_of_one_size() -> None:
    build = GraphBuilder()
    wide = build.mix(build.input("x", int8(1)), to=TensorType(DataType.INT32, (16,)))
    narrow = build.node(Elementwise(int8(16)), wide)
    result = planned(build.finish(build.mix(narrow, to=int8(1))))
    assert result.values[narrow] != result.values[wide]


def test_in_place_is_refused_where_an_operand_is_used_twice() -> None:
    build = GraphBuilder()
    a = build.mix(build.input("x", int8(1)), to=int8(16))
    b = build.elementwise(a, a, over=(0,))
    result = planned(build.finish(build.mix(b, to=int8(1))))
    assert result.values[a] != result.values[b]


def test_in_place_never_raises_the_bound() -> None:
    # Running over the large operand would keep 512 bytes alive next to the 600 that come later.
    build = GraphBuilder()
    large = build.mix(build.input("x", int8(1)), to=int8(512))
    small = build.node(Elementwise(int8(8)), large)
    later = build.mix(small, to=int8(600))
    build_bound = problem_of(build.finish(build.mix(small, later, to=int8(1)))).bound
    assert build_bound == 608


def test_interface_is_never_run_in_place() -> None:
    build = GraphBuilder()
    x = build.input("x", int8(16))
    y = build.elementwise(build.elementwise(x))
    result = planned(build.finish(y))
    assert [result.values[name] for name in ("x", "v0", "v1")] == [
        InInput(0),
        InArena(0),
        InOutput(0),
    ]


def test_scratch_memory_and_unread_results_live_for_their_node() -> None:
    build = GraphBuilder()
    x = build.input("x", int8(4))
    build.node(Mix((int8(8), int8(24)), scratch_bytes=40), x, outputs=2)
    y = build.mix("v0", to=int8(4), scratch=56)
    problem = problem_of(build.finish(y), alignment=8)
    lifetimes = {b.name: (b.first, b.last, b.bytes) for b in problem.buffers}
    assert lifetimes == {
        "value:v0": (0, 1, 8),
        "value:v0.1": (0, 0, 24),
        "scratch:n0": (0, 0, 40),
        "scratch:n1": (1, 1, 56),
    }
    planned(build.graph)
