"""A comparison in words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np

from compiler.codegen.identifiers import described
from compiler.ir import Array
from tools.compare_layers.comparison import (
    LSB,
    Comparison,
    Elements,
    RunComparison,
    units_in_the_last_place,
)
from tools.compare_layers.recording import Form, Made

WIDTH = 100
NUMBER = re.compile(r"\d+")


def report(comparison: Comparison, shown_elements: int, steps: Sequence[str] = ()) -> str:
    """Which value differs first, where and how; then what could not be compared.

    `steps` are names of the runs, if they have any.
    """
    first, second = comparison.first, comparison.second
    lines: list[str] = []
    found = comparison.first_different
    if found is None:
        lines.append(_all_equal(comparison))
    else:
        lines += _difference(comparison, *found, shown_elements, steps)
    for recording in (first, second):
        if recording.end:
            lines.append(f"{recording.source} is not complete: {recording.end}")
    if len(first.runs) != len(second.runs):
        lines.append(
            f"{first.source} has {_counted(len(first.runs), 'run')}, {second.source} "
            f"{_counted(len(second.runs), 'run')}: only those of both were compared"
        )
    lines += _not_compared(comparison)
    return "\n".join(lines) + "\n"


def _all_equal(comparison: Comparison) -> str:
    compared = _counted(comparison.compared, "layer result")
    runs = _counted(len(comparison.runs), "run")
    names = f"{comparison.first.source} and {comparison.second.source}"
    if comparison.tolerance.is_exact:
        return f"{names} are equal to the bit: {compared} in {runs}"
    return f"{names} agree within the tolerance: {compared} in {runs}; {_largest(comparison)}"


def _largest(comparison: Comparison) -> str:
    everything = [elements for run in comparison.runs for elements in run.compared]
    return _largest_of(everything)


def _largest_of(compared: Sequence[Elements]) -> str:
    worst = max((e for e in compared if e.unit == LSB), key=lambda e: e.largest, default=None)
    real = max((e for e in compared if e.unit != LSB), key=lambda e: e.largest, default=None)
    parts = [
        f"{_amount(elements)} in {elements.form.tensor!r}"
        for elements in (worst, real)
        if elements is not None and elements.largest
    ]
    return f"largest difference {' and '.join(parts)}" if parts else "no difference at all"


def _difference(
    comparison: Comparison,
    run: RunComparison,
    elements: Elements,
    shown_elements: int,
    steps: Sequence[str],
) -> Iterator[str]:
    first, second = comparison.first.source, comparison.second.source
    made = _most_precise(comparison, elements)
    at = run.compared.index(elements)
    which = f"run {run.index}"
    if run.index < len(steps):
        which += f" (step {steps[run.index]})"
    if run.entry_point:
        which += f" of entry point {run.entry_point!r}"
    if made.layer is not None:
        which += f", layer {made.layer}"
    yield f"{first} and {second} differ first in {which}: tensor {elements.form.tensor!r}"
    yield from _wrapped("  ", f"made by {_maker(made)}", "      ")
    yield f"  {_type(elements)}"
    yield (
        f"  {elements.count} of {elements.differs.size} elements differ; "
        f"largest difference {_amount(elements)}"
    )
    yield from _table(elements, first, second, shown_elements)
    yield f"  before it: {_before(comparison, run, at)}"
    after = run.compared[at + 1 :]
    different = sum(1 for other in after if other.count)
    yield f"  after it: {different} of {_counted(len(after), 'result')} of this run differ"


def _most_precise(comparison: Comparison, elements: Elements) -> Made:
    """Of the two sides the one that says most of who made the value."""
    sides = zip((comparison.first, comparison.second), elements.made, strict=True)
    return max(sides, key=lambda side: (side[1].layer is not None, side[0].is_lowered))[1]


def _maker(made: Made) -> str:
    what = made.kernel
    if made.nodes:
        what += f" for {_names(made.nodes)}"
    if made.form.value != made.form.tensor:
        what += f" (as {made.form.value!r})"
    return what


def _type(elements: Elements) -> str:
    form, array = elements.form, elements.first
    text = f"{array.dtype.name}{list(array.shape)}"
    if form.quantization is not None:
        text += f", scale {form.quantization.scale:.9g}, zero point {form.quantization.zero_point}"
    return text


def _amount(elements: Elements) -> str:
    largest = elements.largest
    if elements.unit != LSB:
        text = f"{largest:.6g}"
        if elements.first.dtype == elements.second.dtype == np.float32:
            numbers = ~(np.isnan(elements.first) | np.isnan(elements.second))
            steps = units_in_the_last_place(elements.first[numbers], elements.second[numbers])
            if steps.size:
                text += f" ({int(steps.max())} ULP)"
        return text
    text = f"{largest:g} LSB"
    if elements.form.quantization is not None:
        text += f" ({largest * elements.form.quantization.scale:.4g})"
    return text


def _table(elements: Elements, first: str, second: str, count: int) -> Iterator[str]:
    """The first elements that differ, in the order of memory."""
    indices = np.argwhere(elements.differs)
    rows = [("index", first, second)]
    for index in indices[:count]:
        at = tuple(int(axis) for axis in index)
        cells = (_element(array, at, elements.form) for array in (elements.first, elements.second))
        rows.append((str(list(at)), *cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "    " + "  ".join(cells).rstrip()
    if len(indices) > count:
        yield f"    and {len(indices) - count} more"


def _element(array: Array, at: tuple[int, ...], form: Form) -> str:
    """An element as it is stored and, if that is an integer that stands for one, as a real."""
    value = array[at]
    if array.dtype.kind == "f":
        bits = np.asarray(value, np.float32).view(np.uint32)
        return f"{value!s} ({int(bits):#010x})"
    if form.quantization is None:
        return str(int(value))
    real = (int(value) - form.quantization.zero_point) * form.quantization.scale
    return f"{int(value)} ({real:.6g})"


def _before(comparison: Comparison, run: RunComparison, at: int) -> str:
    before = [e for other in comparison.runs[: run.index] for e in other.compared]
    before += run.compared[:at]
    if not before:
        return "nothing that both have"
    count = _counted(len(before), "result")
    if all(not elements.largest for elements in before):
        return f"{count}, all equal"
    return f"{count}, all within the tolerance; {_largest_of(before)}"


def _not_compared(comparison: Comparison) -> Iterator[str]:
    """What one side lacks and what has no common form, of all runs, each name once."""
    for recording, lists in (
        (comparison.first, [run.only_first for run in comparison.runs]),
        (comparison.second, [run.only_second for run in comparison.runs]),
    ):
        made = [made for entries in lists for made in entries]
        names = list(dict.fromkeys(m.form.tensor for m in made))
        if names:
            yield from _wrapped("", f"only in {recording.source}: {_names(names)}", "    ")
    incomparable = {
        made.form.tensor: why for run in comparison.runs for made, why in run.incomparable
    }
    for name, why in incomparable.items():
        yield f"not compared: {name!r}: {why}"


def _names(names: Sequence[str]) -> str:
    """Names in quotes; three or more that differ in one number that counts up are one entry."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(NUMBER.sub("#", name), []).append(name)
    return ", ".join(repr(entry) for group in alike.values() for entry in _ranges(group))


def _ranges(names: Sequence[str]) -> Sequence[str]:
    """Names that differ in their numbers only, as one like `layer{0..7}/query` if that says it."""
    columns = [
        list(dict.fromkeys(column))
        for column in zip(*(NUMBER.findall(name) for name in names), strict=True)
    ]
    varying = [column for column in columns if len(column) > 1]
    if len(names) < 3 or len(varying) != 1:
        return names
    (numbers,) = varying
    counted = [str(number) for number in range(int(numbers[0]), int(numbers[-1]) + 1)]
    return [described(names)] if numbers == counted == numbers[: len(names)] else names


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _wrapped(first: str, text: str, following: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
