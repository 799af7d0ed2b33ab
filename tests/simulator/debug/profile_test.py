"""--profile: what cores did between barriers, calls of functions, transfers; and at no cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.debug import cluster_program
from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import run_on_simulator
from tests.simulator.harness.targets import siracusa

BARRIER_CYCLES = 5
FUNCTIONS = ("copy", "accelerate")


def profile(directory: Path, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The profile and the statistics of a run of the cluster program."""
    elf = assemble(cluster_program.PROGRAM, siracusa(), directory)
    file = directory / "profile.json"
    functions = [part for name in FUNCTIONS for part in ("--profile-function", name)]
    result = run_on_simulator(elf, options=["--profile", str(file), *functions, *options])
    assert result.exit_code == cluster_program.EXIT_CODE, result.messages
    return json.loads(file.read_text()), result.statistics


@pytest.fixture(scope="module", name="good")
def fixture_good(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    return profile(tmp_path_factory.mktemp("profile"))


def arrivals(content: dict[str, Any], barrier: dict[str, Any]) -> list[dict[str, int]]:
    columns = content["arrival_columns"]
    return [dict(zip(columns, row, strict=True)) for row in barrier["arrivals"]]


def test_every_core_meets_at_both_barriers(good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    content, _ = good
    assert len(content["barriers"]) == 2
    for barrier in content["barriers"]:
        rows = arrivals(content, barrier)
        assert [row["core"] for row in sorted(rows, key=lambda row: row["core"])] == list(range(8))
        assert barrier["passed"] == max(row["arrived"] for row in rows) + BARRIER_CYCLES


def test_cycles_between_arrivals_are_accounted(
    good: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    content, _ = good
    first, second = (
        {row["core"]: row for row in arrivals(content, barrier)} for barrier in content["barriers"]
    )
    for core, row in second.items():
        stalls = sum(cycles for name, cycles in row.items() if name.endswith("_stalls"))
        assert (
            row["instructions"] + stalls + row["sleep"] == row["arrived"] - first[core]["arrived"]
        )
    # Everybody reads one bank before the first barrier, nobody after it.
    assert sum(row["bank_conflict_stalls"] for row in first.values()) > 16 * 7
    assert sum(row["bank_conflict_stalls"] for row in second.values()) <= 16


def test_calls_and_transfers(good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    content, _ = good
    assert [(call["function"], call["core"]) for call in content["calls"]] == [
        (name, 0) for name in FUNCTIONS
    ]
    copy, accelerate = content["calls"]
    columns = content["transfer_columns"]
    transfers = [dict(zip(columns, row, strict=True)) for row in content["transfers"]]
    assert [(t["to_l1"], t["bytes"], t["core"]) for t in transfers] == [(1, 256, 0), (0, 256, 0)]
    for transfer in transfers:
        assert copy["begin"] < transfer["queued"] <= transfer["started"] < transfer["done"]
        assert transfer["done"] < copy["end"]
    assert copy["end"] < accelerate["begin"] < accelerate["end"]


def test_jobs(good: tuple[dict[str, Any], dict[str, Any]]) -> None:
    content, statistics = good
    (job,) = content["jobs"]
    accelerate = content["calls"][1]
    assert accelerate["begin"] < job["acquired"] < job["configured"] < job["triggered"]
    assert job["triggered"] < job["started"] < job["done"] < accelerate["end"]
    # 24 registers between context and trigger.
    assert 24 * 3 < job["configured"] - job["acquired"] < 24 * 30
    assert job["triggered"] - job["configured"] < 30
    assert job["core"] == 0 and job["description"].startswith("1x1 32->32")
    assert job["done"] - job["started"] == statistics["accelerator"]["busy_cycles"]
    assert job["multiply_accumulates"] == cluster_program.ACCELERATOR_MACS
    assert job["weight_bytes"] == 32 * 32 and not job["weight_memory"]
    # The other cores sleep at a barrier meanwhile.
    assert job["stalls"] == job["weight_stalls"] == 0


CONTENDED = """
    li s6, 2000
3:  lw zero, 32(s3)
    addi s6, s6, -1
    bnez s6, 3b
rest:
"""


def test_jobs_that_wait_for_l1(tmp_path: Path) -> None:
    # With 64 input channels, all weights of a tile of 32 lie in the same half of L1's banks, which
    # the other cores read instead of sleeping.
    program = cluster_program.PROGRAM
    for old, new in (
        ("bnez s2, rest", "bnez s2, busy"),
        ("rest:\n", "    j rest\nbusy:" + CONTENDED),
        ("32, 32, 32, 32, 128, 128, 32, 32, 32", "64, 64, 64, 32, 128, 128, 32, 64, 32"),
        ("0x200020, 0x10001, 0x10001, 0x10001", "0x200020, 0x10001, 0x10001, 0x10002"),
        ("pixel: .zero 32", "pixel: .zero 64"),
        ("weights: .zero 1024", "weights: .zero 2048"),
    ):
        assert program.count(old) == 1
        program = program.replace(old, new)
    elf = assemble(program, siracusa(), tmp_path)
    file = tmp_path / "profile.json"
    result = run_on_simulator(elf, options=["--profile", str(file)])
    assert result.exit_code == cluster_program.EXIT_CODE, result.messages
    (job,) = json.loads(file.read_text())["jobs"]
    assert 0 < job["weight_stalls"] <= job["stalls"]
    assert job["stalls"] == result.statistics["accelerator"]["stall_cycles"]


def test_it_costs_nothing(good: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    elf = assemble(cluster_program.PROGRAM, siracusa(), tmp_path)
    assert run_on_simulator(elf).statistics == good[1]
    assert profile(tmp_path, "--no-run-ahead")[0] == good[0]


def test_unknown_function(tmp_path: Path) -> None:
    elf = assemble(cluster_program.PROGRAM, siracusa(), tmp_path)
    file = tmp_path / "profile.json"
    result = run_on_simulator(
        elf, options=["--profile", str(file), "--profile-function", "nonsense"]
    )
    assert result.exit_code == 125
    assert "TW-1001" in result.messages and "no symbol 'nonsense'" in result.messages
    assert not file.exists()
