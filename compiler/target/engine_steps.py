"""The order of nodes, so that steps of a program keep both engines busy.

A program is a list of steps, at whose end all engines wait for each other. A plan knows only when
works would best begin; here they are put into steps, in about that order, each beside works of the
other engine that are ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.target.engine_model import Plan, Way, Work

MOST_WORKS = 4
"""Of a step."""


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


def steps_of(works: Sequence[Work], plan: Plan) -> Steps:
    """Steps for the ways of a plan; works without cycles run as soon as they can.

    Nodes join the step of those before them where they can. So a step begins with a work that
    needs one of the step before, if there is one.
    """
    order: list[int] = []
    waiting = sorted(range(len(works)), key=lambda index: (plan.begins[index], index))
    done: set[int] = set()
    before: set[int] = set()
    """Works of the step before, and what only shows their results."""
    cycles = 0
    while waiting:
        step, chosen = _Step(), list[int]()
        for index in _ready(works, waiting, done):
            way = works[index].ways[plan.ways[index]]
            if not way.busy:
                step, chosen = _Step(), [index]
                break
            more = step.with_way(way)
            if not chosen or more.cycles < step.cycles + _Step().with_way(way).cycles:
                step, chosen = more, [*chosen, index]
            if len(chosen) == MOST_WORKS:
                break
        cycles += step.cycles
        needing = {index for index in chosen if not before.isdisjoint(works[index].needs)}
        order += sorted(chosen, key=lambda index: index not in needing)
        before = set(chosen) if step.cycles else before | needing
        done.update(chosen)
        waiting = [index for index in waiting if index not in done]
    return Steps(tuple(order), cycles)


def _ready(works: Sequence[Work], waiting: Sequence[int], done: set[int]) -> list[int]:
    """Those that can run next, works without cycles first."""
    ready = [index for index in waiting if all(needed in done for needed in works[index].needs)]
    return sorted(ready, key=lambda index: any(way.busy for way in works[index].ways))
