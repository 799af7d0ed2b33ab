"""Tests of the ELF reader on files of known content."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.elf.elf_file import ElfError, ElfFile, Section, Symbol
from tools.elf.elf_writer import elf_bytes

TEXT = Section(".text", 1, 6, 0x80000000, 0, 0, 0)
BSS = Section(".bss", 8, 3, 0x80001000, 0, 256, 0)
MAIN = Symbol("main", 0x80000004, 4, 2, 1)


def write(path: Path) -> Path:
    path.write_bytes(elf_bytes([(TEXT, b"abcdefgh"), (BSS, b"")], [MAIN]))
    return path


def test_sections(tmp_path: Path) -> None:
    elf = ElfFile(write(tmp_path / "x.elf"))
    text, bss = elf.sections[1:3]
    assert (text.name, text.address, text.size) == (".text", 0x80000000, 8)
    assert text.allocated
    assert text.loaded
    assert elf.bytes_of(text) == b"abcdefgh"
    assert (bss.name, bss.size) == (".bss", 256)
    assert bss.allocated
    assert not bss.loaded


def test_symbols(tmp_path: Path) -> None:
    elf = ElfFile(write(tmp_path / "x.elf"))
    assert elf.symbol("main") == MAIN
    with pytest.raises(ElfError, match="defines no symbol 'missing'"):
        elf.symbol("missing")


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x02" + bytes(60)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.elf"
    path.write_bytes(content)
    with pytest.raises(ElfError, match="is not a little-endian ELF file"):
        ElfFile(path)


@pytest.mark.parametrize("kept", range(8, 300, 7))
def test_truncated_files_are_refused(tmp_path: Path, kept: int) -> None:
    path = write(tmp_path / "x.elf")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ElfError, match="is damaged"):
        ElfFile(path)
