"""The compiler's work per node does not grow with the network.

Calls of functions are counted, which repeats exactly where seconds do not. What runs inside of one
call of NumPy, ONNX or the solver is not seen; `measure.py` shows it.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.benchmarks.compile_time.networks import KINDS
from tests.benchmarks.compile_time.stages import STAGES, compile_stages

SMALL, LARGE = 100, 1000
GROWTH = 1.2
"""A step that looks at all nodes for every node would show as nearly 10."""

Result = TypeVar("Result")


def calls_per_node(kind: str, nodes: int) -> dict[str, float]:
    """Calls of functions in every stage, per node of the model."""
    model = KINDS[kind](nodes)
    counts: dict[str, float] = {}

    def observe(stage: str, work: Callable[[], Result]) -> Result:
        profile = cProfile.Profile()
        result = profile.runcall(work)
        calls = pstats.Stats(profile).total_calls  # pyright: ignore
        counts[stage] = calls / len(model.graph.node)
        return result

    compile_stages(model, observe)
    return counts


@pytest.mark.parametrize("kind", KINDS)
def test_calls_per_node_do_not_grow(kind: str) -> None:
    calls_per_node(kind, 1)  # caches and imports
    small, large = calls_per_node(kind, SMALL), calls_per_node(kind, LARGE)
    assert list(large) == list(STAGES)
    assert {stage: large[stage] <= GROWTH * small[stage] for stage in STAGES} == dict.fromkeys(
        STAGES, True
    )
