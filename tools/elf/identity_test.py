"""The identity of programs whose content is known."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tools.elf import identity
from tools.elf.elf_file import ElfFile, Section, Symbol
from tools.elf.elf_writer import elf_bytes

ID = bytes(range(20))
DIGEST = "0123456789abcdef" * 4


def note(name: bytes, type_: int, description: bytes) -> bytes:
    """One note, padded as ELF pads it."""
    padded = [part + bytes(-len(part) % 4) for part in (name, description)]
    return struct.pack("<III", len(name), len(description), type_) + b"".join(padded)


def program(path: Path, notes: bytes, digest: str = DIGEST) -> ElfFile:
    """A program with these notes and a network `net`."""
    sections = [
        (Section(".note.gnu.build-id", identity.SHT_NOTE, 2, 0x1000, 0, 0, 0), notes),
        (Section(".rodata", 1, 2, 0x2000, 0, 0, 0), b"1234" + digest.encode() + b"\0"),
    ]
    symbols = [
        Symbol("net_model_digest", 0x2004, len(digest) + 1, 1, 2),
        Symbol("undefined_model_digest", 0, 0, 0, 0),
    ]
    path.write_bytes(elf_bytes(sections, symbols))
    return ElfFile(path)


def test_identity(tmp_path: Path) -> None:
    other = note(b"other\0", 3, b"x")
    elf = program(tmp_path / "x.elf", other + note(b"GNU\0", 3, ID))
    assert identity.build_id(elf) == ID.hex()
    assert identity.model_digests(elf) == {"net": DIGEST}


def test_a_program_without_identity(tmp_path: Path) -> None:
    elf = program(tmp_path / "x.elf", note(b"GNU\0", 5, ID), "")
    assert identity.build_id(elf) is None
    assert identity.model_digests(elf) == {}
    assert identity.identity_lines(None, {}) == ["build id none"]


def test_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(tmp_path / "x.elf", note(b"GNU\0", 3, ID))
    assert identity.main([str(tmp_path / "x.elf")]) is None
    assert capsys.readouterr().out == f"build id {ID.hex()}\nmodel of net: {DIGEST}\n"
    (tmp_path / "text").write_text("text")
    error = identity.main([str(tmp_path / "text")])
    assert error is not None
    assert error.startswith("identity: ")
