"""A compiler that stays: Bazel's persistent workers, with JSON messages.

Python, NumPy and ONNX take longer to start than most networks take to compile. A worker reads one
request per line from standard input, `{"arguments": [...], "requestId": n}`, and answers each
with a line on standard output, `{"exitCode": n, "output": text, "requestId": n}`.
The protocol: bazel.build/remote/creating.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

FLAG = "--persistent_worker"
"""What Bazel adds to the command line of a program that shall stay."""

Command = Callable[[Sequence[str]], int]


def run(command: Command, arguments: Sequence[str]) -> int:
    """Runs `command` once, or as a worker until there are no more requests; the exit status."""
    if FLAG in arguments:
        with _protocol_stream() as responses:
            serve(command, sys.stdin, responses)
        return 0
    return command(arguments)


def serve(command: Command, requests: TextIO, responses: TextIO) -> None:
    """Answers every request with the exit status of `command` and with what it printed."""
    for line in requests:
        request: dict[str, Any] = json.loads(line)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = _status(command, request.get("arguments", []))
        response = {
            "exitCode": status,
            "output": printed.getvalue(),
            "requestId": request.get("requestId", 0),
        }
        print(json.dumps(response), file=responses, flush=True)


def _status(command: Command, arguments: Sequence[str]) -> int:
    try:
        return command(arguments)
    except SystemExit as stop:  # argparse, after --help
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


@contextlib.contextmanager
def _protocol_stream():
    """Standard output for responses alone: what libraries write there goes to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as responses:
        os.dup2(2, 1)
        yield responses
