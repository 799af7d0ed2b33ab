"""Checks a program against its graph, without anything that made it.

Every byte of memory carries a tag (`tagged_memory.py`): which value it belongs to and which of its
bytes it is. Copies move tags, kernels check those of what they read and write new ones. So it is
proved, byte by byte, that every tile reads what the graph says, that tiles cover their output
exactly once, and that results end where they belong. A copy that is under way owns its bytes at
both ends: nothing else may write the source or touch the target from the step in which it begins
to the one in which it is due.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compiler.ir import Array, Box, Graph, Node, TensorType
from compiler.memory.memory_map import interface_outputs
from compiler.schedule.extents import program_with
from compiler.schedule.known_values import known_values, sample_values
from compiler.schedule.program import (
    FORBIDDEN_LINE_BYTES,
    MAXIMUM_TRANSFER_BYTES,
    Call,
    Place,
    Program,
    Space,
    Transfer,
)
from compiler.schedule.record import RECORD_OF
from compiler.schedule.tagged_memory import UNDEFINED, Memory, TaggedMemory, Tags


def validate(graph: Graph, program: Program, l1_bytes: int) -> list[str]:
    """What is wrong with a program that may use `l1_bytes` of L1; nothing if it is right.

    A program with extents is checked as it runs for the fewest rows, the most and some between;
    it is linear in them.
    """
    if not program.extents:
        return _Validation(graph, program, l1_bytes, {}).run()
    violations: list[str] = []
    for values in sample_values(program):
        rows = [extent.at(values[extent.input]) for extent in program.extents]
        found = _Validation(graph, program_with(program, rows), l1_bytes, values).run()
        violations += [f"{violation} (for inputs {values})" for violation in found]
    return violations


@dataclass
class _Flight:
    """A copy under way: its lines, and the tags they had when it began."""

    transfer: Transfer
    source: Memory
    target: Memory
    source_lines: list[tuple[int, int]]
    target_lines: list[tuple[int, int]]
    tags: list[Tags] = field(default_factory=list[Tags])


class _Validation:
    def __init__(
        self, graph: Graph, program: Program, l1_bytes: int, values: Mapping[int, int]
    ) -> None:
        self._graph = graph
        self._known = known_values(graph, values)
        self._program = program
        self._violations: list[str] = []
        self._nodes = {node.name: node for node in graph.nodes}
        self._produced: dict[str, Array] = {}
        self._flights: list[_Flight] = []
        self._step = 0
        if program.l1_bytes > l1_bytes:
            self._report(f"{program.l1_bytes} bytes of L1 are in use, of {l1_bytes}")
        self._memory = TaggedMemory(graph, program)

    def run(self) -> list[str]:
        for index, step in enumerate(self._program.steps):
            self._step = index
            for transfer in step.transfers:
                self._begin(transfer)
            for number, call in enumerate(step.calls):
                self._call(call, step.calls[:number])
            for flight in [f for f in self._flights if f.transfer.due == index]:
                self._end(flight)
        for flight in self._flights:
            self._report(f"the copy of {flight.transfer.what} is never due")
        self._check_coverage()
        self._check_results()
        return self._violations

    def _report(self, what: str) -> None:
        self._violations.append(f"step {self._step}: {what}")

    def _bytes(self, place: Place, size: int) -> Tags:
        """A view of memory; undefined, and reported, if it is outside."""
        found = self._memory.at(place, size)
        if found is None:
            self._report(f"{size} bytes at {place} are outside of that memory")
            return np.full(size, UNDEFINED, np.int64)
        return found

    # --- copies --------------------------------------------------------------------------------

    def _begin(self, transfer: Transfer) -> None:
        if transfer.lines > 1 and transfer.line_bytes == FORBIDDEN_LINE_BYTES:
            self._report(f"the copy of {transfer.what} has lines of {FORBIDDEN_LINE_BYTES} bytes")
        if transfer.bytes > MAXIMUM_TRANSFER_BYTES:
            self._report(f"the copy of {transfer.what} is too long")
        if transfer.due < self._step:
            self._report(f"the copy of {transfer.what} is due before it begins")
        outside = transfer.external
        inside_lines = [(transfer.l1, transfer.l1 + transfer.bytes)]
        starts = [outside.offset + line * transfer.stride for line in range(transfer.lines)]
        outside_lines = [(start, start + transfer.line_bytes) for start in starts]
        inside: Memory = (Space.L1, "")
        there: Memory = (outside.space, outside.key)
        if transfer.load:
            flight = _Flight(transfer, there, inside, outside_lines, inside_lines)
        else:
            flight = _Flight(transfer, inside, there, inside_lines, outside_lines)
            if outside.space in (Space.CONSTANTS, Space.WEIGHT_MEMORY, Space.INPUT):
                self._report(f"{transfer.what} is stored to memory that is only read")
        for begin, end in flight.source_lines:
            self._check_flights(flight.source, begin, end, writes=False, what=transfer.what)
            place = Place(flight.source[0], begin, flight.source[1])
            flight.tags.append(self._bytes(place, end - begin).copy())
        for begin, end in flight.target_lines:
            self._check_flights(flight.target, begin, end, writes=True, what=transfer.what)
            self._bytes(Place(flight.target[0], begin, flight.target[1]), end - begin)[:] = (
                UNDEFINED
            )
        if any(bool(np.any(tags == UNDEFINED)) for tags in flight.tags):
            self._report(f"the copy of {transfer.what} reads bytes that nothing has written")
        self._flights.append(flight)

    def _end(self, flight: _Flight) -> None:
        tags = np.concatenate(flight.tags)
        position = 0
        for begin, end in flight.target_lines:
            size = end - begin
            place = Place(flight.target[0], begin, flight.target[1])
            self._bytes(place, size)[:] = tags[position : position + size]
            position += size
        self._flights.remove(flight)

    def _check_flights(
        self, memory: Memory, begin: int, end: int, *, writes: bool, what: str
    ) -> None:
        """Reports copies under way that an access from `begin` to `end` meets."""
        for flight in self._flights:
            meets = (flight.target == memory and _overlap(flight.target_lines, begin, end)) or (
                writes and flight.source == memory and _overlap(flight.source_lines, begin, end)
            )
            if meets:
                self._report(f"{what} meets the copy of {flight.transfer.what} under way")

    # --- calls ---------------------------------------------------------------------------------

    def _call(self, call: Call, beside: tuple[Call, ...]) -> None:
        node = self._nodes.get(call.node)
        names = self._names(call, node)
        for index, (place, type_) in enumerate(zip(call.operands, call.inputs, strict=False)):
            name = names[index]
            if place is None or type_ is None or name is None:
                continue
            self._check_flights(
                (place.space, place.key),
                place.offset,
                place.offset + type_.bytes,
                writes=False,
                what=f"{call.node} reading {name}",
            )
            box = call.boxes[index] if call.boxes else None
            if not np.array_equal(self._bytes(place, type_.bytes), self._memory.tags(name, box)):
                self._report(f"{call.node}, tile {call.tile}: {name} is not where it is read")
        for other in beside:
            self._check_independent(call, other)
        self._write(call, names[len(call.inputs) :])
        if node is not None:
            self._check_tile(call, node)

    def _names(self, call: Call, node: Node | None) -> list[str | None]:
        """Names of the values that the call reads, then writes."""
        if node is not None:
            return [*node.inputs, *node.outputs]
        value = call.node.removeprefix("copy of ").removeprefix(RECORD_OF)
        return [value, value]

    def _write(self, call: Call, names: list[str | None]) -> None:
        kernel = call.operation.kernel(call.inputs, call.outputs)
        assert kernel is not None
        places = call.operands[len(call.inputs) :]
        sizes = [type_.bytes for type_ in call.outputs]
        if kernel.scratch_bytes:
            sizes.append(kernel.scratch_bytes)
        if len(sizes) != len(places):
            self._report(f"{call.node} has {len(places)} results and scratch, not {len(sizes)}")
        written: list[tuple[Place, int]] = []
        for index, (place, size) in enumerate(zip(places, sizes, strict=False)):
            assert place is not None
            self._check_flights(
                (place.space, place.key),
                place.offset,
                place.offset + size,
                writes=True,
                what=call.node,
            )
            for other, other_size in written:
                if _same_bytes(place, size, other, other_size):
                    self._report(f"{call.node}: two results are in one place")
            written.append((place, size))
            self._check_sharing(call, index, place, size)
        for index, (place, size) in enumerate(zip(places, sizes, strict=False)):
            assert place is not None
            name = names[index] if index < len(names) else None
            if name is None:
                self._bytes(place, size)[:] = UNDEFINED
                continue
            box = call.boxes[-1] if index == 0 and call.boxes else None
            tags = self._memory.tags(name, box)
            if len(tags) != size:
                self._report(f"{call.node}: {name} has {len(tags)} bytes, not {size}")
                continue
            self._bytes(place, size)[:] = tags
            if call.node in self._nodes and not call.repeated:
                self._count(name, box)

    def _check_sharing(self, call: Call, index: int, place: Place, size: int) -> None:
        """Reports a result that overwrites an operand which the operation does not give away."""
        operation = call.operation
        for position, (operand, type_) in enumerate(zip(call.operands, call.inputs, strict=False)):
            if operand is None or type_ is None:
                continue
            if not _same_bytes(place, size, operand, type_.bytes):
                continue
            given = index == 0 and operand == place
            given = given and (position in operation.in_place or position == operation.updates)
            if not given:
                self._report(f"{call.node}: a result overwrites input {position}")

    def _check_independent(self, call: Call, other: Call) -> None:
        """Reports results of one call of a step that the other touches."""
        for first, second in ((call, other), (other, call)):
            for place, type_ in _results(first):
                touched = [*_results(second), *zip(second.operands, second.inputs, strict=False)]
                for operand, operand_type in touched:
                    if operand is None or operand_type is None or place is None:
                        continue
                    if _same_bytes(place, type_.bytes, operand, operand_type.bytes):
                        self._report(f"{first.node} and {second.node} meet in one step")

    def _check_tile(self, call: Call, node: Node) -> None:
        """Reports a call that is not what the node's operation says about its box."""
        types = self._graph.input_types(node)
        output = self._graph.values[node.outputs[0]].type
        box = call.boxes[-1]
        assert box is not None
        if call.shortened:
            self._check_shortened(call, node)
            return
        if box == Box.whole(output.shape):
            expected = (node.operation, tuple(None if t is None else t.shape for t in types))
        elif not _is_cut_along(box, output.shape, node.operation.tile_axes(types)):
            self._report(f"{call.node}, tile {call.tile} is cut along an axis that it needs whole")
            return
        else:
            tile = node.operation.tile(types, box)
            shapes = tuple(None if part is None else part.shape for part in tile.inputs)
            expected = (tile.operation, shapes)
        found = tuple(None if type_ is None else type_.shape for type_ in call.inputs)
        if (call.operation, found) != expected:
            self._report(f"{call.node}, tile {call.tile} is not what its output asks for")

    def _check_shortened(self, call: Call, node: Node) -> None:
        """Reports operands that end before all that the operation reaches, or a wrong call."""
        types = self._graph.input_types(node)
        tile = node.operation.within(types, dict(call.shortened))
        shapes = tuple(None if part is None else part.shape for part in tile.inputs)
        found = tuple(None if type_ is None else type_.shape for type_ in call.inputs)
        if (call.operation, found, call.boxes) != (
            tile.operation,
            shapes,
            (*tile.inputs, tile.output),
        ):
            self._report(f"{call.node} is not what its operands ask for")
        for position, reach in node.operation.reach(types).items():
            type_, name = types[position], node.inputs[reach.by]
            assert type_ is not None and name is not None
            rows = min(type_.shape[reach.axis], dict(call.shortened).get(position, 0))
            known = self._known.get(name)
            if known is None:
                self._report(f"{call.node}: how far it reaches is unknown")
            elif rows < min(type_.shape[reach.axis], int(known.max(initial=0)) + reach.offset):
                self._report(f"{call.node} reaches further than {rows} rows")

    # --- the end -------------------------------------------------------------------------------

    def _count(self, name: str, box: Box | None) -> None:
        type_ = self._graph.values[name].type
        counts = self._produced.setdefault(name, np.zeros(type_.shape, np.uint8))
        counts[box.slices if box is not None else ...] += 1

    def _check_coverage(self) -> None:
        for node in self._graph.nodes:
            types: Mapping[str, TensorType] = {
                name: self._graph.values[name].type for name in node.outputs
            }
            kernel = node.operation.kernel(
                self._graph.input_types(node), self._graph.output_types(node)
            )
            if kernel is None or not any(type_.elements for type_ in types.values()):
                continue
            for name, type_ in types.items():
                counts = self._produced.get(name, np.zeros(type_.shape, np.uint8))
                if not bool(np.all(counts == 1)):
                    self._report(f"elements of {name} are not computed exactly once")

    def _check_results(self) -> None:
        graph = self._graph
        places: list[tuple[Memory, str]] = [
            ((Space.OUTPUT, index), name) for index, name in enumerate(interface_outputs(graph))
        ]
        places += [((Space.STATE, state.input), state.output) for state in graph.states]
        for memory, name in places:
            if not np.array_equal(self._memory.all_of(memory), self._memory.tags(name)):
                self._report(f"result {name} is not where it belongs")


def _results(call: Call) -> Iterator[tuple[Place | None, TensorType]]:
    return zip(call.operands[len(call.inputs) :], call.outputs, strict=False)


def _overlap(lines: list[tuple[int, int]], begin: int, end: int) -> bool:
    return any(first < end and begin < last for first, last in lines)


def _same_bytes(a: Place, a_bytes: int, b: Place, b_bytes: int) -> bool:
    if (a.space, a.key) != (b.space, b.key) or not a_bytes or not b_bytes:
        return False
    return a.offset < b.offset + b_bytes and b.offset < a.offset + a_bytes


def _is_cut_along(box: Box, shape: Sequence[int], axes: Sequence[int]) -> bool:
    """Whether a box is whole on all axes but `axes`."""
    return all(
        axis in axes or (begin, end) == (0, extent)
        for axis, (begin, end, extent) in enumerate(zip(box.begin, box.end, shape, strict=True))
    )
