"""Runs `job_runner`: register accesses at given cycles on memory images."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import numpy as np

from tests.simulator.neureka.neureka_model import Bytes

BINARY_VARIABLE = "TILEWRIGHT_JOB_RUNNER"

TRIGGER = 0x00
ACQUIRE = 0x04
STATUS = 0x0C
RUNNING_JOB = 0x10
SOFT_CLEAR = 0x14
JOB_REGISTERS = 0x20

# From EventSink::raise to the awake core, as job_runner is built.
EVENT_WAKE = 5


@dataclasses.dataclass
class Result:
    """What job_runner wrote."""

    l1: Bytes
    loads: list[tuple[int, int]]  # offset, value
    peeks: list[tuple[int, int]]  # address, value
    events: list[tuple[int, int, int]]  # core, number, cycle
    hammers: list[tuple[int, int]]  # cycle of the last access, longest wait
    statistics: dict[str, int]
    fault: str | None


class Script:
    """Accesses to the accelerator, and agents that compete with it."""

    def __init__(self) -> None:
        self._accesses: list[tuple[int, str]] = []
        self._hammers: list[str] = []

    def store(self, cycle: int, offset: int, value: int, core: int = 0) -> None:
        """A store; accesses of one cycle happen in the order of these calls."""
        self._accesses.append((cycle, f"store {cycle} {core} {offset} {value}"))

    def load(self, cycle: int, offset: int, core: int = 0) -> None:
        """A load."""
        self._accesses.append((cycle, f"load {cycle} {core} {offset}"))

    def poke(self, cycle: int, address: int, value: int) -> None:
        """Writes a byte of L1, behind the accelerator's access of the cycle."""
        self._accesses.append((cycle, f"poke {cycle} 0 {address} {value}"))

    def peek(self, cycle: int, address: int) -> None:
        """Reads a byte of L1, behind the accelerator's access of the cycle."""
        self._accesses.append((cycle, f"peek {cycle} 0 {address}"))

    def job(self, cycle: int, registers: list[int], core: int = 0) -> None:
        """Acquires, configures and triggers, all in one cycle."""
        self.load(cycle, ACQUIRE, core)
        for index, value in enumerate(registers):
            self.store(cycle, JOB_REGISTERS + 4 * index, value, core)
        self.store(cycle, TRIGGER, 0, core)

    def hammer(self, address: int, begin: int, count: int) -> None:
        """An agent that accesses one word per cycle until it had it `count` times."""
        self._hammers.append(f"hammer {address} {begin} {count}")

    def run(self, l1: Bytes, weight_memory: Bytes) -> Result:
        """Runs until nothing happens any more."""
        accesses = [text for _, text in sorted(self._accesses, key=lambda access: access[0])]
        lines = [*accesses, *self._hammers, f"weight_memory {len(weight_memory)}", "run", ""]
        completed = subprocess.run(
            [binary()],
            input="\n".join(lines).encode() + l1.tobytes() + weight_memory.tobytes(),
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        )
        text, _, image = completed.stdout.partition(b"end\n")
        result = Result(np.frombuffer(image, np.uint8), [], [], [], [], {}, None)
        for line in text.decode().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "fault":
                result.fault = rest
                continue
            words = rest.split(" ")
            if kind == "load":
                result.loads.append((int(words[0]), int(words[1])))
            elif kind == "peek":
                result.peeks.append((int(words[0]), int(words[1])))
            elif kind == "event":
                result.events.append((int(words[0]), int(words[1]), int(words[2])))
            elif kind == "hammer":
                result.hammers.append((int(words[1]), int(words[2])))
            else:
                assert kind == "statistics", line
                result.statistics[words[0]] = int(words[1])
        assert len(result.l1) == len(l1)
        return result


def binary() -> Path:
    """The program that Bazel builds for these tests."""
    path = os.environ.get(BINARY_VARIABLE)
    assert path, f"set {BINARY_VARIABLE} to the program //tests/simulator/neureka:job_runner"
    return Path(path).absolute()
