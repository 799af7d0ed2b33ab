"""Compares the simulator with QEMU on many random RV32IMFC programs and says how fast that went."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulator.harness.installed_tools import MissingToolError
from tests.simulator.instructions.comparison import mismatches
from tests.simulator.instructions.placed_program import Placement
from tests.simulator.instructions.random_program import random_program


def main(arguments: list[str]) -> int:
    """Runs the comparison; 1 if a program's state differs, 2 if a tool is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--instructions", type=int, default=500, help="of each, at least (500)")
    parser.add_argument("--first-seed", type=int, default=1000, help="they count up (1000)")
    parser.add_argument("--batch", type=int, default=50, help="programs per executable (50)")
    options = parser.parse_args(arguments)

    started = time.monotonic()
    different = 0
    placements = list(Placement)
    seeds = range(options.first_seed, options.first_seed + options.programs)
    for number, first in enumerate(range(0, len(seeds), options.batch)):
        batch = seeds[first : first + options.batch]
        programs = [random_program(seed, options.instructions) for seed in batch]
        try:
            reports = mismatches(programs, placements[number % len(placements)])
        except MissingToolError as error:
            print(f"random_programs: {error}", file=sys.stderr)
            return 2
        different += len(reports)
        for report in reports:
            print(report, end="\n\n")
        done = first + len(batch)
        print(f"{done}/{options.programs} programs, {different} differ", file=sys.stderr)
    seconds = time.monotonic() - started
    print(
        f"{options.programs} programs of {options.instructions} instructions: {different} differ "
        f"({seconds:.0f} s)"
    )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
