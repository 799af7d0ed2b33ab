"""Runs executables on the simulator and on QEMU."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.installed_tools import qemu, simulator, soc_description
from tests.simulator.harness.targets import QEMU_VIRT, siracusa

SECONDS = 120
"""No test program takes longer on any machine that runs tests."""

CYCLES = 200_000_000
"""Default limit of simulated cycles."""

_BARE_CORE = "rv32i"
_QEMU_CORES = {
    True: f"{_BARE_CORE},m=on,f=on,c=on,zicsr=on,zifencei=on,priv_spec=v1.12.0",
    False: "rv32,a=off,d=off,v=off,h=off,zba=off,zbb=off,zbc=off,zbs=off",
}
"""RV32IMFC: by what it has, where QEMU has a bare core (since 9.0), else by what it has not.

With an older version of the privileged architecture, minima of signalling NaNs are others.
"""

EXIT_FAULT = 134
"""Exit code after a fault (firmware/include/tilewright/exit.h)."""


@dataclass(frozen=True)
class Result:
    """What a program did.

    Attributes:
        exit_code: the program's own, or EXIT_FAULT.
        output: what it wrote to its console.
        messages: what the simulator or QEMU said on standard error.
        statistics: the simulator's --stats file; empty for QEMU and after a fault without one.
    """

    exit_code: int
    output: bytes
    messages: str
    statistics: dict[str, Any] = field(default_factory=dict[str, Any])


def run_on_simulator(
    executable: Path, *, arguments: bytes | None = None, options: list[str] | None = None
) -> Result:
    """Runs an ELF executable on the simulator.

    Args:
        executable: the program.
        arguments: its run-time input.
        options: further options of the simulator; --max-cycles among them replaces the default.

    Raises:
        MissingToolError: there is no simulator.
        subprocess.TimeoutExpired: it did not end.
    """
    with tempfile.TemporaryDirectory() as directory:
        statistics = Path(directory) / "statistics.json"
        command = [str(simulator()), "--elf", str(executable), "--soc", str(soc_description())]
        command += ["--stats", str(statistics)]
        if arguments is not None:
            file = Path(directory) / "arguments"
            file.write_bytes(arguments)
            command += ["--arguments", str(file)]
        options = options or []
        if "--max-cycles" not in options:
            options = [*options, "--max-cycles", str(CYCLES)]
        result = _run(command + options)
        if not statistics.exists():
            return result
        return Result(
            result.exit_code, result.output, result.messages, json.loads(statistics.read_text())
        )


def run_on_qemu(executable: Path) -> Result:
    """Runs an ELF executable on QEMU's `virt` machine with an RV32IMFC core.

    Raises:
        MissingToolError: there is no QEMU.
        subprocess.TimeoutExpired: it did not end.
    """
    return _run(
        [
            *[qemu(), "-M", "virt", "-cpu", _qemu_core(), "-m", "128M", "-smp", "1"],
            *["-bios", "none", "-display", "none", "-monitor", "none", "-serial", "stdio"],
            *["-kernel", str(executable)],
        ]
    )


@functools.cache
def _qemu_core() -> str:
    listing = subprocess.run([qemu(), "-cpu", "help"], capture_output=True, text=True, check=True)
    return _QEMU_CORES[_BARE_CORE in listing.stdout.split()]


def simulate(text: str, *, options: list[str] | None = None) -> Result:
    """Assembles a program and runs it on the simulator; see `assemble` and `run_on_simulator`."""
    with tempfile.TemporaryDirectory() as directory:
        return run_on_simulator(assemble(text, siracusa(), Path(directory)), options=options)


def emulate(text: str) -> Result:
    """Assembles a program and runs it on QEMU; see `assemble` and `run_on_qemu`."""
    with tempfile.TemporaryDirectory() as directory:
        return run_on_qemu(assemble(text, QEMU_VIRT, Path(directory)))


def _run(command: list[str]) -> Result:
    process = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
    )
    return Result(process.returncode, process.stdout, process.stderr.decode(errors="replace"))
