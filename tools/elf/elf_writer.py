"""Test support: writes small 32-bit ELF files."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tools.elf.elf_file import Section, Symbol

HEADER_BYTES = 52
RISCV = 243


def elf_bytes(sections: Sequence[tuple[Section, bytes]], symbols: Sequence[Symbol]) -> bytes:
    """An executable with these sections and symbols.

    The sections' `offset` and `link` are ignored; symbols count the given sections from 1.
    """
    strings = b"\0" + b"".join(symbol.name.encode() + b"\0" for symbol in symbols)
    table = bytes(16)
    at = 1
    for symbol in symbols:
        table += struct.pack(
            "<IIIBBH", at, symbol.address, symbol.size, symbol.type, 0, symbol.section
        )
        at += len(symbol.name.encode()) + 1
    count = len(sections)
    all_sections = [
        *sections,
        (Section(".symtab", 2, 0, 0, 0, 0, count + 2), table),
        (Section(".strtab", 3, 0, 0, 0, 0, 0), strings),
    ]
    names = b"\0" + b"".join(section.name.encode() + b"\0" for section, _ in all_sections)
    names += b".shstrtab\0"
    all_sections.append((Section(".shstrtab", 3, 0, 0, 0, 0, 0), names))

    body = b""
    headers = [bytes(40)]
    name_at = 1
    for section, data in all_sections:
        size = len(data) if data or section.size == 0 else section.size
        offset = HEADER_BYTES + len(body)
        headers.append(
            struct.pack(
                "<IIIIIIIIII",
                *(name_at, section.type, section.flags, section.address),
                *(offset, size, section.link, 0, 4, 0),
            )
        )
        name_at += len(section.name.encode()) + 1
        body += data
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        *(2, RISCV, 1, 0, 0, HEADER_BYTES + len(body), 0),
        *(HEADER_BYTES, 0, 0, 40, len(headers), len(headers) - 1),
    )
    return header + body + b"".join(headers)
