"""The table holds what the simulator's statistics say about the measured regions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from firmware.apps.language_model.run_benchmark import main

STATISTICS = {
    "clock_hertz": 100_000_000,
    "energy_by_region": [
        {
            "name": name,
            "visits": visits,
            "seconds": 0.002,
            "microjoules": 150.0,
            "events": {"base_cycle": 200_000, "dma_byte": 914_068},
        }
        for name, visits in (("warm-up", 7), ("decode at 64", 2))
    ],
}


@pytest.fixture
def simulator(tmp_path: Path) -> list[str]:
    """A simulator that writes STATISTICS."""
    program = tmp_path / "simulator.py"
    program.write_text(
        "import pathlib, sys\n"
        f"pathlib.Path(sys.argv[sys.argv.index('--stats') + 1]).write_text("
        f"{json.dumps(STATISTICS)!r})\n"
    )
    return [sys.executable, str(program)]


def test_table(
    simulator: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILEWRIGHT_STATISTICS", "1")
    assert main([*simulator, "--"]) == 0
    _, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["decode", "at", "64", "100,000", "1.000", "457,034", "75.0", "-"]


def test_simulator_without_time_is_refused(
    simulator: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILEWRIGHT_STATISTICS", raising=False)
    assert main([*simulator, "--"]) == 2
    assert "models no time" in capsys.readouterr().err
