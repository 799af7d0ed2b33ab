"""Which engine computes which node: one constraint program for a whole entry point.

Nodes have ways to be computed, each with the cycles that it takes of the cores, of the accelerator
and of the DMA; cores and accelerator work at the same time where nodes do not need each other. What
is minimised is the time at which the last node ends, then the cycles of all engines together.
One worker, a fixed seed and a deterministic limit: the same graph is always decided alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SEARCH_LIMIT = 2.0
"""Deterministic time (the solver's unit, about a second)."""

MAKESPAN_COST = 64
"""Of a cycle by which the last node ends later; one that an engine is busy costs 1."""


@dataclass(frozen=True)
class Way:
    """How a node can be computed.

    Attributes:
        what: for people.
        before: cycles of the cores, before the accelerator can begin.
        job: cycles of the accelerator.
        beside: cycles of the cores for their part of the node.
        after: cycles of the cores, when all that is done.
        copied: cycles of the DMA for constants that come to L1.
        weight_bytes: of weight memory, if what it needs is not there already.
    """

    what: str
    before: int = 0
    job: int = 0
    beside: int = 0
    after: int = 0
    copied: int = 0
    weight_bytes: int = 0

    @property
    def cycles(self) -> int:
        """Of the node alone, from when its constants begin to come."""
        computing = self.before + max(self.job, self.beside) + self.after
        return self.copied + computing if self.job else max(computing, self.copied)

    @property
    def busy(self) -> int:
        return self.before + self.job + self.beside + self.after + self.copied


@dataclass(frozen=True)
class Work:
    """A node: its ways, and the works, by number, whose results it needs."""

    ways: Sequence[Way]
    needs: Sequence[int] = ()


@dataclass(frozen=True)
class Plan:
    """For each work the number of its way and when it begins; when all is done; all in cycles."""

    ways: tuple[int, ...]
    begins: tuple[int, ...]
    end: int
    optimal: bool


def plan(works: Sequence[Work], weight_memory: int) -> Plan:
    """The best ways that are found; `weight_memory` is in bytes.

    Every work needs a way that takes none of weight memory.
    """
    from ortools.sat.python import cp_model

    model = _Model(works, weight_memory)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = SEARCH_LIMIT
    status = solver.solve(model.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return _one_after_the_other(works, [_alone(work) for work in works])
    ways = tuple(
        next(index for index, variable in enumerate(picked) if solver.value(variable))
        for picked in model.picked
    )
    begins = tuple(solver.value(variable) for variable in model.begins)
    found = Plan(ways, begins, solver.value(model.end), status == cp_model.OPTIMAL)
    hint = _one_after_the_other(works, list(ways))
    return found if found.end <= hint.end else hint


def _alone(work: Work) -> int:
    """The fastest way that needs no weight memory."""
    possible = [index for index, way in enumerate(work.ways) if not way.weight_bytes]
    return min(possible, key=lambda index: work.ways[index].cycles)


def _one_after_the_other(works: Sequence[Work], ways: list[int]) -> Plan:
    begins: list[int] = []
    now = 0
    for work, way in zip(works, ways, strict=True):
        begins.append(now)
        now += work.ways[way].cycles
    return Plan(tuple(ways), tuple(begins), now, optimal=False)


@dataclass
class _Intervals:
    """When an engine is busy."""

    cores: list[cp_model.IntervalVar] = field(default_factory=list["cp_model.IntervalVar"])
    accelerator: list[cp_model.IntervalVar] = field(default_factory=list["cp_model.IntervalVar"])
    dma: list[cp_model.IntervalVar] = field(default_factory=list["cp_model.IntervalVar"])


class _Model:
    def __init__(self, works: Sequence[Work], weight_memory: int) -> None:
        from ortools.sat.python import cp_model

        self.model = cp_model.CpModel()
        self._horizon = sum(max(way.busy for way in work.ways) for work in works)
        self._intervals = _Intervals()
        self.picked: list[list[cp_model.IntVar]] = []
        self.begins: list[cp_model.IntVar] = []
        self._ends: list[cp_model.IntVar] = []
        self.end = self._time()
        costs: list[cp_model.LinearExprT] = [self.end * MAKESPAN_COST]
        memory: list[cp_model.LinearExprT] = []
        for work in works:
            self._add(work)
            for index, (way, variable) in enumerate(zip(work.ways, self.picked[-1], strict=True)):
                # The number of the way decides between equals.
                costs.append((way.busy + index) * variable)
                memory.append(way.weight_bytes * variable)
        self.model.add(sum(memory) <= weight_memory)
        for intervals in (
            self._intervals.cores,
            self._intervals.accelerator,
            self._intervals.dma,
        ):
            self.model.add_no_overlap(intervals)
        self.model.minimize(sum(costs))
        for work, picked in zip(works, self.picked, strict=True):
            best = _alone(work)
            for index, variable in enumerate(picked):
                self.model.add_hint(variable, index == best)

    def _time(self) -> cp_model.IntVar:
        return self.model.new_int_var(0, self._horizon, "")

    def _add(self, work: Work) -> None:
        begin, end = self._time(), self._time()
        middle, late = self._time(), self._time()
        variables = [self.model.new_bool_var("") for _ in work.ways]
        self.model.add_exactly_one(variables)
        for needed in work.needs:
            self.model.add(begin >= self._ends[needed])
        cores, accelerator = self._intervals.cores, self._intervals.accelerator
        beside = self._time()
        copy = self._time()
        self.model.add(beside >= middle)
        for way, variable in zip(work.ways, variables, strict=True):
            phases = (
                (cores, begin, way.before, middle),
                (accelerator, middle, way.job, late),
                (cores, beside, way.beside, late),
                (cores, late, way.after, end),
                # Cores begin with the first tile; a step with a job has all of its constants.
                (self._intervals.dma, copy, way.copied, middle if way.job else end),
            )
            for engine, first, cycles, last in phases:
                self.model.add(last >= first + cycles).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
                if cycles:
                    engine.append(
                        self.model.new_optional_fixed_size_interval_var(first, cycles, variable, "")
                    )
        self.model.add(self.end >= end)
        self.picked.append(variables)
        self.begins.append(middle)
        self._ends.append(end)
