"""Bazel's persistent workers: requests, answers, and programs that do not stay."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from compiler.persistent_worker import FLAG, run, serve

SERVER = """
import os, sys
from compiler.persistent_worker import run
def command(arguments):
    os.write(1, b"a library prints this")
    print(*arguments)
    return len(arguments)
sys.exit(run(command, sys.argv[1:]))
"""


def command(arguments: Sequence[str]) -> int:
    """Prints its arguments; fails if one is `bad`, and exits if one is `help`."""
    if "help" in arguments:
        print("usage")
        raise SystemExit(0)
    print(*arguments, file=sys.stderr if "bad" in arguments else sys.stdout)
    return int("bad" in arguments)


def test_every_request_is_answered_with_what_was_printed() -> None:
    requests = [
        {"arguments": ["emit", "model"], "requestId": 3},
        {"arguments": ["bad"]},
        {"arguments": ["help"], "requestId": 4},
        {"arguments": ["again"]},
    ]
    responses = io.StringIO()
    serve(command, io.StringIO("".join(json.dumps(one) + "\n" for one in requests)), responses)
    assert [json.loads(line) for line in responses.getvalue().splitlines()] == [
        {"exitCode": 0, "output": "emit model\n", "requestId": 3},
        {"exitCode": 1, "output": "bad\n", "requestId": 0},
        {"exitCode": 0, "output": "usage\n", "requestId": 4},
        {"exitCode": 0, "output": "again\n", "requestId": 0},
    ]


def test_responses_are_all_that_goes_to_standard_output() -> None:
    process = subprocess.run(
        [sys.executable, "-c", SERVER, FLAG],
        input='{"arguments": ["one", "ünd"]}\n{"arguments": []}\n',
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert [json.loads(line) for line in process.stdout.splitlines()] == [
        {"exitCode": 2, "output": "one ünd\n", "requestId": 0},
        {"exitCode": 0, "output": "\n", "requestId": 0},
    ]
    assert process.stderr == "a library prints this" * 2


def test_without_the_flag_the_command_runs_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, ["emit", "name with blanks"]) == 0
    assert run(command, ["bad"]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("emit name with blanks\n", "bad\n")
