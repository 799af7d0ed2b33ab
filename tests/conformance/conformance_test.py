"""Every conformance case has the recorded outcome; what compiles is right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conformance import operators_page, records, sample
from tests.conformance.attempts import WRONG
from tests.conformance.cases import BUCKETS, SUITES, Case, load_cases
from tests.conformance.engines import engines, kernel_sources
from tests.conformance.known_failures import KNOWN_FAILURES
from tests.conformance.outcome import outcomes

WORKSPACE = Path(__file__).parents[2]
ADVICE = f"if it is meant to be so, run '{records.COMMAND}'"
SUITE_SIZES = {"node": 1884, "simple": 23, "pytorch-operator": 35, "pytorch-converted": 82}
"""Of onnx 1.23.2: a case that gets lost is not a success."""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return load_cases()


@pytest.mark.parametrize("bucket", range(BUCKETS))
def test_outcomes_are_the_recorded_ones(bucket: int, cases: list[Case]) -> None:
    recorded = records.by_name(records.read(WORKSPACE))
    found = outcomes([case for case in cases if case.bucket == bucket])
    assert found
    differences = [
        f"{name}: {outcome}; recorded is: {recorded.get(name)}"
        for name, outcome in found.items()
        if records.recorded_outcome(name, outcome) != recorded.get(name)
    ]
    assert not differences, "\n".join([*differences, ADVICE])


def test_all_cases_are_recorded(cases: list[Case]) -> None:
    recorded = records.by_name(records.read(WORKSPACE))
    assert sorted(recorded) == sorted(case.name for case in cases), ADVICE
    suites = Counter(case.group if case.group in SUITES else "node" for case in cases)
    assert suites == SUITE_SIZES


def test_nothing_recorded_is_wrong_but_known_failures() -> None:
    recorded = records.by_name(records.read(WORKSPACE))
    assert [name for name, outcome in recorded.items() if outcome.startswith(WRONG)] == []
    failing = [n for n, outcome in recorded.items() if outcome.startswith(records.KNOWN_FAILURE)]
    assert sorted(failing) == sorted(KNOWN_FAILURES)


def test_the_page_is_not_stale(cases: list[Case]) -> None:
    page = (WORKSPACE / operators_page.PAGE).read_text()
    recorded = records.read(WORKSPACE)
    wanted = operators_page.render(
        recorded,
        sample.read(WORKSPACE),
        engines(WORKSPACE, cases, recorded),
        kernel_sources(WORKSPACE),
    )
    assert page == wanted, f"run '{records.COMMAND}'"


def test_the_sample_has_every_operator(cases: list[Case]) -> None:
    chosen = sample.read(WORKSPACE)
    groups = {case.name: case.group for case in cases}
    sampled = [groups[name] for names in chosen.shards for name in names]
    assert sorted([*sampled, *chosen.missing]) == sample.passing_operators(
        records.read(WORKSPACE)
    ), f"run '{records.COMMAND}'"
