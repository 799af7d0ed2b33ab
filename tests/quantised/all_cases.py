"""The cases of all operators: importing a module registers those that it has."""

from __future__ import annotations

from tests.quantised import (
    elementwise_cases,
    long_cases,
    movement_cases,
    recurrent_cases,
    reduction_cases,
    transformer_cases,
    weighted_cases,
)
from tests.quantised.case import CASES

MODULES = (
    elementwise_cases, long_cases, movement_cases, recurrent_cases, reduction_cases,
    transformer_cases, weighted_cases,
)  # fmt: skip

__all__ = ["CASES", "MODULES"]
