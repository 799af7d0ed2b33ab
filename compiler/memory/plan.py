"""The memory plan of a network: problems from graphs, and memory maps from their solutions.

Entry points share weights, states and the arena; none of them runs while another does, so the
arena is as large as the hungriest of them needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.ir import Graph
from compiler.memory.aliasing import Aliasing, Block, Home, share_memory
from compiler.memory.capacity import check_capacity
from compiler.memory.memory_map import (
    Copy,
    InArena,
    InConstant,
    InInput,
    InOutput,
    InState,
    Location,
    MemoryMap,
)
from compiler.memory.place import solve
from compiler.memory.problem import Buffer, Placement, PlacementProblem

DEFAULT_ALIGNMENT = 8
"""Bytes: the largest element (int64), and two words for kernels that load pairs."""


@dataclass(frozen=True, slots=True)
class StateBuffer:
    """A state's memory: `bytes` bytes, `offset` bytes into the block of all states."""

    name: str
    bytes: int
    offset: int


@dataclass(frozen=True)
class Plan:
    """Memory of a network: one map per entry point, in the order given; sizes in bytes.

    The arena, the block of states and every buffer of the caller start at `alignment`.
    """

    maps: tuple[MemoryMap, ...]
    placements: tuple[Placement, ...]
    alignment: int
    arena_bytes: int
    states: tuple[StateBuffer, ...]
    states_bytes: int


def problem_of(graph: Graph, alignment: int = DEFAULT_ALIGNMENT) -> PlacementProblem:
    """The buffers of one entry point that must be placed in the arena.

    Raises ValueError if the graph is not well formed; see `share_memory`.
    """
    return _problem(graph.name, share_memory(graph, alignment), alignment)


def problems_of(
    graphs: Sequence[Graph], alignment: int = DEFAULT_ALIGNMENT
) -> tuple[PlacementProblem, ...]:
    return tuple(problem_of(graph, alignment) for graph in graphs)


def plan(
    graphs: Sequence[Graph], capacity: int | None = None, alignment: int = DEFAULT_ALIGNMENT
) -> Plan:
    """Plans the memory of all entry points of a network.

    Args:
        graphs: the entry points; states of one name are one memory.
        capacity: bytes that the arena may have at most.
        alignment: of every tensor and scratch buffer, in bytes; a power of two.

    Raises:
        CompileError: DOES_NOT_FIT for every entry point that needs more than `capacity`.
    """
    placements = [solve(problem) for problem in problems_of(graphs, alignment)]
    return plan_of(graphs, placements, capacity, alignment)


def plan_of(
    graphs: Sequence[Graph],
    placements: Sequence[Placement],
    capacity: int | None = None,
    alignment: int = DEFAULT_ALIGNMENT,
) -> Plan:
    """The plan that follows from solutions of `problems_of(graphs, alignment)`.

    Raises:
        CompileError: as `plan`.
        ValueError: if the placements are not those of the graphs.
    """
    maps: list[MemoryMap] = []
    problems: list[PlacementProblem] = []
    for graph, placement in zip(graphs, placements, strict=True):
        aliasing = share_memory(graph, alignment)
        problem = _problem(graph.name, aliasing, alignment)
        if {buffer.name for buffer in problem.buffers} != set(placement.offsets):
            raise ValueError(f"the placement of {graph.name!r} belongs to another graph")
        problems.append(problem)
        maps.append(_map(graph, aliasing, placement, alignment))
    if capacity is not None:
        check_capacity(graphs, problems, placements, capacity)
    arena = max((memory_map.arena_bytes for memory_map in maps), default=0)
    states, states_bytes = states_of(graphs, alignment)
    return Plan(tuple(maps), tuple(placements), alignment, arena, states, states_bytes)


def _buffer_name(aliasing: Aliasing, block: Block) -> str:
    # A block without values of its own holds a state while states swap.
    return f"value:{block.name}" if block.members else f"temporary:{block.name}"


def _problem(name: str, aliasing: Aliasing, alignment: int) -> PlacementProblem:
    buffers = [
        Buffer(_buffer_name(aliasing, block), block.bytes, alignment, block.first, block.last)
        for block in aliasing.arena_blocks()
    ]
    buffers += [
        Buffer(f"scratch:{node}", size, alignment, step, step)
        for node, (step, size) in aliasing.scratch.items()
    ]
    return PlacementProblem(name, aliasing.steps, tuple(buffers))


def _map(graph: Graph, aliasing: Aliasing, placement: Placement, alignment: int) -> MemoryMap:
    def location(block: Block) -> Location:
        match block.home, block.key:
            case Home.ARENA, _:
                return InArena(placement.offsets.get(_buffer_name(aliasing, block), 0))
            case Home.INPUT, int(index):
                return InInput(index)
            case Home.OUTPUT, int(index):
                return InOutput(index)
            case Home.CONSTANT, str(name):
                return InConstant(name)
            case Home.STATE, str(name):
                return InState(name)
            case _:
                raise AssertionError(f"block {block.name!r} has key {block.key!r}")

    return MemoryMap(
        graph=graph.name,
        alignment=alignment,
        arena_bytes=-(-placement.peak // alignment) * alignment,
        values={
            name: location(aliasing.block_of[name])
            for name in graph.values
            if name in aliasing.block_of
        },
        scratch={node: InArena(placement.offsets[f"scratch:{node}"]) for node in aliasing.scratch},
        copies=tuple(
            Copy(
                transfer.step,
                transfer.value,
                location(transfer.source),
                location(transfer.target),
                transfer.bytes,
            )
            for transfer in sorted(aliasing.transfers, key=lambda transfer: transfer.step)
            if transfer.bytes
        ),
    )


def states_of(graphs: Sequence[Graph], alignment: int) -> tuple[tuple[StateBuffer, ...], int]:
    """Where states are in the block that holds them all, and its bytes."""
    sizes: dict[str, int] = {}
    for graph in graphs:
        for state in graph.states:
            size = graph.values[state.input].type.bytes
            if sizes.setdefault(state.input, size) != size:
                raise ValueError(f"state {state.input!r} has another size in {graph.name!r}")
    buffers: list[StateBuffer] = []
    offset = 0
    for name, size in sizes.items():
        buffers.append(StateBuffer(name, size, offset))
        offset += -(-size // alignment) * alignment
    return tuple(buffers), offset
