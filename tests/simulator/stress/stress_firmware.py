"""Builds and runs stress firmware: C on the cluster's cores, started by the fabric controller."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.simulator.harness.assemble import AssemblyError, assemble
from tests.simulator.harness.execute import Result, run_on_simulator
from tests.simulator.harness.installed_tools import zig_command
from tests.simulator.harness.targets import siracusa

_FOLDER = Path(__file__).parent

# Each core calls run(core) on a stack of its own at the end of L1. The fabric controller waits
# until all have returned and writes `results` to the console.
_START = """
.include "program.inc"
.text
.globl _start
_start:
    enable_instruction_caches
    start_cluster {mask}, on_core
    {waits}
    output results, results_end
    exit_with 0

on_core:
    csrr s0, mhartid
    andi s0, s0, 31
    li t0, {stack_top}
    slli t1, s0, {stack_shift}
    sub sp, t0, t1
    mv a0, s0
    call run
    la t0, finished
    slli t1, s0, 2
    add t0, t0, t1
    li t1, 1
    sw t1, 0(t0)
    stop_core

.bss
.balign 4
finished: .zero 64
"""

_STACK_TOP = 0x10040000
_STACK_SHIFT = 10


def build(
    source: str,
    directory: Path,
    *,
    cores: Sequence[int] = range(8),
    definitions: Mapping[str, int] | None = None,
    data: str = "",
) -> Path:
    """Builds `source`, a C file of this folder, for `cores` of the cluster.

    The C code defines `void run(uint32_t core)` and the words between `results` and `results_end`
    (`RESULTS(n)` of stress.h).

    Args:
        source: name of the file.
        directory: for the outputs.
        cores: the cores that call `run`.
        definitions: macros.
        data: assembly with more data.

    Raises:
        AssemblyError: what clang or lld said.
    """
    target = siracusa()
    macros = {**target.symbols, **(definitions or {})}
    assembly = directory / "source.s"
    process = subprocess.run(
        [
            *zig_command(),
            *["clang", "--target=riscv32-unknown-none-elf", f"-march={target.architecture}"],
            *["-menable-experimental-extensions", "-mabi=ilp32f", "-mno-relax", "-std=c11"],
            *["-O2", "-ffreestanding", "-fno-builtin", "-fno-common", "-fno-addrsig"],
            f"-I{_FOLDER.parents[2]}",
            *["-Wall", "-Wextra", "-Werror", "-Wno-unused-command-line-argument"],
            *[f"-D{name}={value}u" for name, value in macros.items()],
            *["-S", str(_FOLDER / source), "-o", str(assembly)],
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise AssemblyError(process.stderr)
    waits = "\n".join(f"wait_for_word finished + {4 * core}, 1" for core in cores)
    start = _START.format(
        mask=sum(1 << core for core in cores),
        waits=waits,
        stack_top=_STACK_TOP,
        stack_shift=_STACK_SHIFT,
    )
    return assemble("\n".join([start, assembly.read_text(), data]), target, directory)


def run(
    source: str,
    *,
    cores: Sequence[int] = range(8),
    definitions: Mapping[str, int] | None = None,
    data: str = "",
    options: Sequence[str] = (),
) -> Result:
    """Builds and runs stress firmware; see `build`. It must end with exit code 0."""
    with tempfile.TemporaryDirectory() as directory:
        executable = build(
            source, Path(directory), cores=cores, definitions=definitions, data=data
        )
        result = run_on_simulator(executable, options=list(options))
    assert result.exit_code == 0, result.messages
    return result


def words(output: bytes) -> list[int]:
    """Little-endian words."""
    return [int.from_bytes(output[i : i + 4], "little") for i in range(0, len(output), 4)]
