"""Proof that a memory map is good, by simulation; shares no code with the planner.

Every byte of writable memory carries a tag: which content it holds and which byte of it. The
nodes and copies run in order as the generated code does. A kernel finds its inputs intact only if
every byte of them carries the right tag, whatever lifetimes the planner thought of. Kernels are
taken to write outputs and scratch memory in any order and at any time, before they read the last
input; only what an operation declares (`in_place`, `updates`) may share memory with an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compiler.ir import Graph, Node
from compiler.memory.memory_map import (
    Copy,
    InArena,
    InConstant,
    InInput,
    InOutput,
    InState,
    Location,
    MemoryMap,
    interface_inputs,
    interface_outputs,
)
from compiler.memory.plan import Plan

Tags = npt.NDArray[np.int64]

_BYTE_BITS = 32
_NOTHING = 0
_SCRATCH = 1
_FIRST_CONTENT = 2


@dataclass(frozen=True)
class Violation:
    """Something in a memory map that would make the generated code wrong."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class _Range:
    """Bytes `start` to `end` (exclusive) of one memory, used for `role`."""

    role: str
    memory: tuple[str, int | str]
    start: int
    end: int

    def meets(self, other: _Range) -> bool:
        return self.memory == other.memory and self.start < other.end and other.start < self.end


def validate_plan(graphs: Sequence[Graph], plan: Plan) -> list[Violation]:
    """All violations in a network's plan: see `validate`; and in what its entry points share."""
    found: list[Violation] = []
    for graph, memory_map in zip(graphs, plan.maps, strict=True):
        found += validate(graph, memory_map)
        if memory_map.arena_bytes > plan.arena_bytes:
            found.append(Violation(graph.name, "needs more arena than the plan has"))
    end = 0
    for state in sorted(plan.states, key=lambda state: state.offset):
        if state.offset < end or state.offset % plan.alignment:
            found.append(Violation(f"state {state.name!r}", "overlaps another or is misaligned"))
        end = state.offset + state.bytes
    if end > plan.states_bytes:
        found.append(Violation("states", f"end at {end}, past {plan.states_bytes} bytes"))
    sizes = {state.name: state.bytes for state in plan.states}
    for graph in graphs:
        for state in graph.states:
            if sizes.get(state.input, -1) < graph.values[state.input].type.bytes:
                found.append(Violation(f"state {state.input!r}", "has too little memory"))
    return found


def validate(graph: Graph, memory_map: MemoryMap) -> list[Violation]:
    """All violations of one entry point's memory map; empty if the map is good.

    A map is good if no node, run in order with the copies of the map, reads a byte that is not
    its operand's; if everything lies aligned inside its memory; if read-only memory is never
    written; and if in the end all outputs and states hold what the graph says.
    """
    simulation = _Simulation(graph, memory_map)
    simulation.run()
    return simulation.violations


