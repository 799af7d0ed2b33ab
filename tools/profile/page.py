"""A profile as a self-contained HTML page: timeline, predicted against simulated, table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.profile.layers import SPENT, EntryProfile, Layer
from tools.report.html_page import templates
from tools.report.image import Memory

COLOURS = (
    *("#2f6db3", "#d1793a", "#4a9a5b", "#b0486b", "#7b62b5", "#8a7a2e", "#2f9a9c", "#a8563a"),
    *("#5b7f3a", "#6b7280"),
)
"""Of kernels, in the order of their cycles; the last one is for all others."""

SPENT_COLOURS = dict(
    zip(
        SPENT,
        (
            *("#4a9a5b", "#2f6db3", "#7b62b5", "#d1793a", "#b0486b", "#8a7a2e"),
            *("#c9ced6", "#93bcc4", "#5f6b7a"),
        ),
        strict=True,
    )
)
SPENT_WORDS = {
    "instructions": "an instruction issues",
    "load": "load: the value is used at once, or comes from L2",
    "branch": "taken branch or jump",
    "bank conflict": "another access has L1's bank",
    "instruction cache": "the instruction is not in the cache",
    "arithmetic": "multiplication, division, shared floating-point unit",
    "other cores": "waits for other cores, and the barrier",
    "accelerator": "waits for the accelerator",
    "copies": "waits for copies (DMA exposed)",
}
HIDDEN, EXPOSED = "#b9c0c9", "#b3261e"
"""Colours of configurations of jobs."""


def to_html(profiles: Sequence[EntryProfile], memories: Sequence[Memory], clock: float) -> str:
    """The page; `clock` is in hertz."""
    return (
        templates(Path(__file__).parent / "templates")
        .get_template("profile.html.jinja")
        .render(
            title=", ".join(dict.fromkeys(profile.network for profile in profiles)),
            entries=[_entry(profile, clock) for profile in profiles],
            memories=[memory for memory in memories if memory.size and memory.used],
            spent=[
                (what, SPENT_WORDS[what], SPENT_COLOURS[what])
                for what in SPENT
                if what != "accelerator" or any(profile.accelerated for profile in profiles)
            ],
            configurations={"hidden": HIDDEN, "exposed": EXPOSED},
            clock=clock,
            data=_script_json([_data(profile) for profile in profiles]),
        )
    )


def _entry(profile: EntryProfile, clock: float) -> dict[str, Any]:
    colours = _kernel_colours(profile)
    longest = max(max(layer.simulated, layer.predicted) for layer in profile.layers)
    total = profile.total()
    return {
        "profile": profile,
        "total": total,
        "milliseconds": 1e3 * profile.simulated / clock,
        "dma_share": 100 * total.dma_busy / profile.simulated,
        "exposed_share": 100 * total.exposed / profile.simulated,
        "engines": profile.engines(),
        "kernels": list(colours.items()),
        "rows": [_row(layer, profile, longest, colours) for layer in profile.layers],
        "total_row": _row(total, profile, longest, colours),
    }


def _row(
    layer: Layer, profile: EntryProfile, longest: int, colours: dict[str, str]
) -> dict[str, Any]:
    cycles = layer.simulated * profile.workers
    shares = [(what, 100 * layer.core_cycles[what] / cycles if cycles else 0.0) for what in SPENT]
    return {
        "layer": layer,
        "colour": _colour(colours, layer.kernel),
        "simulated_width": 100 * min(1.0, layer.simulated / longest),
        "predicted_width": 100 * min(1.0, layer.predicted / longest),
        "share": 100 * layer.simulated / profile.simulated,
        "shares": [(what, share, SPENT_COLOURS[what]) for what, share in shares],
    }


def _kernel_colours(profile: EntryProfile) -> dict[str, str]:
    """A colour for each of the kernels that take longest, one for all others."""
    cycles: dict[str, int] = {}
    for layer in profile.layers:
        if layer.kernel:
            cycles[layer.kernel] = cycles.get(layer.kernel, 0) + layer.simulated
    ordered = sorted(cycles, key=lambda kernel: (-cycles[kernel], kernel))
    colours = dict(zip(ordered, COLOURS[:-1], strict=False))
    if len(ordered) > len(colours):
        colours["others"] = COLOURS[-1]
    return colours


def _colour(colours: dict[str, str], kernel: str) -> str:
    return colours.get(kernel, COLOURS[-1])


def _data(profile: EntryProfile) -> dict[str, Any]:
    """What the timeline draws; cycles count from the call of the entry point."""
    colours = _kernel_colours(profile)
    layers = {layer.name: index for index, layer in enumerate(profile.layers)}
    origin = profile.begin
    plan = profile.steps[0].measured.begin - origin
    return {
        "cycles": profile.simulated,
        "workers": profile.workers,
        "layers": [
            {
                "name": layer.name,
                "kernel": layer.kernel,
                "colour": _colour(colours, layer.kernel),
                "tiles": layer.calls,
            }
            for layer in profile.layers
        ],
        "steps": [
            [
                [[layers[name], tile] for name, tile in step.core_calls],
                [[layers[name], tile] for name, tile in step.job_calls],
                step.measured.begin - origin,
                step.measured.end - origin,
                [arrival - origin for arrival in step.measured.arrivals],
                step.measured.control_arrival - origin,
                plan + step.predicted_begin,
                step.predicted_compute,
                step.predicted_exposed,
                step.predicted_cores,
                step.predicted_jobs,
            ]
            for step in profile.steps
        ],
        "jobs": [
            [
                *(job.acquired - origin, job.hidden, job.exposed),
                *(job.triggered - origin, job.started - origin, job.done - origin),
                *(layers[name], tile, job.description, job.stalls, job.weight_stalls),
                *(job.weight_bytes, int(job.weight_memory)),
            ]
            for step in profile.steps
            for (name, tile), job in zip(step.jobs, step.measured.jobs, strict=True)
        ],
        "copies": [
            [int(copy.to_l1), copy.started - origin, copy.done - origin, copy.bytes]
            for copy in profile.copies
        ],
        "plan": [
            [int(load), plan + begin, plan + end, size, what]
            for step in profile.steps
            for what, load, size, begin, end in step.copies
        ],
    }


def _script_json(data: Any) -> str:
    """JSON that can stand in a script element."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
