"""The request reaches the firmware as written, and what cannot be sent is refused."""

from __future__ import annotations

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


def test_prompt_that_does_not_fit_is_refused(
    echo: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*echo, "--", "--prompt", "a" * ARGUMENT_BYTES]) == 2
    assert "at most 40" in capsys.readouterr().err


def test_exit_code_of_the_firmware_is_passed_on(tmp_path: Path) -> None:
    program = tmp_path / "fail.py"
    program.write_text("raise SystemExit(2)")
    assert main([sys.executable, str(program), "--"]) == 2
