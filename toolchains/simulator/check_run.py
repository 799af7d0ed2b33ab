"""Runs a command, passes its output on as it comes, and compares output and exit code."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

READ_BYTES = 4096
DIFFERENCES_SHOWN = 20


def run(command: list[str]) -> tuple[int, bytes]:
    """Runs the command; its standard output is passed on at once and returned.

    Returns:
        The exit code (negative: the signal that ended it) and the output.
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = bytearray()
    while chunk := os.read(process.stdout.fileno(), READ_BYTES):
        output += chunk
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return process.wait(), bytes(output)


def output_differences(expected: bytes, found: bytes) -> list[str]:
    """The first differing lines as a unified diff; empty if the bytes are the same."""
    if expected == found:
        return []
    lines = [text.decode(errors="backslashreplace").splitlines() for text in (expected, found)]
    differences = list(difflib.unified_diff(*lines, "expected", "found", lineterm=""))
    return differences[:DIFFERENCES_SHOWN] or ["only line ends differ"]


def missing_texts(texts: list[str], found: bytes) -> list[str]:
    """The first of `texts` that does not follow the ones before it, if there is one."""
    position = 0
    for text in texts:
        at = found.find(text.encode(), position)
        if at < 0:
            after = " after the texts before it" if position else ""
            return [f"the output does not contain {text!r}{after}"]
        position = at + len(text.encode())
    return []


def exceeded_limits(limits: list[str], found: bytes) -> list[str]:
    """Which counts in the output exceed their limit.

    A limit is `<unit>=<most>`; it holds for every number in front of that unit in the output, and
    there must be one: a limit of nothing is a mistake.
    """
    problems: list[str] = []
    for limit in limits:
        unit, _, most = limit.rpartition("=")
        counts = [int(count) for count in re.findall(rf"(\d+) {re.escape(unit)}\b".encode(), found)]
        if not counts:
            problems.append(f"the output tells no number of {unit}")
        elif max(counts) > int(most):
            problems.append(f"{max(counts)} {unit}, at most {most} are allowed")
    return problems


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expected-exit-code", type=int, default=0)
    parser.add_argument("--expected-output", type=Path, help="file with the whole output")
    parser.add_argument("--expected-text", action="append", default=[], help="part of the output")
    parser.add_argument("--maximum", action="append", default=[], metavar="UNIT=MOST")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)

    code, output = run(options.command)
    problems: list[str] = []
    if code != options.expected_exit_code:
        problems.append(f"exit code {code}, expected {options.expected_exit_code}")
    if options.expected_output is not None:
        problems += output_differences(options.expected_output.read_bytes(), output)
    problems += missing_texts(options.expected_text, output)
    problems += exceeded_limits(options.maximum, output)
    for problem in problems:
        print(f"check_run: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
