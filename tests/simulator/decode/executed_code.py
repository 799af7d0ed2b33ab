"""Which code firmware executes, from the simulator's trace of instructions."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.simulator.harness.execute import run_on_simulator

LINE_BYTES = 16
"""Of a line of the instruction caches (soc.yaml)."""

FABRIC_CONTROLLER = "fabric controller"
"""It has a cache of its own."""


@dataclass(frozen=True)
class Instruction:
    """One line of a trace: `where` is a symbol, with an offset unless that is 0."""

    core: str
    address: int
    where: str


def traced_instructions(executable: Path, arguments: bytes) -> Iterator[Instruction]:
    """Runs firmware; the instructions of the cluster's cores, in the order of time.

    Raises:
        AssertionError: the firmware failed.
    """
    with tempfile.TemporaryDirectory() as directory:
        pipe = Path(directory) / "trace"
        os.mkfifo(pipe)
        exit_codes: list[int] = []

        def simulate() -> None:
            options = ["--instruction-trace", str(pipe)]
            result = run_on_simulator(executable, arguments=arguments, options=options)
            exit_codes.append(result.exit_code)

        simulator = threading.Thread(target=simulate)
        simulator.start()
        with pipe.open() as lines:
            for line in lines:
                _, core, address, _, where = (part for part in line.split("  ") if part)
                if core.strip() != FABRIC_CONTROLLER:
                    yield Instruction(core.strip(), int(address, 16), where.strip())
        simulator.join()
        assert exit_codes == [0]


def lines_between_calls(
    instructions: Iterable[Instruction], function: str, core: str
) -> list[set[int]]:
    """Numbers of cache lines that all cores execute from each call of a function to the next.

    Args:
        instructions: in the order of time.
        function: its symbol begins so.
        core: the core whose calls count.
    """
    periods: list[set[int]] = []
    for instruction in instructions:
        if (
            instruction.core == core
            and instruction.where.startswith(function)
            and "+" not in instruction.where
        ):
            periods.append(set())
        if periods:
            periods[-1].add(instruction.address // LINE_BYTES)
    return periods[:-1]
