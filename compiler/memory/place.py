"""Offsets in the arena: greedy heuristics first, the constraint solver where they leave a gap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.memory.constraint_solver import PEAK_LIMIT, improve
from compiler.memory.first_fit import Block, Instance, first_fit
from compiler.memory.problem import Buffer, Placement, PlacementProblem


@dataclass(frozen=True)
class _Part:
    """Buffers between two steps that no buffer crosses; they are placed on their own."""

    buffers: tuple[Buffer, ...]
    instance: Instance


def solve(problem: PlacementProblem, enough: int = 0) -> Placement:
    """Places all buffers so that the peak is as low as can be found, or at most `enough` bytes.

    The result is a function of the arguments alone. It is enough, or else optimal if the heuristics
    reach the lower bound or the constraint solver finishes within its deterministic limit, which
    all parts of the problem share; `Placement.gap` tells.
    """
    granule = problem.granule
    parts = _parts(problem)
    lowest = max((part.instance.bound for part in parts), default=0)
    target = max(lowest, enough // granule)
    heuristic: dict[Instance, tuple[str, list[int]]] = {}
    for part in parts:
        if part.instance not in heuristic:
            heuristic[part.instance] = first_fit(part.instance, target)
    method, peak, bound, time = "first fit", lowest, lowest, PEAK_LIMIT
    solutions: dict[Instance, list[int]] = {}
    # The parts that stick out most come first: what they need, the others may use as well.
    ranked = sorted(heuristic.items(), key=lambda item: -item[0].peak(item[1][1]))
    for instance, (name, offsets) in ranked:
        allowed = max(peak, target)
        if instance.peak(offsets) > allowed and time > 0:
            solution = improve(instance, offsets, allowed, time, settle=not enough)
            time -= solution.time
            if solution.offsets != offsets:
                name = "cp-sat"
            offsets = solution.offsets
            bound = max(bound, solution.bound)
        solutions[instance] = instance.compact(offsets)
        if instance.peak(solutions[instance]) > peak:
            peak, method = instance.peak(solutions[instance]), name
        elif method == "first fit" and instance.bound == lowest:
            method = name
    placed = {
        buffer.name: offset * granule
        for part in parts
        for buffer, offset in zip(part.buffers, solutions[part.instance], strict=True)
    }
    offsets_by_name = {buffer.name: placed[buffer.name] for buffer in problem.buffers}
    return Placement(problem.graph, offsets_by_name, peak * granule, bound * granule, method)


def _parts(problem: PlacementProblem) -> list[_Part]:
    parts: list[_Part] = []
    current: list[Buffer] = []
    end = -1
    for buffer in problem.buffers:
        if current and buffer.first > end:
            parts.append(_part(problem, current))
            current = []
        current.append(buffer)
        end = max(end, buffer.last)
    if current:
        parts.append(_part(problem, current))
    return parts


def _part(problem: PlacementProblem, buffers: Sequence[Buffer]) -> _Part:
    ordered = sorted(
        buffers, key=lambda b: (b.first, b.last, -problem.rounded_bytes(b), b.alignment, b.name)
    )
    granule = problem.granule
    # Only steps at which a buffer starts matter: between them, buffers only die.
    starts = sorted({buffer.first for buffer in ordered})
    blocks = tuple(
        Block(
            problem.rounded_bytes(buffer) // granule,
            buffer.alignment // granule,
            bisect_right(starts, buffer.first) - 1,
            bisect_right(starts, buffer.last) - 1,
        )
        for buffer in ordered
    )
    return _Part(tuple(ordered), Instance(blocks))
