"""Mutated models are compiled right or refused with a code; never anything else."""

from __future__ import annotations

import os

import pytest

from tests.fuzzing.batch import run_cases
from tests.fuzzing.case import fuzz_case
from tests.fuzzing.check_case import REFUSED
from tests.fuzzing.oracle import EQUAL

CASES = int(os.environ["TILEWRIGHT_FUZZ_CASES"])
FIRST_SEED = int(os.environ["TILEWRIGHT_FUZZ_FIRST_SEED"])
SANITIZE_EVERY = 4


def test_mutated_models_are_compiled_right_or_refused() -> None:
    report = run_cases(range(FIRST_SEED, FIRST_SEED + CASES), SANITIZE_EVERY)
    assert not report.failures, "\n\n".join(report.failures)
    assert sum(report.outcomes.values()) == CASES
    # Both happen, or the mutations are too wild, or too tame.
    refused = [number for how, number in report.outcomes.items() if how.startswith(REFUSED)]
    assert report.outcomes[EQUAL] > CASES // 5
    assert sum(refused) > CASES // 10


@pytest.mark.parametrize("seed", [FIRST_SEED, FIRST_SEED + 1])
def test_a_seed_always_makes_the_same_case(seed: int) -> None:
    assert fuzz_case(seed) == fuzz_case(seed)
