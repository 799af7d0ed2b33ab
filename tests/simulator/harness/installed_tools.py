"""Where the tests find the assembler, the simulator, its machine description and QEMU.

Bazel passes paths in environment variables; outside of it the same variables or, where there is
none, what is installed counts.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from platforms.qemu_rv32.run_qemu import INSTALL

QEMU = "qemu-system-riscv32"
_SOC_DESCRIPTION = Path("platforms/siracusa/soc.yaml")


class MissingToolError(Exception):
    """A program or file that the tests need is not there; the text says how to get it."""


def zig_command() -> list[str]:
    """The program whose sub-commands are clang and ld.lld.

    Raises:
        MissingToolError: there is none.
    """
    path = os.environ.get("TILEWRIGHT_ZIG")
    if path is not None:
        return [path]
    if importlib.util.find_spec("ziglang") is None:
        raise MissingToolError("no clang for RISC-V; run: pip install ziglang==0.15.2")
    return [sys.executable, "-m", "ziglang"]


def simulator() -> Path:
    """The simulator's executable, of TILEWRIGHT_SIMULATOR.

    Raises:
        MissingToolError: the variable is not set or names nothing.
    """
    path = os.environ.get("TILEWRIGHT_SIMULATOR")
    if path is None or not Path(path).exists():
        raise MissingToolError(
            "TILEWRIGHT_SIMULATOR does not name the simulator; run: bazel build "
            "//platforms/simulator, and set it to bazel-bin/platforms/simulator/simulator"
        )
    return Path(path).absolute()


def soc_description() -> Path:
    """The simulated machine's soc.yaml: of TILEWRIGHT_SOC, else the repository's.

    Raises:
        MissingToolError: it is not there.
    """
    path = Path(os.environ.get("TILEWRIGHT_SOC", _SOC_DESCRIPTION))
    if not path.exists():
        raise MissingToolError(f"{path} does not exist; run the tests in the repository's root")
    return path.absolute()


def qemu() -> str:
    """QEMU for rv32.

    Raises:
        MissingToolError: it is not installed.
    """
    path = shutil.which(QEMU)
    if path is None:
        raise MissingToolError(f"{QEMU} is not installed; run: {INSTALL}")
    return path
