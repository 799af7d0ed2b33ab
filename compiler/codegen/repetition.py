"""Finds repeated layers: stretches of calls that differ in addresses, scales and the like only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.codegen.literals import is_real
from compiler.codegen.steps import Operand, Step

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
    Quadratic in the number of calls.
    """
    numbers: dict[tuple[object, ...], int] = {}
    word = [numbers.setdefault(_signature(step), len(numbers)) for step in steps]
    return _divide(steps, word, 0, len(steps))


def _divide(steps: Sequence[Step], word: Sequence[int], begin: int, end: int) -> list[Segment]:
    if begin == end:
        return []
    best = _longest(steps, word, begin, end)
    if best is None:
        return [Segment(begin, end - begin, 1)]
    return [
        *_divide(steps, word, begin, best.first),
        best,
        *_divide(steps, word, best.first + best.period * best.count, end),
    ]


def _longest(steps: Sequence[Step], word: Sequence[int], begin: int, end: int) -> Segment | None:
    best: tuple[int, int, int, int] | None = None  # saved calls, -period, start, equal calls
    for period in range(1, (end - begin) // 2 + 1):
        equal = 0
        for index in range(begin, end - period + 1):
            if index < end - period and word[index] == word[index + period]:
                equal += 1
                continue
            saved = equal // period * period
            if saved >= WORTHWHILE and (best is None or (saved, -period) > best[:2]):
                best = (saved, -period, index - equal, equal)
            equal = 0
    if best is None:
        return None
    saved, period, start, equal = best[0], -best[1], best[2], best[3]
    count = saved // period + 1
    # The stretch may hold a part of a layer more: cut where the fewest values cross.
    starts = range(start, start + equal + period - count * period + 1)
    return min(
        (Segment(first, period, count) for first in starts),
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
