"""Runs the language model's benchmark on a simulator that models time, and prints a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from firmware.apps.language_model.simulation import Region, Simulation, simulate

WARM_UP = "warm-up"
"""The region of runs that do not count (`benchmark.c`)."""


def table(simulation: Simulation) -> list[str]:
    """Cycles, time, bytes copied and estimated energy of every measured region, as lines."""
    lines = [f"{'':16}{'cycles':>12}{'ms':>9}{'bytes copied':>14}{'uJ (estimate, range)':>28}"]
    for region in simulation.regions:
        if region.name != WARM_UP:
            milliseconds = 1e3 * region.seconds / region.visits
            lines.append(
                f"{region.name:16}{region.cycles // region.visits:12,}{milliseconds:9.3f}"
                f"{region.copied // region.visits:14,}{region.energy / region.visits:15,.1f}"
                f"{_range(region):>13}"
            )
    return lines


def _range(region: Region) -> str:
    """The least and the most energy that the ranges of soc.yaml's constants allow."""
    if region.energy_range is None:
        return "-"
    low, high = (energy / region.visits for energy in region.energy_range)
    return f"{low:,.0f}..{high:,.0f}"


def main(words: Sequence[str]) -> int:
    """Command line: `run_benchmark.py SIMULATOR WORDS... --`, of a simulator with statistics."""
    words = list(words)
    if os.environ.get("TILEWRIGHT_STATISTICS") != "1":
        print("error: the platform's simulator models no time; build for another", file=sys.stderr)
        return 2
    simulation = simulate(words[: words.index("--")], b"")
    if simulation.exit_code == 0:
        print("\n".join(table(simulation)))
    return simulation.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
