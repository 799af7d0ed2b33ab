"""What must add up in the simulator's --stats file."""

from __future__ import annotations

from typing import Any


def check_sums(statistics: dict[str, Any]) -> None:
    """Asserts that every cycle of a started core is counted once.

    It is an instruction, a stall of one cause, or sleep.
    """
    for core in statistics["cores"]:
        stalls = sum(core["stalls"].values())
        assert core["cycles"] == core["instructions"] + stalls + core["sleep"], core


def stall_causes(statistics: dict[str, Any]) -> dict[str, int]:
    """Stall cycles of all cores by cause."""
    totals: dict[str, int] = {}
    for core in statistics["cores"]:
        for cause, cycles in core["stalls"].items():
            totals[cause] = totals.get(cause, 0) + cycles
    return totals
