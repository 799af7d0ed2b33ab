"""Ranges hold the estimate, and choices that miss the published point do not count."""

from __future__ import annotations

from typing import Any

import pytest

from tools.energy.energy_range import energy_range, point_events

NAMES = (
    *("base_cycle", "instruction", "stall_cycle", "instruction_cache_miss", "l1_access"),
    *("l2_byte", "dma_byte", "weight_memory_byte", "accelerator_cycle", "accelerator_mac"),
)


def soc(**ranges: tuple[float, float]) -> dict[str, Any]:
    """A chip of one core of which only time, instructions and stalls take energy."""
    energy = dict.fromkeys(NAMES, 0.0) | {"base_cycle": 10, "instruction": 8, "stall_cycle": 4}
    wide = {"base_cycle": (10, 10), "instruction": (0, 100), "stall_cycle": (0.5, 0.5), **ranges}
    return {
        "cores": 1,
        "instruction_cache": {"line": 16},
        "energy": energy,
        # 1000 cycles with 500 instructions and 250 stalls: 10,000 + 4,000 + 1,000 pJ.
        "energy_point": {
            "microjoules": 0.015,
            "cycles": 1000,
            "accelerator_cycles": 0,
            "weights": 0,
            "dma_bytes": 0,
            "instructions_per_cycle": 0.5,
            "stalls_per_cycle": 0.25,
            "l1_accesses_per_instruction": 0,
            "instructions_per_cache_miss": 100,
        },
        "energy_ranges": [
            {"constant": name, "low": low, "high": high}
            for name in NAMES
            for low, high in (wide.get(name, (0, 0)),)
        ],
    }


def test_without_ranges_there_is_one_result() -> None:
    events = dict.fromkeys(NAMES, 0) | {"base_cycle": 100, "instruction": 10}
    assert energy_range(events, soc()) == pytest.approx((1.08e-3, 1.08e-3))


def test_what_time_takes_instructions_do_not() -> None:
    chip = soc(base_cycle=(5, 10))
    # At 5 pJ a cycle, 10,000 pJ remain for 500 instructions and 250 halves: 16 pJ each.
    idle = dict.fromkeys(NAMES, 0) | {"base_cycle": 100}
    assert energy_range(idle, chip) == pytest.approx((5e-4, 1e-3))
    busy = dict.fromkeys(NAMES, 0) | {"instruction": 100}
    assert energy_range(busy, chip) == pytest.approx((8e-4, 1.6e-3))


def test_choices_that_need_impossible_instructions_do_not_count() -> None:
    chip = soc(base_cycle=(5, 10), instruction=(0, 12))
    idle = dict.fromkeys(NAMES, 0) | {"base_cycle": 100}
    assert energy_range(idle, chip) == pytest.approx((1e-3, 1e-3))


def test_the_point_itself_is_certain() -> None:
    chip = soc(base_cycle=(5, 10), stall_cycle=(0.1, 0.9))
    assert energy_range(point_events(chip), chip) == pytest.approx((0.015, 0.015))
