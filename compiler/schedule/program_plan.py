"""What was decided when a program was made: with its graph, all that is needed to make it again."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.memory.problem import Placement
from compiler.schedule.decisions import Decisions
from compiler.schedule.optimality import LeastCycles, Search


class WrongPlan(ValueError):
    """The plan is of other tasks than those of the graph."""


@dataclass(frozen=True)
class ProgramPlan:
    """Decisions about one entry point.

    Attributes:
        decisions: which tensors are resident, and how nodes are cut.
        starts: the step in which each load starts, in the order of `Tasks.loads`.
        l1: where the buffers of `Tasks` are in L1.
        arena: where memory blocks are in the arena outside of it.
        searches: what constraint programs have proven on the way; none if nothing was to decide.
        least_cycles: what no program is below, if that was asked for.
    """

    decisions: Decisions
    starts: tuple[int, ...]
    l1: Placement
    arena: Placement
    searches: tuple[Search, ...] = ()
    least_cycles: LeastCycles | None = None
