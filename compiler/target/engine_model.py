"""Which engine computes which node: one constraint program for a whole entry point.

Nodes have ways to be computed, each with the cycles that it takes of the cores, of the accelerator
and of the DMA; cores and accelerator work at the same time where nodes do not need each other. What
is minimised is the time at which the last node ends, then the cycles of all engines together.
One worker, a fixed seed and a deterministic limit: the same graph is always decided alike. Long
graphs are decided window by window, so that it takes time in proportion to their length.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SEARCH_LIMIT = 0.25
"""Deterministic time for a window (the solver's unit, about a second)."""

WINDOW = 24
"""Most works that are decided together, in their order; those before are settled then."""

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
    """What was decided.

    Attributes:
        ways: the number of each work's way.
        begins: when its job or, without one, the cores begin, in cycles.
        end: when all is done, in cycles.
        optimal: whether nothing better exists; of several windows: in each, after those before.
    """

    ways: tuple[int, ...]
    begins: tuple[int, ...]
    end: int
    optimal: bool


def plan(works: Sequence[Work], weight_memory: int) -> Plan:
    """The best ways that are found; `weight_memory` is in bytes.

    Every work needs a way that takes none of weight memory.
    """
    state = _State(weight_memory)
    begin = 0
    while begin < len(works):
        end = _window_end(works, begin)
        _decide(works[begin:end], state)
        begin = end
    return Plan(tuple(state.ways), tuple(state.begins), max(state.ends, default=0), state.optimal)


def _window_end(works: Sequence[Work], begin: int) -> int:
    """Where a window ends that begins at `begin`: where works behind it need the fewest in it.

    So layers that can run at the same time are decided together.
    """
    if begin + WINDOW >= len(works):
        return len(works)
    needed_last: dict[int, int] = {}
    for index in range(begin, min(begin + 2 * WINDOW, len(works))):
        needed_last.update(dict.fromkeys(works[index].needs, index))
    return min(
        range(begin + WINDOW, begin + WINDOW // 2, -1),
        key=lambda end: sum(begin <= needed < end <= last for needed, last in needed_last.items()),
    )


@dataclass
class _State:
    """What is settled: ways, and until when the engines are busy."""

    weight_memory: int
    ways: list[int] = field(default_factory=list[int])
    begins: list[int] = field(default_factory=list[int])
    ends: list[int] = field(default_factory=list[int])
    cores: int = 0
    accelerator: int = 0
    dma: int = 0
    optimal: bool = True

    def add(self, work: Work, index: int) -> tuple[int, ...]:
        """Begins a work as soon as it can, after all others; when its phases begin."""
        way = work.ways[index]
        copy = self.dma
        self.dma = copied = copy + way.copied
        begin = max([self.ends[needed] for needed in work.needs], default=0)
        if way.before:
            begin = max(begin, self.cores)
            self.cores = begin + way.before
        middle = max(begin + way.before, copied if way.job else 0)
        if way.job:
            middle = max(middle, self.accelerator)
            self.accelerator = middle + way.job
        beside = max(middle, self.cores) if way.beside else middle
        late = max(middle + way.job, beside + way.beside)
        if way.after:
            late = max(late, self.cores, copied - way.after)
        end = max(late + way.after, copied)
        if way.beside or way.after:
            self.cores = late + way.after if way.after else beside + way.beside
        self.weight_memory -= way.weight_bytes
        self.ways.append(index)
        self.begins.append(middle if way.job else late)
        self.ends.append(end)
        return begin, middle, beside, late, end, copy


def _decide(window: Sequence[Work], state: _State) -> None:
    """Adds the works of a window to what is settled, in the best ways that are found."""
    from ortools.sat.python import cp_model

    greedy = deepcopy(state)
    hints = [greedy.add(work, _alone(work, greedy.weight_memory)) for work in window]
    model = _Model(window, state, max(greedy.ends))
    if any(len(work.ways) > 1 for work in window):
        first = len(state.ends)
        model.hint(greedy.ways[first:], hints)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = SEARCH_LIMIT
        status = solver.solve(model.model)
        state.optimal &= status == cp_model.OPTIMAL
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            chosen = [
                next(index for index, variable in enumerate(picked) if solver.value(variable))
                for picked in model.picked
            ]
            model.settle(state, solver, chosen)
            return
    for work, way in zip(window, greedy.ways[len(state.ends) :], strict=True):
        state.add(work, way)


def _alone(work: Work, weight_memory: int) -> int:
    """The way that is fastest alone, of those that fit."""
    possible = [i for i, way in enumerate(work.ways) if way.weight_bytes <= weight_memory]
    return min(possible, key=lambda index: work.ways[index].cycles)


class _Model:
    """The constraint program of a window."""

    def __init__(self, window: Sequence[Work], state: _State, horizon: int) -> None:
        from ortools.sat.python import cp_model

        self.model = cp_model.CpModel()
        self._horizon = horizon
        self._state = state
        self._engines: dict[str, list[cp_model.IntervalVar]] = {
            "cores": [],
            "accelerator": [],
            "dma": [],
        }
        self._free = {"cores": state.cores, "accelerator": state.accelerator, "dma": state.dma}
        self.picked: list[list[cp_model.IntVar]] = []
        self._times: list[tuple[cp_model.IntVar, ...]] = []
        self._works = window
        end = self._time()
        costs: list[cp_model.LinearExprT] = [end * MAKESPAN_COST]
        memory: list[cp_model.LinearExprT] = []
        for work in window:
            self._add(work)
            self.model.add(end >= self._times[-1][4])
            for index, (way, variable) in enumerate(zip(work.ways, self.picked[-1], strict=True)):
                # The number of the way decides between equals.
                costs.append((way.busy + index) * variable)
                memory.append(way.weight_bytes * variable)
        self.model.add(sum(memory) <= state.weight_memory)
        for intervals in self._engines.values():
            self.model.add_no_overlap(intervals)
        self.model.minimize(sum(costs))
        self._end = end

    def hint(self, ways: Sequence[int], times: Sequence[tuple[int, ...]]) -> None:
        """Where the search begins: ways, and when phases begin."""
        for picked, way in zip(self.picked, ways, strict=True):
            for index, variable in enumerate(picked):
                self.model.add_hint(variable, index == way)
        for variables, values in zip(self._times, times, strict=True):
            for variable, value in zip(variables, values, strict=True):
                self.model.add_hint(variable, value)
        self.model.add_hint(self._end, max(values[4] for values in times))

    def settle(self, state: _State, solver: cp_model.CpSolver, ways: Sequence[int]) -> None:
        """Adds what was found to what is settled."""
        for work, index, times in zip(self._works, ways, self._times, strict=True):
            way = work.ways[index]
            begin, middle, beside, late, end, copy = (solver.value(time) for time in times)
            state.ways.append(index)
            state.begins.append(middle if way.job else late)
            state.ends.append(end)
            state.weight_memory -= way.weight_bytes
            busy = ((begin, way.before), (beside, way.beside), (late, way.after))
            for first, cycles in busy:
                if cycles:
                    state.cores = max(state.cores, first + cycles)
            if way.job:
                state.accelerator = max(state.accelerator, middle + way.job)
            if way.copied:
                state.dma = max(state.dma, copy + way.copied)

    def _time(self) -> cp_model.IntVar:
        return self.model.new_int_var(0, self._horizon, "")

    def _add(self, work: Work) -> None:
        begin, middle, beside, late, end, copy = (self._time() for _ in range(6))
        variables = [self.model.new_bool_var("") for _ in work.ways]
        self.model.add_exactly_one(variables)
        settled = len(self._state.ends)
        for needed in work.needs:
            if needed < settled:
                self.model.add(begin >= self._state.ends[needed])
            else:
                self.model.add(begin >= self._times[needed - settled][4])
        self.model.add(beside >= middle)
        for way, variable in zip(work.ways, variables, strict=True):
            phases = (
                ("cores", begin, way.before, middle),
                ("accelerator", middle, way.job, late),
                ("cores", beside, way.beside, late),
                ("cores", late, way.after, end),
                # Cores begin with the first tile; a step with a job has all of its constants.
                ("dma", copy, way.copied, middle if way.job else end),
            )
            for engine, first, cycles, last in phases:
                self.model.add(last >= first + cycles).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
                if cycles:
                    self.model.add(first >= self._free[engine]).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
                    self._engines[engine].append(
                        self.model.new_optional_fixed_size_interval_var(first, cycles, variable, "")
                    )
        self.picked.append(variables)
        self._times.append((begin, middle, beside, late, end, copy))
