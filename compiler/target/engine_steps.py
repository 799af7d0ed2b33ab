"""The order of nodes, so that steps of a program keep both engines busy.

A program is a list of steps, at whose end all engines wait for each other. A plan knows only when
works would best begin; here they are put into steps, in about that order, each beside works of the
other engine that are ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from compiler.schedule.estimate import STEP_CYCLES
from compiler.target.engine_model import Plan, Way, Work

MOST_WORKS = 4
"""Of a step."""

MOST_READY = 6
"""Works that are weighed for a step: those that would best begin first."""

MOST_STATES = 12
"""Ways to have done so many works that are followed."""


@dataclass(frozen=True)
class Steps:
    """Works by number, in the order in which they run, and the cycles that their steps take."""

    order: tuple[int, ...]
    cycles: int


@dataclass
class _Step:
    cores: int = 0
    accelerator: int = 0
    alone: int = 0
    """What cores do before and behind a job, when it does not run."""

    @property
    def cycles(self) -> int:
        return self.alone + max(self.cores, self.accelerator)

    def with_way(self, way: Way) -> _Step:
        if not way.job:
            return _Step(self.cores + way.after, self.accelerator, self.alone)
        return _Step(
            self.cores + way.beside,
            self.accelerator + way.job,
            self.alone + way.before + way.after,
        )


@dataclass(frozen=True)
class _State:
    """Works that are done, in which steps.

    Attributes:
        done: bit i is that of work i.
        cycles: of all steps.
        steps: how many there are.
        before: works of the last step, and what only shows their results.
        joinable: whether a work that needs none of the last step would join it.
        order: the works that were done last, in their order; `past`: those before.
    """

    done: int = 0
    cycles: int = 0
    steps: int = 0
    before: int = 0
    joinable: bool = False
    order: tuple[int, ...] = ()
    past: _State | None = None

    @property
    def cost(self) -> tuple[int, int]:
        return self.cycles + STEP_CYCLES * self.steps, self.steps


def steps_of(works: Sequence[Work], plan: Plan) -> Steps:
    """Steps for the ways of a plan; works without cycles run as soon as they can.

    Nodes join the step of those before them where they can. So a step begins with a work that
    needs one of the step before, unless that is full. What is minimised is the cycles of all steps,
    by following the best states with the same number of works done.
    """
    needs = [sum(1 << needed for needed in work.needs) for work in works]
    ways = [work.ways[way] for work, way in zip(works, plan.ways, strict=True)]
    waiting = sorted(range(len(works)), key=lambda index: (plan.begins[index], index))
    # Of very many works that are ready the first ones may all be such that would have joined: then
    # no order is found unless they may begin a step.
    ends = _last_states(waiting, needs, ways) or _last_states(waiting, needs, ways, joins=False)
    last = min(ends, key=lambda state: state.cost)
    order: list[int] = []
    state: _State | None = last
    while state is not None:
        order[:0] = state.order
        state = state.past
    return Steps(tuple(order), last.cycles)


def _last_states(
    waiting: Sequence[int], needs: Sequence[int], ways: Sequence[Way], *, joins: bool = True
) -> list[_State]:
    """States in which all works are done.

    `joins`: a step begins with a work that needs one of the step before, unless that is full.
    """
    states: list[list[_State]] = [[] for _ in range(len(waiting) + 1)]
    states[0].append(_State())
    for number, reached in enumerate(states[:-1]):
        best: dict[tuple[int, int], _State] = {}
        for state in sorted(reached, key=lambda state: state.cost):
            best.setdefault((state.done, state.before), state)
        for state in list(best.values())[:MOST_STATES]:
            for following in _following(state, waiting, needs, ways, joins=joins):
                states[number + len(following.order)].append(following)
    return states[-1]


def _following(
    state: _State,
    waiting: Sequence[int],
    needs: Sequence[int],
    ways: Sequence[Way],
    *,
    joins: bool,
) -> Iterator[_State]:
    """States after one more step, or after one work without cycles if there is one."""
    ready = [
        index
        for index in waiting
        if not state.done >> index & 1 and needs[index] & ~state.done == 0
    ]
    idle = next((index for index in ready if not ways[index].busy), None)
    if idle is not None:
        before = state.before | (1 << idle if needs[idle] & state.before else 0)
        done = state.done | 1 << idle
        yield _State(done, state.cycles, state.steps, before, state.joinable, (idle,), state)
        return
    for size in range(min(MOST_WORKS, len(ready)), 0, -1):
        for chosen in combinations(ready[:MOST_READY], size):
            needing = [index for index in chosen if needs[index] & state.before]
            if joins and not needing and state.joinable:
                continue
            step = _Step()
            for index in chosen:
                step = step.with_way(ways[index])
            mask = sum(1 << index for index in chosen)
            yield _State(
                state.done | mask,
                state.cycles + step.cycles,
                state.steps + 1,
                mask,
                size < MOST_WORKS,
                (*needing, *(index for index in chosen if index not in needing)),
                state,
            )
