"""Fuzzes the compiler with mutated ONNX models, or writes the model of one case."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.fuzzing.batch import Report, failure_of, model_text, run_cases
from tests.fuzzing.case import fuzz_case
from tests.fuzzing.shrink import shrink


def main(arguments: list[str]) -> int:
    """1 if a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50_000, help="how many (50,000)")
    parser.add_argument("--seed", type=int, default=1_000_000, help="of the first (1,000,000)")
    parser.add_argument(
        "--sanitize-every",
        type=int,
        default=4,
        help="compiled case runs sanitized (4)",
    )
    parser.add_argument(
        "--reproduce",
        type=int,
        metavar="SEED",
        help="write this case's model, and a smaller one that fails alike",
    )
    options = parser.parse_args(arguments)
    if options.reproduce is not None:
        _reproduce(options.reproduce)
        return 0

    started = time.monotonic()
    shown = 0

    def progress(report: Report) -> None:
        nonlocal shown
        for failure in report.failures[shown:]:
            print(failure, end="\n\n")
        shown = len(report.failures)
        done = sum(report.outcomes.values())
        if done % 500 == 0:
            seconds = time.monotonic() - started
            print(f"{done}/{options.cases} cases, {seconds:.0f} s: {report}", file=sys.stderr)

    seeds = range(options.seed, options.seed + options.cases)
    report = run_cases(seeds, options.sanitize_every, progress)
    for failure in report.failures[shown:]:
        print(failure, end="\n\n")
    print(f"{options.cases} cases ({time.monotonic() - started:.0f} s): {report}")
    return 1 if report.failures else 0


def _reproduce(seed: int) -> None:
    """Writes fuzz_SEED.onnx and, if it fails without ending the process, fuzz_SEED_small.onnx."""
    case = fuzz_case(seed)
    folder = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    path = folder / f"fuzz_{seed}.onnx"
    path.write_bytes(case.content)
    print(f"{case}\n{model_text(case.content)}\nwritten to {path}", flush=True)
    failure = failure_of(case.content, case)
    if failure is None:
        print("it does not fail")
        return
    small = shrink(case.content, lambda content: failure_of(content, case))
    path = folder / f"fuzz_{seed}_small.onnx"
    path.write_bytes(small)
    print(f"it fails: {failure}\n{model_text(small)}\nwritten to {path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
