"""Runs a simulator, passes on what the firmware writes, and reads what the simulation cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.energy.energy_range import energy_range

TAIL_BYTES = 4096


@dataclass(frozen=True)
class Region:
    """What the SoC did in the firmware's regions of one name, all visits together.

    `energy` is an estimate in microjoules, `copied` are the bytes that the DMA moved.
    `energy_range` is the least and the most that the estimate's uncertain constants allow; None if
    the SoC's description does not tell.
    """

    name: str
    visits: int
    seconds: float
    cycles: int
    energy: float
    copied: int
    energy_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Simulation:
    """How a run ended.

    Attributes:
        exit_code: the simulator's.
        tail: the last bytes of the output.
        clock_hertz: of the simulated SoC; None if the simulator does not tell.
        regions: of the core that runs main(), in the order of their first begin; empty if the
            simulator does not tell.
    """

    exit_code: int
    tail: bytes
    clock_hertz: int | None
    regions: tuple[Region, ...]

    def region(self, name: str) -> Region | None:
        """The regions of this name, or None if there was none."""
        return next((region for region in self.regions if region.name == name), None)


def simulate(simulator: Sequence[str], arguments: bytes) -> Simulation:
    """Runs the simulator's words with run-time input; copies the output as it comes.

    Asks for statistics if the environment says that the simulator has them (`simulator_run`).
    """
    with tempfile.TemporaryDirectory() as folder:
        request = Path(folder) / "arguments"
        request.write_bytes(arguments)
        statistics = Path(folder) / "statistics.json"
        # A firmware that takes none is refused one, if it is empty.
        command = [*simulator, *(["--arguments", str(request)] if arguments else [])]
        if os.environ.get("TILEWRIGHT_STATISTICS") == "1":
            command += ["--stats", str(statistics)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            tail = b""
            while chunk := os.read(process.stdout.fileno(), TAIL_BYTES):
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
                tail = (tail + chunk)[-TAIL_BYTES:]
        found: dict[str, Any] = json.loads(statistics.read_text()) if statistics.exists() else {}
    soc = _description(simulator)
    return Simulation(
        exit_code=process.returncode,
        tail=tail,
        clock_hertz=found.get("clock_hertz"),
        regions=tuple(_region(region, soc) for region in found.get("energy_by_region", [])),
    )


def _description(simulator: Sequence[str]) -> dict[str, Any]:
    """The facts of the SoC that the simulator's words name."""
    if "--soc" not in simulator:
        return {}
    path = Path(simulator[simulator.index("--soc") + 1])
    return yaml.safe_load(path.read_text())


def _region(entry: dict[str, Any], soc: dict[str, Any]) -> Region:
    events = entry["events"]
    return Region(
        name=entry["name"],
        visits=entry["visits"],
        seconds=entry["seconds"],
        cycles=events["base_cycle"],
        energy=entry["microjoules"],
        copied=events["dma_byte"],
        energy_range=energy_range(events, soc) if "energy_ranges" in soc else None,
    )
