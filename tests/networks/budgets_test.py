"""What every network of the repository may cost: arena against its lower bound, size of the C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PLACEMENTS = sorted(Path("models").rglob("*.placement.json")) + sorted(
    Path("tests").rglob("*.placement.json")
)
GAP = 0.05
C_BYTES = 300_000


def test_placements_are_there() -> None:
    names = {path.name.removesuffix(".placement.json") for path in PLACEMENTS}
    assert {"tinystories_net", "digits_plain_int8_test_net", "matmul_int8_test_net"} <= names


@pytest.mark.parametrize("path", PLACEMENTS, ids=str)
def test_arena_is_near_the_most_that_lives_at_once(path: Path) -> None:
    for placement in json.loads(path.read_text(encoding="utf-8"))["placements"]:
        assert placement["peak"] <= (1 + GAP) * placement["bound"], placement["graph"]


def test_generated_c_stays_small() -> None:
    (source,) = Path("models/tinystories").glob("tinystories_net.c")
    (header,) = Path("models/tinystories").glob("tinystories_net.h")
    assert source.stat().st_size + header.stat().st_size < C_BYTES
