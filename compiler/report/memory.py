"""Where every byte of a network goes: JSON for machines, a table for terminals, a page to look at.

Sizes are bytes of data as the compiler places them. What only the linker knows (code, stacks,
padding between sections) comes in as `sections`, read from the firmware's map file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from compiler.ir import Graph
from compiler.memory.aliasing import Block, Home, share_memory
from compiler.memory.memory_map import (
    FORMAT,
    InArena,
    MemoryMap,
    dump_json,
    interface_inputs,
    interface_outputs,
)


@dataclass(frozen=True)
class Tensor:
    """Memory with a fixed content or purpose: a weight, a state or a buffer of the caller."""

    name: str
    type: str
    bytes: int


@dataclass(frozen=True)
class ArenaBuffer:
    """Memory in the arena: `offset` and `bytes`, used from node `first` to node `last`.

    `kind` is `activation`, `scratch` or `saved state`; `values` are the tensors it holds in turn,
    for scratch memory the node.
    """

    kind: str
    values: tuple[str, ...]
    type: str
    offset: int
    bytes: int
    first: int
    last: int

    @property
    def label(self) -> str:
        """The first value, and how many more replace it."""
        more = len(self.values) - 1
        return f"{self.values[0]} (+{more})" if more else self.values[0]


@dataclass(frozen=True)
class Step:
    """A node in execution order, or the end of the run, and the arena bytes in use at it."""

    node: str
    operation: str
    live_bytes: int


@dataclass(frozen=True)
class EntryPoint:
    """Memory of one entry point; `bound` is the least arena that any placement needs.

    `schedule`: on a cluster, what is known of the program's quality, in sentences.
    """

    name: str
    arena_bytes: int
    bound: int
    alignment: int
    copied_bytes: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    buffers: tuple[ArenaBuffer, ...]
    steps: tuple[Step, ...]
    schedule: tuple[str, ...] = ()

    @property
    def interface_bytes(self) -> int:
        return sum(tensor.bytes for tensor in (*self.inputs, *self.outputs))

    @property
    def peak_step(self) -> int:
        """Index of the first step at which most of the arena is in use."""
        return int(np.argmax([step.live_bytes for step in self.steps]))


@dataclass(frozen=True)
class MemoryReport:
    """Memory of a network. Weights, states and the arena are shared by all entry points."""

    network: str
    weights: tuple[Tensor, ...]
    states: tuple[Tensor, ...]
    entry_points: tuple[EntryPoint, ...]
    sections: Mapping[str, int]

    @property
    def totals(self) -> dict[str, int]:
        """Bytes by kind. Of the entry points, of which one runs at a time, the largest counts."""
        totals = {
            "weights": sum(tensor.bytes for tensor in self.weights),
            "states": sum(tensor.bytes for tensor in self.states),
            "arena": max((entry.arena_bytes for entry in self.entry_points), default=0),
            "interface": max((entry.interface_bytes for entry in self.entry_points), default=0),
        }
        return {**totals, **self.sections}

    def to_json(self) -> str:
        """Canonical text; the fields are those of the dataclasses in this module."""
        data: dict[str, Any] = {"format": FORMAT, **asdict(self), "totals": self.totals}
        return dump_json(data)


def memory_report(
    network: str,
    entry_points: Sequence[tuple[str, Graph, MemoryMap]],
    sections: Mapping[str, int] | None = None,
) -> MemoryReport:
    """The report of a network.

    Args:
        network: its name, for the title.
        entry_points: name, graph and memory map of each.
        sections: bytes by name of what the compiler does not place, such as `stack` and `code`.

    Raises:
        ValueError: if a section is called like something the compiler places.
    """
    weights: dict[str, Tensor] = {}
    states: dict[str, Tensor] = {}
    for _, graph, _ in entry_points:
        for value in graph.constants():
            weights.setdefault(value.name, _tensor(graph, value.name))
        for state in graph.states:
            states.setdefault(state.input, _tensor(graph, state.input))
    largest_first = sorted(weights.values(), key=lambda tensor: (-tensor.bytes, tensor.name))
    report = MemoryReport(
        network,
        tuple(largest_first),
        tuple(states.values()),
        tuple(_entry_point(*entry) for entry in entry_points),
        {},
    )
    taken = sorted(set(report.totals) & set(sections or {}))
    if taken:
        raise ValueError(f"sections {', '.join(taken)} are counted already")
    return MemoryReport(
        network, report.weights, report.states, report.entry_points, dict(sections or {})
    )


def _tensor(graph: Graph, name: str) -> Tensor:
    type_ = graph.values[name].type
    return Tensor(name, str(type_), type_.bytes)


def _entry_point(name: str, graph: Graph, memory_map: MemoryMap) -> EntryPoint:
    aliasing = share_memory(graph, memory_map.alignment)
    buffers = [_arena_buffer(graph, memory_map, block) for block in aliasing.arena_blocks()]
    for node, (step, size) in aliasing.scratch.items():
        offset = memory_map.scratch[node].offset
        buffers.append(ArenaBuffer("scratch", (node,), f"{size} bytes", offset, size, step, step))
    buffers.sort(key=lambda buffer: (buffer.first, buffer.offset))
    live = np.zeros(aliasing.steps, np.int64)
    for buffer in buffers:
        rounded = -(-buffer.bytes // memory_map.alignment) * memory_map.alignment
        live[buffer.first : buffer.last + 1] += rounded
    nodes = [(node.name, type(node.operation).__name__) for node in graph.nodes]
    nodes.append(("end of the run", ""))
    return EntryPoint(
        name=name,
        arena_bytes=memory_map.arena_bytes,
        bound=int(live.max()),
        alignment=memory_map.alignment,
        copied_bytes=sum(copy.bytes for copy in memory_map.copies),
        inputs=tuple(_tensor(graph, value) for value in interface_inputs(graph)),
        outputs=tuple(_tensor(graph, value) for value in interface_outputs(graph)),
        buffers=tuple(buffers),
        steps=tuple(
            Step(node, operation, int(size))
            for (node, operation), size in zip(nodes, live, strict=True)
        ),
    )


def _arena_buffer(graph: Graph, memory_map: MemoryMap, block: Block) -> ArenaBuffer:
    if block.members:
        location = memory_map.values[block.name]
        kind, values = "activation", tuple(block.members)
    else:
        # The first of the copies that keep a state while states swap.
        location = next(
            copy.target
            for copy in memory_map.copies
            if copy.value == block.name and isinstance(copy.target, InArena)
        )
        kind, values = "saved state", (block.name,)
    assert block.home is Home.ARENA and isinstance(location, InArena)
    type_ = str(graph.values[block.name].type)
    return ArenaBuffer(kind, values, type_, location.offset, block.bytes, block.first, block.last)