class _Simulation:
    def __init__(self, graph: Graph, memory_map: MemoryMap) -> None:
        self.graph = graph
        self.map = memory_map
        self.copies: dict[int, list[Copy]] = {}
        for copy in memory_map.copies:
            self.copies.setdefault(copy.step, []).append(copy)
        self.violations: list[Violation] = []
        self.content: dict[str, int] = {}
        self.content_names = ["nothing", "scratch memory"]
        self.constants = {value.name: value.type.bytes for value in graph.constants()}
        self.inputs = interface_inputs(graph)
        self.outputs = interface_outputs(graph)
        self.writable: dict[tuple[str, int | str], Tags] = {
            ("arena", 0): np.zeros(max(memory_map.arena_bytes, 0), np.int64)
        }
        for index, name in enumerate(self.outputs):
            self.writable["output", index] = np.zeros(self._bytes(name), np.int64)
        for name in [*self.constants, *self.inputs]:
            self._new_content(name)
        for state in graph.states:
            self._new_content(state.input)
            self.writable["state", state.input] = self._tags(state.input)

    def run(self) -> None:
        self._check_places()
        for step, node in enumerate(self.graph.nodes):
            self._run_copies(step)
            if node.operation.view_of is None:
                self._run_node(node)
            else:
                source = node.inputs[node.operation.view_of]
                assert source is not None
                self.content[node.outputs[0]] = self.content[source]
        self._run_copies(len(self.graph.nodes))
        for index, name in enumerate(self.outputs):
            memory = _Range("output", ("output", index), 0, self._bytes(name))
            self._check_content("end of the run", f"output {name!r}", name, memory)
        for state in self.graph.states:
            memory = _Range("state", ("state", state.input), 0, self._bytes(state.output))
            self._check_content("end of the run", f"state {state.input!r}", state.output, memory)

    # --- contents and memory -------------------------------------------------------------------

    def _bytes(self, name: str) -> int:
        return self.graph.values[name].type.bytes

    def _new_content(self, name: str) -> None:
        self.content[name] = len(self.content_names)
        self.content_names.append(repr(name))

    def _tags(self, name: str) -> Tags:
        """What memory that holds the value carries."""
        return (self.content[name] << _BYTE_BITS) + np.arange(self._bytes(name), dtype=np.int64)

    def _memory(self, location: Location) -> tuple[tuple[str, int | str], int | None]:
        """A location's memory and its size in bytes, None if there is no such memory."""
        match location:
            case InArena():
                return ("arena", 0), self.map.arena_bytes
            case InConstant(name):
                return ("constant", name), self.constants.get(name)
            case InInput(index):
                known = 0 <= index < len(self.inputs)
                return ("input", index), self._bytes(self.inputs[index]) if known else None
            case InOutput(index):
                known = 0 <= index < len(self.outputs)
                return ("output", index), self._bytes(self.outputs[index]) if known else None
            case InState(name):
                known = any(state.input == name for state in self.graph.states)
                return ("state", name), self._bytes(name) if known else None

    def _range(self, role: str, location: Location, size: int) -> _Range | None:
        """The bytes of something, or None if they are not inside their memory."""
        memory, available = self._memory(location)
        if available is None or location.offset < 0 or location.offset + size > available:
            return None
        return _Range(role, memory, location.offset, location.offset + size)

    def _read(self, memory: _Range) -> Tags:
        kind, key = memory.memory
        if memory.memory in self.writable:
            return self.writable[memory.memory][memory.start : memory.end]
        name = str(key) if kind == "constant" else self.inputs[int(key)]
        return self._tags(name)[memory.start : memory.end]

    # --- checks --------------------------------------------------------------------------------

    def _report(self, where: str, what: str) -> None:
        self.violations.append(Violation(where, what))

    def _check_places(self) -> None:
        """Everything has a place, aligned and inside its memory."""
        mentioned = dict.fromkeys(
            [
                *(name for node in self.graph.nodes for name in node.inputs if name is not None),
                *(name for node in self.graph.nodes for name in node.outputs),
                *self.inputs,
                *self.outputs,
                *(name for state in self.graph.states for name in (state.input, state.output)),
            ]
        )
        for name in mentioned:
            if name not in self.map.values:
                self._report(f"value {name!r}", "has no place in memory")
                continue
            width = self.graph.values[name].type.data_type.bytes
            self._check_place(f"value {name!r}", self.map.values[name], self._bytes(name), width)
        for node in self.graph.nodes:
            size = self._scratch_bytes(node)
            if size and node.name not in self.map.scratch:
                self._report(f"node {node.name!r}", "has no scratch memory")
            elif size:
                where = f"scratch memory of {node.name!r}"
                self._check_place(where, self.map.scratch[node.name], size, 1)

    def _check_place(self, where: str, location: Location, size: int, width: int) -> None:
        memory, available = self._memory(location)
        kind = memory[0]
        if available is None:
            self._report(where, f"is in {kind} {memory[1]!r}, which does not exist")
        elif location.offset < 0 or location.offset + size > available:
            end = location.offset + size
            self._report(
                where, f"is at {location.offset} to {end} of {kind} memory of {available} bytes"
            )
        if size and (location.offset % self.map.alignment or self.map.alignment % width):
            self._report(
                where, f"is at {location.offset}, not a multiple of {self.map.alignment} bytes"
            )

    def _check_content(self, where: str, role: str, name: str, memory: _Range) -> None:
        found = self._read(memory)
        wrong = found != self._tags(name)[: len(found)]
        count = int(wrong.sum())
        if count:
            first = int(wrong.argmax())
            owner = self.content_names[int(found[first]) >> _BYTE_BITS]
            what = f"byte {found[first] & ((1 << _BYTE_BITS) - 1)} of {owner}"
            if owner == self.content_names[_NOTHING]:
                what = owner
            self._report(
                where,
                f"{role}: {count} of {len(found)} bytes are not those of {name!r}; "
                f"byte {first} ({memory.memory[0]} {memory.start + first}) holds {what}",
            )

    # --- execution -----------------------------------------------------------------------------

    def _scratch_bytes(self, node: Node) -> int:
        graph = self.graph
        kernel = node.operation.kernel(graph.input_types(node), graph.output_types(node))
        return 0 if kernel is None else kernel.scratch_bytes

    def _run_node(self, node: Node) -> None:
        where = f"node {node.name!r}"
        inputs = [self._operand(f"input {name!r}", name) for name in node.inputs]
        outputs = [self._operand(f"output {name!r}", name) for name in node.outputs]
        scratch: list[_Range] = []
        size = self._scratch_bytes(node)
        if size and node.name in self.map.scratch:
            place = self._range("scratch memory", self.map.scratch[node.name], size)
            scratch = [] if place is None else [place]
        for name, place in zip(node.inputs, inputs, strict=True):
            if name is not None and place is not None:
                self._check_content(where, place.role, name, place)
        written = [place for place in outputs if place is not None] + scratch
        for i, place in enumerate(written):
            for other in written[i + 1 :]:
                if place.meets(other):
                    self._report(where, f"{place.role} and {other.role} overlap")
            for index, source in enumerate(inputs):
                if source is None or not place.meets(source):
                    continue
                if place is not outputs[0] or not self._may_share(node, index, place, source):
                    self._report(where, f"{place.role} overwrites {source.role}")
        updated = node.operation.updates
        if updated is not None and outputs[0] is not None:
            name = node.inputs[updated]
            assert name is not None
            self._check_content(where, f"memory updated as {outputs[0].role}", name, outputs[0])
        for place in scratch:
            self._write(where, place, np.full(size, _SCRATCH << _BYTE_BITS, np.int64))
        for name, place in zip(node.outputs, outputs, strict=True):
            self._new_content(name)
            if place is not None:
                self._write(where, place, self._tags(name))

    def _operand(self, role: str, name: str | None) -> _Range | None:
        if name is None or name not in self.map.values:
            return None
        return self._range(role, self.map.values[name], self._bytes(name))

    def _may_share(self, node: Node, index: int, output: _Range, source: _Range) -> bool:
        name = node.inputs[index]
        assert name is not None
        if output.start != source.start:
            return False
        if index == node.operation.updates:
            return output.end == source.end
        old, new = self.graph.values[name].type, self.graph.values[node.outputs[0]].type
        return (
            index in node.operation.in_place
            and old.data_type.bytes == new.data_type.bytes
            and output.end <= source.end
        )

    def _write(self, where: str, place: _Range, tags: Tags) -> None:
        if place.memory in self.writable:
            self.writable[place.memory][place.start : place.end] = tags
        elif place.start < place.end:
            self._report(where, f"{place.role} is in {place.memory[0]} memory, which is read-only")

    def _run_copies(self, step: int) -> None:
        if step == 0:
            for copy in self.map.copies:
                if not 0 <= copy.step <= len(self.graph.nodes):
                    self._report(f"copy of {copy.value!r}", f"at step {copy.step} never happens")
        for copy in self.copies.get(step, ()):
            where = f"copy of {copy.value!r} before step {step}"
            source = self._range("source", copy.source, copy.bytes)
            target = self._range("target", copy.target, copy.bytes)
            if source is None or target is None:
                role = "source" if source is None else "target"
                self._report(where, f"its {role} is not inside its memory")
                continue
            if source.meets(target):
                self._report(where, "source and target overlap")
            self._write(where, target, self._read(source).copy())
