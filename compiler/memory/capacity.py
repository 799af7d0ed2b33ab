"""What to tell when the arena is larger than the memory that is there."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import Code, CompileError, Problem
from compiler.ir import Graph
from compiler.memory.problem import Buffer, Placement, PlacementProblem

SHOWN = 8
"""How many of the tensors alive at the critical node a message lists."""


def check_capacity(
    graphs: Sequence[Graph],
    problems: Sequence[PlacementProblem],
    placements: Sequence[Placement],
    capacity: int,
) -> None:
    """Raises CompileError with all entry points whose arena has more than `capacity` bytes."""
    failures = [
        _problem(graph, problem, placement, capacity)
        for graph, problem, placement in zip(graphs, problems, placements, strict=True)
        if placement.peak > capacity
    ]
    if failures:
        raise CompileError(failures)


def _problem(
    graph: Graph, problem: PlacementProblem, placement: Placement, capacity: int
) -> Problem:
    live = problem.live_bytes()
    step = int(live.argmax())
    alive = [buffer for buffer in problem.buffers if buffer.first <= step <= buffer.last]
    alive.sort(key=lambda buffer: (-buffer.bytes, buffer.name))
    listing = "; ".join(_describe(graph, buffer) for buffer in alive[:SHOWN])
    if len(alive) > SHOWN:
        rest = sum(buffer.bytes for buffer in alive[SHOWN:])
        listing += f"; {len(alive) - SHOWN} more with {rest:,} bytes together"
    found = (
        f"{int(live[step]):,} bytes of working memory are in use at once, "
        f"{capacity:,} are available: {listing}"
    )
    if int(live[step]) <= capacity:
        found += (
            f". They would fit, but tensors alive before and after leave gaps: "
            f"the best placement takes {placement.peak:,} bytes"
        )
    smallest = f"at least {placement.peak:,} bytes of working memory"
    if not placement.optimal:
        smallest += f" ({placement.bound:,} are needed in any case)"
    return Problem(
        Code.DOES_NOT_FIT,
        f"entry point {graph.name!r}, {_node(graph, step)}",
        found,
        smallest,
        _advice(graph, alive, placement.peak - capacity),
    )


def _node(graph: Graph, step: int) -> str:
    if step == len(graph.nodes):
        return "end of the run"
    node = graph.nodes[step]
    return f"node {node.name!r} ({type(node.operation).__name__})"


def _describe(graph: Graph, buffer: Buffer) -> str:
    kind, name = buffer.name.split(":", 1)
    if kind == "value":
        return f"{name!r} {graph.values[name].type} {buffer.bytes:,} bytes"
    if kind == "scratch":
        return f"scratch memory of {name!r} {buffer.bytes:,} bytes"
    return f"copy of state {name!r} {buffer.bytes:,} bytes"


def _advice(graph: Graph, alive: Sequence[Buffer], missing: int) -> str:
    options = [f"give the network {missing:,} bytes more"]
    names = [buffer.name.split(":", 1) for buffer in alive]
    types = [graph.values[name].type for kind, name in names if kind == "value"]
    if any(type_.data_type.is_float for type_ in types):
        options.append("quantise the model (float32 tensors take four times the memory of int8)")
    if graph.states:
        options.append("run a shorter sequence per call, or make the states shorter")
    else:
        options.append("use a smaller input (resolution, batch or sequence length)")
    if any(kind == "scratch" for kind, _ in names):
        options.append("replace the operator that needs the scratch memory")
    return "; or ".join(options)
