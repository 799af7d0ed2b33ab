"""The request reaches the firmware as written, and what cannot be sent is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from firmware.apps.language_model.run import ARGUMENT_BYTES, main

ECHO = """
import pathlib, sys
sys.stdout.buffer.write(pathlib.Path(sys.argv[sys.argv.index("--arguments") + 1]).read_bytes())
sys.stdout.write("\\n[prompt: 1 tokens, 2 instructions; generated: 3 tokens, 4 of them]\\n")
"""


@pytest.fixture
def echo(tmp_path: Path) -> list[str]:
    """A simulator that prints its arguments and ends like the firmware."""
    program = tmp_path / "echo.py"
    program.write_text(ECHO)
    return [sys.executable, str(program)]


def test_request_holds_options_and_prompt(
    echo: list[str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    options = ["--prompt", "caf\udcc3\udca9 \udcff", "--tokens", "7", "--top-p", "0.5"]
    assert main([*echo, "--", *options]) == 0
    output = capfdbinary.readouterr().out
    expected = b"tokens=7\ntemperature=0\ntop_p=0.5\nseed=0\noutput=text\n\ncaf\xc3\xa9 \xff\n"
    assert output.startswith(expected)
    assert b"tokens/s]" in output


STATISTICS = {
    "clock_hertz": 250_000_000,
    "energy_by_region": [
        {
            "name": "prefill",
            "visits": 2,
            "seconds": 0.03,
            "microjoules": 5000.0,
            "events": {"base_cycle": 7_500_000, "dma_byte": 12},
        },
        {
            "name": "decode",
            "visits": 4,
            "seconds": 0.004,
            "microjoules": 500.0,
            "events": {"base_cycle": 1_000_000, "dma_byte": 8},
        },
    ],
}


def test_simulated_speed_comes_from_the_statistics(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "simulator.py"
    text = json.dumps(STATISTICS)
    write = f"pathlib.Path(sys.argv[sys.argv.index('--stats') + 1]).write_text({text!r})"
    program.write_text(ECHO + write)
    monkeypatch.setenv("TILEWRIGHT_STATISTICS", "1")
    assert main([sys.executable, str(program), "--"]) == 0
    lines = capfdbinary.readouterr().out.decode().splitlines()
    assert "[simulated decode at 250 MHz: 1,000 tokens/s, 125.0 uJ/token (estimate)]" in lines
    assert "[simulated prefill at 250 MHz: 15.00 ms, 2500 uJ/block (estimate)]" in lines


def test_prompt_that_does_not_fit_is_refused(
    echo: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*echo, "--", "--prompt", "a" * ARGUMENT_BYTES]) == 2
    assert "at most 40" in capsys.readouterr().err


def test_exit_code_of_the_firmware_is_passed_on(tmp_path: Path) -> None:
    program = tmp_path / "fail.py"
    program.write_text("raise SystemExit(2)")
    assert main([sys.executable, str(program), "--"]) == 2
