"""Runs all conformance cases; records their outcomes, the sample for simulators and
docs/operators.md.

python -m tests.conformance.update

Writes nothing if a result is wrong that tests/conformance/known_failures.py does not list, or if
a case that passed no longer does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from tests.conformance import operators_page, records, sample
from tests.conformance.attempts import PASSES, WRONG
from tests.conformance.cases import load_cases
from tests.conformance.engines import engines, kernel_sources
from tests.conformance.outcome import outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--accept-losses", action="store_true", help="record cases that no longer pass"
    )
    arguments = parser.parse_args()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    cases = load_cases()
    found = records.grouped(cases, outcomes(cases))
    new = records.by_name(found)
    wrong = [f"{name}: {outcome}" for name, outcome in new.items() if outcome.startswith(WRONG)]
    lost: list[str] = []
    if (workspace / records.RECORDS).exists() and not arguments.accept_losses:
        old = records.by_name(records.read(workspace))
        lost = [
            f"{name}: {outcome}, was: {old[name]}"
            for name, outcome in new.items()
            if old.get(name) in PASSES and outcome not in PASSES and not outcome.startswith(WRONG)
        ]
    if wrong or lost:
        print(*wrong, *lost, "nothing is written", sep="\n", file=sys.stderr)
        return 1
    (workspace / records.RECORDS).write_text(records.text_of(found))
    chosen = sample.choose(cases, found)
    (workspace / sample.SAMPLE).write_text(chosen.text())
    page = operators_page.render(
        found, chosen, engines(workspace, cases, found), kernel_sources(workspace)
    )
    (workspace / operators_page.PAGE).write_text(page)
    for outcome, number in Counter(new.values()).most_common():
        print(f"{number:5} {outcome}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
