"""What a network takes of L2, and what to say where there is less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from compiler.errors import Code, CompileError, Problem
from compiler.ir import Graph
from compiler.schedule.program import L1Buffer, Program

LARGEST_SHOWN = 4
"""How many nodes or tensors a message names."""

ADVICE = "quantise the model to int8, make it smaller, or use a chip with more"


def check_l2(
    graphs: Sequence[Graph],
    programs: Sequence[Program],
    constants_bytes: int,
    states_bytes: int,
    l2_bytes: int,
) -> None:
    """Refuses networks whose constants, states and tensors outside of L1 exceed `l2_bytes`.

    Raises:
        CompileError: DOES_NOT_FIT, naming what takes most; the smallest L2 that would do is the
            sum, whether weights alone are too large or all together.
    """
    program = max(programs, key=lambda program: program.arena_bytes)
    needed = constants_bytes + states_bytes + program.arena_bytes
    if needed <= l2_bytes:
        return
    supported = f"at least {needed:,} bytes of L2"
    if constants_bytes > l2_bytes:
        problem = Problem(
            Code.DOES_NOT_FIT,
            "the weights",
            f"constants take {constants_bytes:,} bytes of L2 ({_largest(_constants(graphs))}); "
            f"{l2_bytes:,} bytes are available",
            supported,
            ADVICE,
        )
    else:
        tensors = ((f"tensor {buffer.what!r}", buffer.bytes) for buffer in _fullest(program))
        outside = f" ({_largest(tensors)})" if program.arena_bytes else ""
        problem = Problem(
            Code.DOES_NOT_FIT,
            "the network",
            f"constants take {constants_bytes:,} bytes of L2, states {states_bytes:,} and tensors "
            f"that L1 does not hold {program.arena_bytes:,}{outside}; {l2_bytes:,} bytes are "
            "available",
            supported,
            ADVICE,
        )
    raise CompileError([problem])


def _constants(graphs: Sequence[Graph]) -> Iterable[tuple[str, int]]:
    """Bytes of constants by node; those of several nodes count for the first."""
    seen: set[str] = set()
    sizes: dict[str, int] = {}
    for graph in graphs:
        for node in graph.nodes:
            for name in node.inputs:
                if name is not None and graph.values[name].constant is not None:
                    size = 0 if name in seen else graph.values[name].type.bytes
                    sizes[node.name] = sizes.get(node.name, 0) + size
                    seen.add(name)
    return ((f"node {name!r}", size) for name, size in sizes.items())


def _fullest(program: Program) -> list[L1Buffer]:
    """What is in the arena when most of it is in use."""
    buffers = program.arena_buffers
    steps = sorted({buffer.first for buffer in buffers})
    live = [[b for b in buffers if b.first <= step <= b.last] for step in steps]
    return max(live, key=lambda buffers: sum(b.bytes for b in buffers)) if live else []


def _largest(sizes: Iterable[tuple[str, int]]) -> str:
    ordered = sorted(sizes, key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {size:,}" for name, size in ordered[:LARGEST_SHOWN])
