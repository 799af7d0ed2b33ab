"""Runs random programs on the simulator and on QEMU and finds what they do differently."""

from __future__ import annotations

import dataclasses
import subprocess

from tests.simulator.harness.execute import Result, emulate, simulate
from tests.simulator.instructions.batch import State, batch_text, parse_states
from tests.simulator.instructions.placed_program import Placement
from tests.simulator.instructions.random_program import Program

_ITEMS_SHOWN = 5


class NoStateError(Exception):
    """Programs did not run to their end; the text says what happened."""


def simulated_states(programs: list[Program], placement: Placement) -> list[State]:
    """What the programs leave behind on the simulator.

    Raises:
        NoStateError: the simulator ended with a fault or not at all.
    """
    return _states("simulator", simulate, programs, placement)


def emulated_states(programs: list[Program], placement: Placement) -> list[State]:
    """What the programs leave behind on QEMU.

    Raises:
        NoStateError: QEMU did not run them to their end.
    """
    return _states("QEMU", emulate, programs, placement)


def mismatches(programs: list[Program], placement: Placement) -> list[str]:
    """One report per program whose state differs, with the shortest prefix that shows it.

    Raises:
        NoStateError: the simulator stops, and does not when it runs the programs one by one.
    """
    try:
        simulated = simulated_states(programs, placement)
    except NoStateError:
        # Somewhere the simulator stopped: one by one.
        reports = [
            _report(program, placement, [])
            for program in programs
            if _difference(program, placement, len(program.items))
        ]
        if not reports:
            # Each alone does not stop it.
            raise
        return reports
    emulated = emulated_states(programs, placement)
    return [
        _report(program, placement, ours.differences(reference))
        for program, ours, reference in zip(programs, simulated, emulated, strict=True)
        if ours.differences(reference)
    ]


def _states(name: str, run: object, programs: list[Program], placement: Placement) -> list[State]:
    assert callable(run)
    text = batch_text(programs, placement)
    try:
        result = run(text)
    except subprocess.TimeoutExpired as error:
        raise NoStateError(f"{name}: does not end") from error
    assert isinstance(result, Result)
    if result.exit_code != 0:
        raise NoStateError(f"{name}: exit code {result.exit_code}\n{result.messages}")
    return parse_states(result.output, len(programs))


def _difference(program: Program, placement: Placement, items: int) -> list[str]:
    """What differs after the first `items` items; the simulator's message if it stops."""
    prefix = dataclasses.replace(program, items=program.items[:items])
    try:
        (ours,) = simulated_states([prefix], placement)
    except NoStateError as error:
        return [str(error)]
    (reference,) = emulated_states([prefix], placement)
    return ours.differences(reference)


def _report(program: Program, placement: Placement, in_batch: list[str]) -> str:
    """What to look at; `in_batch` is what differs when all programs of the batch run."""
    if not _difference(program, placement, len(program.items)):
        return "\n".join(
            [f"seed {program.seed}, {placement.value}: differs only next to others", *in_batch]
        )
    # After `good` items the states are equal, after `bad` they differ.
    good, bad = 0, len(program.items)
    if _difference(program, placement, 0):
        bad = 0
    while bad - good > 1:
        middle = (good + bad) // 2
        if _difference(program, placement, middle):
            bad = middle
        else:
            good = middle
    shown = program.items[max(0, bad - _ITEMS_SHOWN) : bad]
    before = {}
    if bad > 0:
        before_last = dataclasses.replace(program, items=program.items[: bad - 1])
        (state,) = emulated_states([before_last], placement)
        before = state.words
    return "\n".join(
        [
            f"seed {program.seed}, {placement.value}: differs after {bad} of "
            f"{len(program.items)} items, which end with",
            *[f"    {line}" for item in shown for line in item],
            "simulator != QEMU:",
            *[f"    {line}" for line in _difference(program, placement, bad)],
            "before the last item:",
            "    " + " ".join(f"{name}={value:#x}" for name, value in before.items()),
        ]
    )
