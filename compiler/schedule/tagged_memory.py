"""Memories whose every byte carries a tag: which value's which byte it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compiler.ir import Box, Graph
from compiler.memory.memory_map import interface_inputs, interface_outputs
from compiler.schedule.program import Place, Program, Space

Tags = npt.NDArray[np.int64]

UNDEFINED = -1
VALUE_SHIFT = 32
"""A tag is the index of the value in the upper bits, and the byte in it in the lower ones."""

CONSTANT = 1 << 60
"""Bytes of constants are tagged by what they are: this plus the byte."""

Memory = tuple[Space, str | int]


class TaggedMemory:
    """All memories of a program, as they are when a run begins: what it is given is there."""

    def __init__(self, graph: Graph, program: Program) -> None:
        self._graph = graph
        self._number = {name: index for index, name in enumerate(graph.values)}
        self._root = _roots(graph)
        self._memories: dict[Memory, Tags] = {
            (Space.L1, ""): np.full(program.l1_bytes, UNDEFINED, np.int64),
            (Space.ARENA, ""): np.full(program.arena_bytes, UNDEFINED, np.int64),
            (Space.CONSTANTS, ""): _constant_tags(program.constants),
            (Space.WEIGHT_MEMORY, ""): _constant_tags(program.weights),
        }
        for index, name in enumerate(interface_inputs(graph)):
            self._memories[Space.INPUT, index] = self.tags(name)
        for index, name in enumerate(interface_outputs(graph)):
            size = graph.values[name].type.bytes
            self._memories[Space.OUTPUT, index] = np.full(size, UNDEFINED, np.int64)
        for state in graph.states:
            self._memories[Space.STATE, state.input] = self.tags(state.input)

    def tags(self, name: str, box: Box | None = None) -> Tags:
        """The tags of a value's bytes, or of those of a part of it, in row-major order."""
        value = self._graph.values[name]
        root, begin = self._root[name]
        constant = self._graph.values[root].constant
        size = value.type.data_type.bytes
        if constant is not None:
            data = np.ascontiguousarray(constant).reshape(value.type.shape)
            part = data if box is None else np.ascontiguousarray(data[box.slices])
            return _constant_tags(part.tobytes())
        first = (self._number[root] << VALUE_SHIFT) + begin
        elements = np.arange(value.type.elements, dtype=np.int64).reshape(value.type.shape)
        if box is not None:
            elements = elements[box.slices]
        return ((first + elements.reshape(-1, 1) * size) + np.arange(size)).reshape(-1)

    def at(self, place: Place, size: int) -> Tags | None:
        """A view of some bytes, which may be written; None if they are outside of that memory."""
        memory = self._memories.get((place.space, place.key))
        if memory is None or not 0 <= place.offset <= place.offset + size <= len(memory):
            return None
        return memory[place.offset : place.offset + size]

    def all_of(self, memory: Memory) -> Tags:
        return self._memories[memory]


def _constant_tags(data: bytes) -> Tags:
    return np.frombuffer(data, np.uint8).astype(np.int64) + CONSTANT


def _roots(graph: Graph) -> dict[str, tuple[str, int]]:
    """For every value, the one whose bytes it shows, and from which on.

    Views have none of their own, nor have parts of what is joined.
    """
    values = graph.values
    shown: dict[str, tuple[str, int]] = {}
    for node in graph.nodes:
        begin = 0
        for name in node.inputs if node.operation.joins else ():
            assert name is not None
            shown[name] = node.outputs[0], begin
            begin += values[name].type.bytes
        if node.operation.view_of is not None:
            source = node.inputs[node.operation.view_of]
            assert source is not None
            begin = node.operation.view_begin(graph.input_types(node)) or 0
            shown[node.outputs[0]] = source, begin
    roots: dict[str, tuple[str, int]] = {}
    for name in values:
        root, first = name, 0
        while root in shown:
            root, begin = shown[root]
            first += begin
        roots[name] = root, first
    return roots
