"""The recorded outcomes of all conformance cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conformance.attempts import PASSES, WRONG
from tests.conformance.cases import Case
from tests.conformance.known_failures import KNOWN_FAILURES

COMMAND = "python -m tests.conformance.update"
RECORDS = Path("tests/conformance/outcomes.json")
"""Below the workspace: operator or suite to outcome to names of cases."""
KNOWN_FAILURE = "known failure: "

Records = dict[str, dict[str, list[str]]]


def read(workspace: Path) -> Records:
    return json.loads((workspace / RECORDS).read_text())


def text_of(records: Records) -> str:
    return json.dumps(records, indent=1, sort_keys=True) + "\n"


def grouped(cases: Sequence[Case], outcomes: Mapping[str, str]) -> Records:
    """Outcomes as they are recorded."""
    result: Records = {}
    for case in sorted(cases, key=lambda case: (case.group, case.name)):
        outcome = recorded_outcome(case.name, outcomes[case.name])
        result.setdefault(case.group, {}).setdefault(outcome, []).append(case.name)
    return result


def by_name(records: Records) -> dict[str, str]:
    """Outcome of each case."""
    return {
        name: outcome
        for outcomes in records.values()
        for outcome, names in outcomes.items()
        for name in names
    }


def recorded_outcome(name: str, outcome: str) -> str:
    """An outcome with the reason of a known failure instead of its values."""
    if outcome.startswith(WRONG) and name in KNOWN_FAILURES:
        return f"{KNOWN_FAILURE}{KNOWN_FAILURES[name]}"
    return outcome


def count(outcomes: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """How many cases of a group passed, and how many there are."""
    passed = sum(len(outcomes.get(outcome, ())) for outcome in PASSES)
    return passed, sum(map(len, outcomes.values()))
