"""Assembly text to ELF executables."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.simulator.harness.installed_tools import zig_command
from tests.simulator.harness.targets import Target

_FOLDER = Path(__file__).parent
_SOURCE = "program.S"
_HEADERS = "firmware/include"


class AssemblyError(Exception):
    """Text that does not assemble or link: what clang or lld said."""


def assemble(text: str, target: Target, directory: Path, *, language: str = "assembler") -> Path:
    """Builds an executable from one source, which starts at `_start`.

    The text may use `.include "program.inc"` and the target's symbols. Sections: `.text` and
    `.rodata` are not writable, `.data` and `.bss` are, `.l1` (declare it `"aw", @progbits`) lies
    in L1. `stack_top` is the end of a stack of 4 KiB that nobody has to use.

    Args:
        text: the source.
        target: the machine.
        directory: an existing folder for the files; those of an earlier call are replaced.
        language: clang's name of the source's language: `assembler`, `assembler-with-cpp` or `c`.
            The last two find the firmware's headers; `c` has no symbols of the target.

    Returns:
        The executable.

    Raises:
        AssemblyError: the source has an error.
    """
    source = directory / f"{target.name}.s"
    program_object = directory / f"{target.name}.o"
    executable = directory / f"{target.name}.elf"
    symbols = [f".set {name}, {value:#x}" for name, value in target.symbols.items()]
    if language == "c":
        symbols = []
    # The line marker makes the assembler count from 1 in the text that the caller knows.
    source.write_text("\n".join(symbols) + f'\n# 1 "{_SOURCE}"\n{text}\n')
    _run(
        [
            *zig_command(),
            *["clang", "--target=riscv32-unknown-none-elf", f"-march={target.architecture}"],
            *["-menable-experimental-extensions", "-mabi=ilp32f", "-mno-relax"],
            *["-nostdinc", f"-I{_FOLDER}", f"-I{_HEADERS}", "-O1", "-x", language],
            *["-c", str(source), "-o", str(program_object)],
        ]
    )
    _run(
        [
            *zig_command(),
            *["ld.lld", "-m", "elf32lriscv", "--build-id=none", "--no-relax"],
            *["-T", str(_FOLDER / "program.ld")],
            *[f"--defsym=code_base={target.code_base:#x}", f"--defsym=l1_base={target.l1_base:#x}"],
            *["-o", str(executable), str(program_object)],
        ]
    )
    return executable


def _run(command: list[str]) -> None:
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise AssemblyError(process.stderr)
