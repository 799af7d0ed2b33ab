"""Tests of what simulator tests are checked with."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolchains.simulator import check_run

SAY = "import sys; sys.stdout.write('one\\ntwo\\n'); sys.exit(3)"


def check(*options: str, program: str = SAY) -> int:
    return check_run.main([*options, "--", sys.executable, "-c", program])


def test_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert check("--expected-exit-code", "3") == 0
    assert check() == 1
    assert "exit code 3, expected 0" in capfd.readouterr().err


def test_a_signal_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    assert check(program="import os; os.kill(os.getpid(), 9)") == 1
    assert "exit code -9, expected 0" in capfd.readouterr().err


def test_whole_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    expected = tmp_path / "expected"
    expected.write_bytes(b"one\ntwo\n")
    options = ["--expected-exit-code", "3", "--expected-output", str(expected)]
    assert check(*options) == 0
    expected.write_bytes(b"one\n2\n")
    assert check(*options) == 1
    assert "-2\n" in capfd.readouterr().err.replace("check_run: ", "")
    expected.write_bytes(b"one\r\ntwo\n")
    assert check(*options) == 1
    assert "only line ends differ" in capfd.readouterr().err


def test_texts_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    code = ["--expected-exit-code", "3"]
    assert check(*code, "--expected-text", "one", "--expected-text", "two") == 0
    assert check(*code, "--expected-text", "two", "--expected-text", "one") == 1
    assert "does not contain 'one' after the texts before it" in capfd.readouterr().err


def test_limits(capfd: pytest.CaptureFixture[str]) -> None:
    program = "print('step 0: 900 instructions\\nstep 1: 1001 instructions')"
    assert check("--maximum", "instructions=1001", program=program) == 0
    assert check("--maximum", "instructions=1000", program=program) == 1
    assert "1001 instructions, at most 1000 are allowed" in capfd.readouterr().err
    assert check("--maximum", "cycles=1000", program=program) == 1
    assert "the output tells no number of cycles" in capfd.readouterr().err


def test_output_is_passed_on_at_once() -> None:
    program = "import sys, time; print('now', flush=True); time.sleep(60)"
    command = [sys.executable, check_run.__file__, "--", sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    started = time.monotonic()
    try:
        assert process.stdout.readline() == b"now\n"
        assert time.monotonic() - started < 50
    finally:
        process.kill()
        process.wait()
