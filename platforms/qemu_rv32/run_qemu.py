"""Runs a firmware ELF on QEMU: its output and exit code become the firmware's."""

from __future__ import annotations

import argparse
import os
import shutil
import struct
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.elf.elf_file import ElfError, ElfFile

ARGUMENTS_SYMBOL = "tilewright_arguments"
LENGTH_BYTES = 4
INSTALL = "apt-get install qemu-system-misc"

EXIT_NOT_RUN = 125
"""Exit code if the firmware did not run, unlike 1, which firmware likes to end with."""


def argument_image(elf: ElfFile, content: bytes) -> tuple[int, bytes]:
    """Address and bytes that the loader writes for run-time input `content`.

    Raises:
        ElfError: the firmware has no arguments object, or the input does not fit into it.
    """
    symbol = elf.symbol(ARGUMENTS_SYMBOL)
    space = symbol.size - LENGTH_BYTES
    if len(content) > space:
        raise ElfError(f"the arguments are {len(content)} bytes long; {elf.path} takes {space}")
    return symbol.address, struct.pack("<I", len(content)) + content


def qemu_command(soc: dict[str, Any], elf: Path) -> list[str]:
    """The command that runs `elf` without run-time input.

    Instructions are counted (-icount): without it `instret` is the host's clock.
    """
    qemu = soc["qemu"]
    return [
        qemu["binary"],
        *qemu["arguments"],
        *["-display", "none", "-monitor", "none", "-serial", "stdio"],
        *["-icount", "shift=0,sleep=off"],
        *["-kernel", str(elf)],
    ]


def loader_file(content: bytes) -> str:
    """A path under which a child process reads `content`, without a file to clean up."""
    descriptor = os.memfd_create("arguments", flags=0)
    os.write(descriptor, content)
    return f"/proc/self/fd/{descriptor}"


def main(arguments: list[str]) -> int:
    """Becomes QEMU; returns only if that fails."""
    print(f"run_qemu: {_run(arguments)}", file=sys.stderr)
    return EXIT_NOT_RUN


def _run(arguments: list[str]) -> str:
    """Becomes QEMU; returns why it could not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elf", type=Path, required=True, help="the firmware")
    parser.add_argument("--soc", type=Path, required=True, help="soc.yaml of the platform")
    parser.add_argument("--arguments", type=Path, help="run-time input of the firmware")
    options = parser.parse_args(arguments)
    try:
        soc = yaml.safe_load(options.soc.read_text())
        command = qemu_command(soc, options.elf)
        if options.arguments is not None:
            address, image = argument_image(ElfFile(options.elf), options.arguments.read_bytes())
            device = f"loader,file={loader_file(image)},addr={address:#x},force-raw=on"
            command += ["-device", device]
    except (ElfError, OSError) as error:
        return str(error)
    except (yaml.YAMLError, KeyError, TypeError) as error:
        return f"{options.soc}: no description of a QEMU machine: {error}"
    program = shutil.which(command[0])
    if program is None:
        return f"{command[0]} is not installed; run: {INSTALL}"
    # QEMU reads the terminal as the UART's input; firmware takes none.
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno() if sys.stdin else 0)
    try:
        os.execv(program, command)
    except OSError as error:
        return f"{program}: {error.strerror}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
