"""Finds repeated layers: stretches of calls that differ in addresses, scales and the like only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compiler.codegen.literals import is_real
from compiler.codegen.steps import Operand, Step

IntArray = npt.NDArray[np.int64]

WORTHWHILE = 6
"""Calls that a repetition must save; below that, straight code is easier to read."""


@dataclass(frozen=True)
class Segment:
    """Calls `first` to `first + period * count - 1`: one layer of `period` calls, `count` times."""

    first: int
    period: int
    count: int

    def repetitions(self, steps: Sequence[Step]) -> list[Sequence[Step]]:
        """The calls of each repetition."""
        starts = range(self.first, self.first + self.period * self.count, self.period)
        return [steps[start : start + self.period] for start in starts]


def segments_of(steps: Sequence[Step]) -> list[Segment]:
    """Divides the calls into straight stretches (count 1) and repeated layers, in order.

    The repetition that saves most calls is taken first, then those in what is left on both sides.
    """
    numbers: dict[tuple[object, ...], int] = {}
    word = [numbers.setdefault(_signature(step), len(numbers)) for step in steps]
    return _divide(steps, _runs_of(np.array(word, np.int64)), 0, len(steps))


@dataclass(frozen=True)
class _Runs:
    """Stretches of calls that are each equal to the one `period` later; one entry per stretch.

    A stretch is as long as it can be: calls `start` to `end - 1`, with their equals up to
    `end + period - 1`. Only those that may be worthwhile are kept, shortest periods first.
    """

    period: IntArray
    start: IntArray
    end: IntArray


def _runs_of(word: IntArray) -> _Runs:
    """All stretches of a sequence of calls' numbers. One comparison of arrays per period."""
    periods: list[IntArray] = []
    starts: list[IntArray] = []
    ends: list[IntArray] = []
    for period in range(1, len(word) // 2 + 1):
        equal = np.zeros(len(word) - period + 2, np.int8)
        equal[1:-1] = word[:-period] == word[period:]
        (edges,) = np.nonzero(np.diff(equal))
        start, end = edges[::2], edges[1::2]
        long = end - start >= max(period, WORTHWHILE)
        if long.any():
            starts.append(start[long])
            ends.append(end[long])
            periods.append(np.full(len(starts[-1]), period, np.int64))
    nothing = np.zeros(0, np.int64)
    return _Runs(*(np.concatenate([nothing, *parts]) for parts in (periods, starts, ends)))


def _divide(steps: Sequence[Step], runs: _Runs, begin: int, end: int) -> list[Segment]:
    if begin == end:
        return []
    best = _longest(steps, runs, begin, end)
    if best is None:
        return [Segment(begin, end - begin, 1)]
    return [
        *_divide(steps, runs, begin, best.first),
        best,
        *_divide(steps, runs, best.first + best.period * best.count, end),
    ]


def _longest(steps: Sequence[Step], runs: _Runs, begin: int, end: int) -> Segment | None:
    starts = np.maximum(runs.start, begin)
    equal = np.maximum(np.minimum(runs.end, end - runs.period) - starts, 0)
    saved = equal // runs.period * runs.period
    if saved.max(initial=0) < WORTHWHILE:
        return None
    # Of those that save as much, the first has the shortest period and starts first.
    chosen = int(saved.argmax())
    period, start = int(runs.period[chosen]), int(starts[chosen])
    count = int(saved[chosen]) // period + 1
    # The stretch may hold a part of a layer more: cut where the fewest values cross.
    firsts = range(start, start + int(equal[chosen]) + period - count * period + 1)
    return min(
        (Segment(first, period, count) for first in firsts),
        key=lambda segment: (_crossing(steps, segment), segment.first),
    )


def _crossing(steps: Sequence[Step], segment: Segment) -> int:
    """How many values the second repetition reads that the first one makes."""
    first, second = segment.repetitions(steps)[:2]
    made = {operand.value for step in first for operand in _present(step) if operand.made}
    read = {operand.value for step in second for operand in _present(step) if not operand.written}
    return len(made & read)


def _present(step: Step) -> list[Operand]:
    return [operand for operand in step.operands if operand is not None]


def _signature(step: Step) -> tuple[object, ...]:
    """What two calls must have in common to be one piece of code; the shapes are part of it."""
    fields = tuple(
        (name, is_real(value), len(value) if isinstance(value, tuple) else 0)
        for name, value in step.kernel.parameters.items()
    )
    operands = tuple(None if o is None else _operand_signature(o) for o in step.operands)
    return (step.kernel.function, fields, operands, step.inputs, step.outputs)


def _operand_signature(operand: Operand) -> tuple[object, ...]:
    return (operand.c_type, type(operand.location).__name__, operand.written)
