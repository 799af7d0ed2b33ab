"""How good a cluster's programs are known to be, as data and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from compiler.schedule.estimate import StepTime, total_cycles
from compiler.schedule.optimality import CYCLE_COST
from compiler.schedule.program import Program

DIGITS = 4
"""Of gaps, which are parts of a whole."""


def schedule_quality(program: Program, times: Sequence[StepTime]) -> dict[str, Any]:
    """Predicted cycles of a program, what no program is below, and what searches have proven.

    Objectives and bounds of searches are in units of which a cycle has `objective_of_a_cycle`; they
    are of the constraints, which do not know when copies are exposed.
    """
    plan = program.plan
    predicted = total_cycles(list(times))
    least = plan.least_cycles if plan is not None else None
    return {
        "predicted_cycles": predicted,
        "least_cycles": None
        if least is None
        else {
            **asdict(least),
            "cycles": least.cycles,
            "gap": round((predicted - least.cycles) / predicted, DIGITS),
        },
        "objective_of_a_cycle": CYCLE_COST,
        "searches": [
            {**asdict(search), "gap": round(search.gap, DIGITS)}
            for search in (plan.searches if plan is not None else ())
        ],
    }


def quality_sentences(quality: dict[str, Any]) -> list[str]:
    """The same for people."""
    lines = [f"{quality['predicted_cycles']:,} cycles predicted."]
    least = quality["least_cycles"]
    if least is not None:
        names = {
            "cores": "cores compute",
            "accelerator": "the accelerator computes",
            "loads": "copies to L1",
            "stores": "copies from L1",
        }
        parts = ", ".join(f"{text} {least[key]:,}" for key, text in names.items() if least[key])
        lines[0] += (
            f" No program takes fewer than {least['cycles']:,} ({parts}): "
            f"a gap of {100 * least['gap']:.2f} %."
        )
    lines += [
        f"Search for {search['what']}: {search['status']}, objective {search['objective']:,}, "
        f"bound {search['bound']:,}, a gap of {100 * search['gap']:.2f} %."
        for search in quality["searches"]
    ]
    if not quality["searches"]:
        lines.append("Nothing was searched for.")
    return lines
