"""RV32IMFC: random programs leave the same state on the simulator as on QEMU."""

from __future__ import annotations

import pytest

from tests.simulator.instructions.comparison import mismatches
from tests.simulator.instructions.placed_program import Placement
from tests.simulator.instructions.random_program import is_instruction, random_program

_INSTRUCTIONS = 500
_BATCH = 25


@pytest.mark.parametrize(
    ("first_seed", "placement"),
    [
        (0, Placement.FABRIC_CONTROLLER),
        (25, Placement.CLUSTER_CORE),
        (50, Placement.FABRIC_CONTROLLER),
        (75, Placement.CLUSTER_CORE),
    ],
)
def test_same_state_as_qemu(first_seed: int, placement: Placement) -> None:
    programs = [random_program(first_seed + index, _INSTRUCTIONS) for index in range(_BATCH)]
    reports = mismatches(programs, placement)
    assert not reports, "\n\n".join(reports)


def test_programs_are_those_of_their_seed() -> None:
    first, second = random_program(7, 100), random_program(7, 100)
    assert first == second
    assert sum(is_instruction(line) for item in first.items for line in item) >= 100
    assert random_program(8, 100).items != first.items
