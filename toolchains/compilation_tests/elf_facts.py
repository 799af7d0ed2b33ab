"""What the toolchain tests read from an ELF file."""

from __future__ import annotations

import re
from pathlib import Path

from elftools.elf.elffile import ELFFile

# A slash that begins a path of at least one folder and a name: not part of a longer word, so that
# `a/b` and C++ symbols do not match.
_ABSOLUTE_PATH = re.compile(rb"(?<![\w.\-+)/])/[A-Za-z_][\w.\-+]*/[\w.\-+/]+")


def absolute_paths(path: Path) -> list[str]:
    """Absolute paths anywhere in the file, debug information and strings included."""
    return sorted({found.decode() for found in _ABSOLUTE_PATH.findall(path.read_bytes())})


def symbol_names(path: Path) -> set[str]:
    """Names of all symbols, local ones included."""
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {symbol.name for symbol in table.iter_symbols()}


def has_interpreter(path: Path) -> bool:
    """Whether a dynamic linker has to load the program."""
    with path.open("rb") as stream:
        return any(segment["p_type"] == "PT_INTERP" for segment in ELFFile(stream).iter_segments())


def header_facts(path: Path) -> dict[str, int | str]:
    """Class in bits, machine, type and flags of the ELF header."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        return {
            "class": elf.elfclass,
            "machine": elf["e_machine"],
            "type": elf["e_type"],
            "flags": elf["e_flags"],
        }


def riscv_architecture(path: Path) -> str:
    """The architecture string of the attribute section, e.g. `rv32i2p1_m2p0_c2p0`."""
    with path.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".riscv.attributes")
        architectures = [
            attribute.value
            for vendor in section.iter_subsections()
            for scope in vendor.iter_subsubsections()
            for attribute in scope.iter_attributes()
            if attribute.tag == "TAG_ARCH"
        ]
    (architecture,) = architectures
    return architecture
