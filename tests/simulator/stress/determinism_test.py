"""The simulator is deterministic, and how far cores run ahead of each other changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.harness.execute import Result, run_on_simulator
from tests.simulator.stress.stress_firmware import build, words
from tests.simulator.timing.neureka_job import Job, job_table
from tests.simulator.timing.statistics_sums import check_sums, stall_causes

_ROUNDS = 400
_JOBS = 20
_JOB = Job("3x3", 4, 40, 32, 8, 6, weight_memory=False, weights=0x10018000)


def _build(seed: int, directory: Path) -> Path:
    return build(
        "everything.c",
        directory,
        cores=range(9),
        definitions={"SEED": seed, "ROUNDS": _ROUNDS, "JOBS": _JOBS},
        data=job_table(_JOB).replace("job_table:", ".globl job_table\njob_table:"),
    )


def _check(result: Result) -> None:
    assert result.exit_code == 0, result.messages
    values = words(result.output)
    assert values[0:24:3] == [_ROUNDS] * 8
    assert values[24] == _JOBS


def _run(executable: Path, directory: Path, *options: str) -> tuple[Result, dict[str, bytes]]:
    """Result, and the contents of both traces."""
    directory.mkdir()
    files = {name: directory / name for name in ("trace", "instruction-trace")}
    arguments = [item for name, path in files.items() for item in (f"--{name}", str(path))]
    result = run_on_simulator(executable, options=[*arguments, *options])
    _check(result)
    return result, {name: path.read_bytes() for name, path in files.items()}


def test_the_same_run_twice_is_identical(tmp_path: Path) -> None:
    executable = _build(1, tmp_path)
    first = _run(executable, tmp_path / "first")
    second = _run(executable, tmp_path / "second")
    assert first[0] == second[0]
    assert first[1] == second[1]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_running_ahead_changes_nothing(seed: int, tmp_path: Path) -> None:
    """Cycles, all statistics and the firmware's output."""
    executable = _build(seed, tmp_path)
    ahead = run_on_simulator(executable)
    _check(ahead)
    in_step = run_on_simulator(executable, options=["--no-run-ahead"])
    assert in_step.output == ahead.output
    assert in_step.statistics == ahead.statistics


def test_tracing_changes_nothing(tmp_path: Path) -> None:
    executable = _build(1, tmp_path)
    traced, _ = _run(executable, tmp_path / "traced")
    assert traced == run_on_simulator(executable)


@pytest.mark.parametrize("seed", [1, 2])
def test_cycles_are_instructions_and_stalls_and_sleep(seed: int, tmp_path: Path) -> None:
    """The workload stalls for every reason there is; each cycle is counted once."""
    statistics = run_on_simulator(_build(seed, tmp_path)).statistics
    check_sums(statistics)
    assert all(stall_causes(statistics).values())
    assert statistics["accelerator"]["jobs"] == _JOBS
    assert statistics["dma"]["transfers"] > 0
