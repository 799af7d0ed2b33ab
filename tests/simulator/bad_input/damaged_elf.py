"""Runs the simulator on damaged executables: as a benchmark by itself, some in the tests."""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.installed_tools import simulator, soc_description
from tests.simulator.harness.targets import siracusa

PROGRAM = """
.include "program.inc"
.text
.globl _start
.type _start, @function
_start:
    la s0, numbers
    lw s1, 0(s0)
    lw s2, 4(s0)
    add s1, s1, s2
    sw s1, 8(s0)
    output numbers, numbers_end
    exit_with 3
.size _start, . - _start
.data
.globl tilewright_arguments
.type tilewright_arguments, @object
.size tilewright_arguments, 64
tilewright_arguments: .zero 64
numbers: .word 1, 2, 0
numbers_end:
"""

EXIT_CODE = 3
EXIT_NOT_RUN = 125
EXIT_FAULT = 134
SECONDS = 20
"""More than any of these runs takes; a run that takes longer hangs."""

_HEADER_BYTES = 52
_INTERESTING = [0, 1, 2, 4, 0x34, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000]
_INTERESTING += [0xFFFFFFFF, 0xFFFFFFF0, 0x1C010000, 0x1C1FFFFC, 0x10000000, 0x1003FFFC]


def valid_elf(directory: Path) -> bytes:
    """An executable that writes 12 bytes and exits with EXIT_CODE."""
    return assemble(PROGRAM, siracusa(), directory).read_bytes()


def damage(elf: bytes, seed: int) -> bytes:
    """One damaged version of an executable per seed, the same at any time."""
    choice = random.Random(seed)
    damaged = bytearray(elf)
    kind = choice.randrange(6)
    if kind == 0:
        return bytes(damaged[: choice.randrange(len(damaged))])
    if kind == 1:
        for _ in range(choice.randrange(1, 20)):
            damaged[choice.randrange(len(damaged))] = choice.randrange(256)
        return bytes(damaged)
    if kind == 2:
        begin = choice.randrange(len(damaged))
        end = min(len(damaged), begin + choice.randrange(1, 64))
        del damaged[begin:end]
        return bytes(damaged)
    # Fields of the headers: of the file, segments, sections, or symbols at the end of the file.
    for _ in range(choice.randrange(1, 4)):
        ranges = [
            range(4, _HEADER_BYTES),
            range(_HEADER_BYTES, _HEADER_BYTES + 96),
            range(len(damaged) - 400, len(damaged) - 4),
            range(len(damaged) - 1200, len(damaged) - 4),
        ]
        at = choice.choice(choice.choice(ranges))
        size = choice.choice([1, 2, 4])
        at -= at % size
        value = choice.choice([*_INTERESTING, choice.getrandbits(32), at])
        damaged[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(damaged)


def problem_with(elf: Path, options: list[str] | None = None) -> str | None:
    """What the simulator does wrong with an executable; None if it behaves.

    It may run it (with whatever exit code), refuse it with a message, or stop it with a message.
    """
    command = [str(simulator()), "--elf", str(elf), "--soc", str(soc_description())]
    command += ["--max-cycles", "20000", *(options or [])]
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it hangs for {SECONDS} s"
    messages = run.stderr.decode(errors="replace")
    if run.returncode < 0:
        return f"it dies of signal {-run.returncode}: {messages}"
    expected = {EXIT_NOT_RUN: "TW-10", EXIT_FAULT: "TW-11"}.get(run.returncode)
    lines = messages.splitlines()
    if expected is not None and messages:
        if not re.match(rf"error {expected}\d\d: \S", lines[0]):
            return f"exit code {run.returncode} with the message {messages}"
    elif messages:
        return f"exit code {run.returncode} with the message {messages}"
    return None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--first-seed", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    failures = 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        elf = valid_elf(Path(directory))
        damaged = Path(directory) / "damaged.elf"
        for seed in range(options.first_seed, options.first_seed + options.count):
            damaged.write_bytes(damage(elf, seed))
            problem = problem_with(damaged)
            if problem is not None:
                failures += 1
                print(f"seed {seed}: {problem}")
    seconds = time.monotonic() - start
    print(f"{options.count} damaged executables, {failures} failures, {seconds:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
