"""How far an estimate of energy may be off, by what is known of its constants.

The constants of a soc.yaml have ranges (`energy_ranges`), but are not free: together they give one
published point (`energy_point`) for the mix of events assumed there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

SOLVED = "instruction"
"""The constant that follows from the others and the published point."""

RELATIVE = "stall_cycle"
"""The constant whose range is in instructions."""


def point_events(soc: Mapping[str, Any]) -> dict[str, float]:
    """Events by constant at the published point."""
    point = soc["energy_point"]
    core_cycles = soc["cores"] * (point["cycles"] - point["accelerator_cycles"])
    instructions = point["instructions_per_cycle"] * core_cycles
    misses = instructions / point["instructions_per_cache_miss"]
    return {
        "base_cycle": point["cycles"],
        "instruction": instructions,
        "stall_cycle": point["stalls_per_cycle"] * core_cycles,
        "instruction_cache_miss": misses,
        "l1_access": point["l1_accesses_per_instruction"] * instructions,
        "l2_byte": point["dma_bytes"] + soc["instruction_cache"]["line"] * misses,
        "dma_byte": point["dma_bytes"],
        "weight_memory_byte": point["weights"],
        "accelerator_cycle": point["accelerator_cycles"],
        "accelerator_mac": point["weights"],
    }


def energy_range(events: Mapping[str, float], soc: Mapping[str, Any]) -> tuple[float, float]:
    """The least and the most microjoules of events, by constant, over all choices of constants.

    Energy is linear in every constant, so only the ends of ranges are tried; the estimate itself is
    among the choices.
    """
    found = [
        1e-6 * sum(events[name] * constants[name] for name in constants)
        for constants in (*_choices(soc), soc["energy"])
    ]
    return min(found), max(found)


def _choices(soc: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Constants in their ranges that give the published point."""
    ranges = {entry["constant"]: (entry["low"], entry["high"]) for entry in soc["energy_ranges"]}
    point = point_events(soc)
    least, most = ranges.pop(SOLVED)
    for ends in itertools.product(*ranges.values()):
        constants = dict(zip(ranges, ends, strict=True))
        stall = constants.pop(RELATIVE)
        rest = sum(point[name] * value for name, value in constants.items())
        instruction = (1e6 * soc["energy_point"]["microjoules"] - rest) / (
            point[SOLVED] + stall * point[RELATIVE]
        )
        if least <= instruction <= most:
            yield {**constants, SOLVED: instruction, RELATIVE: stall * instruction}
