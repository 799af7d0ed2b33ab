"""The validator finds whatever would make generated code wrong.

The judge is a run of the graph in flat byte arrays: if a corrupted map changes a result, the
validator must have said so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from compiler.interpreter import interpret_all
from compiler.ir import Graph
from compiler.memory import (
    Copy,
    InArena,
    InConstant,
    InInput,
    InOutput,
    InState,
    Location,
    MemoryMap,
    interface_outputs,
    plan,
)
from compiler.memory.byte_execution import ByteExecution
from compiler.memory.sample_graphs import GraphBuilder, graphs, int8, transformer_step
from compiler.memory.sample_operations import fill
from compiler.memory.validate import validate, validate_plan


def runs_right(graph: Graph, memory_map: MemoryMap) -> bool:
    inputs = {
        name: fill(graph.values[name].type, np.uint64(i)) for i, name in enumerate(graph.inputs, 1)
    }
    values = interpret_all(graph, inputs)
    values |= {v.name: v.constant for v in graph.constants() if v.constant is not None}
    found = ByteExecution(graph, memory_map, inputs).run()
    outputs = {f"output {i}": values[name] for i, name in enumerate(interface_outputs(graph))}
    states = {f"state {state.input}": values[state.output] for state in graph.states}
    return all(found[k].tobytes() == v.tobytes() for k, v in (outputs | states).items())


@st.composite
def corruptions(draw: st.DrawFn, graph: Graph, good: MemoryMap) -> MemoryMap:
    """One to three changes of a good map; nothing leaves the guards of the byte arrays."""
    result = good
    locations: list[Location] = sorted({*good.values.values()}, key=repr)
    for _ in range(draw(st.integers(1, 3))):
        kinds = ["move", "shift", "swap"]
        kinds += ["copy", "order"] if result.copies else []
        kinds += ["scratch"] if result.scratch else []
        kind = draw(st.sampled_from(kinds))
        name = draw(st.sampled_from(sorted(result.values)))
        if kind == "move":
            place = draw(st.sampled_from(locations))
            result = replace(result, values={**result.values, name: place})
        elif kind == "shift":
            old = result.values[name]
            offset = max(0, old.offset + draw(st.integers(-32, 32)))
            result = replace(result, values={**result.values, name: replace(old, offset=offset)})
        elif kind == "swap":
            other = draw(st.sampled_from(sorted(result.values)))
            a, b = result.values[name], result.values[other]
            result = replace(result, values={**result.values, name: b, other: a})
        elif kind == "scratch":
            node = draw(st.sampled_from(sorted(result.scratch)))
            place = InArena(draw(st.integers(0, result.arena_bytes)))
            result = replace(result, scratch={**result.scratch, node: place})
        elif kind == "copy":
            index = draw(st.integers(0, len(result.copies) - 1))
            result = replace(result, copies=result.copies[:index] + result.copies[index + 1 :])
        else:
            result = replace(result, copies=tuple(draw(st.permutations(result.copies))))
    return result


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_whatever_changes_a_result_is_found(data: st.DataObject) -> None:
    graph = data.draw(graphs(max_nodes=8))
    (good,) = plan([graph], alignment=4).maps
    bad = data.draw(corruptions(graph, good))
    if not runs_right(graph, bad):
        event("result changed")
        assert validate(graph, bad)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_every_misalignment_is_found(graph: Graph, data: st.DataObject) -> None:
    (good,) = plan([graph], alignment=4).maps
    names = [
        name
        for name, place in good.values.items()
        if isinstance(place, InArena) and graph.values[name].type.bytes
    ]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    offset = good.values[name].offset + data.draw(st.sampled_from([-3, -1, 1, 2, 3]))
    bad = replace(good, values={**good.values, name: InArena(offset)})
    assert any("not a multiple of 4" in violation.what for violation in validate(graph, bad))


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_every_arena_that_is_too_small_is_found(graph: Graph) -> None:
    (good,) = plan([graph], alignment=4).maps
    if good.arena_bytes:
        bad = replace(good, arena_bytes=good.arena_bytes - 4)
        found = [violation.what for violation in validate(graph, bad)]
        # A state saved while states swap is no value: the copy that saves it is reported.
        assert any("of arena memory of" in what or "not inside" in what for what in found)


def diamond() -> tuple[Graph, MemoryMap]:
    """Two branches that are alive at once, an update of a state, scratch memory and a copy."""
    build = GraphBuilder()
    x = build.input("x", int8(16))
    cache = build.input("cache", int8(16))
    left, right = build.mix(x, to=int8(16)), build.mix(x, to=int8(16), scratch=8)
    new = build.update(cache, left)
    y = build.mix(left, right, new, to=int8(16))
    graph = build.finish(y, x, states=[("cache", new)])
    (good,) = plan([graph]).maps
    assert validate(graph, good) == []
    return graph, good


def moved(name: str, place: Location) -> Callable[[MemoryMap], MemoryMap]:
    return lambda good: replace(good, values={**good.values, name: place})


CORRUPTIONS: list[tuple[Callable[[MemoryMap], MemoryMap], str]] = [
    (moved("v1", InArena(0)), "bytes are not those of 'v0'"),
    (moved("v1", InArena(4)), "not a multiple of 8"),
    (moved("v1", InArena(4096)), "of arena memory of 40 bytes"),
    (moved("v0", InArena(-8)), "is at -8"),
    (moved("v0", InInput(0)), "read-only"),
    (moved("v0", InConstant("none")), "does not exist"),
    (moved("v0", InOutput(7)), "does not exist"),
    (moved("v2", InArena(0)), "memory updated as output 'v2'"),
    (moved("v3", InState("cache")), "state 'cache': 16 of 16 bytes are not those of 'v2'"),
    (moved("v3", InArena(0)), "output 'v3' overwrites input 'v0'"),
    (lambda good: replace(good, scratch={}), "has no scratch memory"),
    (lambda good: replace(good, scratch={"n1": good.values["v1"]}), "overlap"),
    (lambda good: replace(good, copies=()), "16 of 16 bytes are not those of 'x'"),
    (lambda good: replace(good, copies=(replace(good.copies[0], step=9),)), "never happens"),
    (
        lambda good: replace(
            good, copies=(*good.copies, Copy(3, "x", InInput(0), good.values["v0"], 16))
        ),
        "not those of 'v0'",
    ),
    (
        lambda good: replace(
            good, copies=(*good.copies, Copy(4, "v0", InArena(0), InArena(8), 16))
        ),
        "source and target overlap",
    ),
    (
        lambda good: replace(good, values={k: v for k, v in good.values.items() if k != "v0"}),
        "has no place",
    ),
]


@pytest.mark.parametrize(("corrupt", "message"), CORRUPTIONS)
def test_messages(corrupt: Callable[[MemoryMap], MemoryMap], message: str) -> None:
    graph, good = diamond()
    found = [str(violation) for violation in validate(graph, corrupt(good))]
    assert any(message in text for text in found), found


def test_all_violations_are_reported() -> None:
    graph, good = diamond()
    bad = moved("v0", InArena(3))(moved("v1", InArena(4096))(good))
    wheres = {violation.where for violation in validate(graph, bad)}
    assert {"value 'v0'", "value 'v1'"} <= wheres


def test_shared_memory_of_entry_points() -> None:
    network = [transformer_step(2), transformer_step(2)]
    good = plan(network)
    assert validate_plan(network, good) == []
    assert validate_plan(network, replace(good, arena_bytes=good.arena_bytes - 8))
    assert validate_plan(network, replace(good, states_bytes=good.states_bytes - 8))
    overlapping = (good.states[0], replace(good.states[1], offset=0), *good.states[2:])
    assert validate_plan(network, replace(good, states=overlapping))
    assert validate_plan(network, replace(good, states=good.states[1:]))
