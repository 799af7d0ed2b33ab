"""Reads what Tilewright's tools need from 32- and 64-bit little-endian ELF files."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

SHT_NOBITS = 8
SHT_SYMTAB = 2
SHF_WRITE = 1
SHF_ALLOC = 2
SHF_EXECINSTR = 4


class ElfError(ValueError):
    """The file is not an ELF file of the expected form; the message says why."""


@dataclass(frozen=True)
class Section:
    """One section; `address`, `offset` and `size` are in bytes."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int

    @property
    def allocated(self) -> bool:
        """Whether the section takes memory when the program runs."""
        return bool(self.flags & SHF_ALLOC)

    @property
    def loaded(self) -> bool:
        """Whether the section's bytes are in the file and loaded from it."""
        return self.allocated and self.type != SHT_NOBITS


@dataclass(frozen=True)
class Symbol:
    """One symbol of the symbol table; `section` is an index into `ElfFile.sections`."""

    name: str
    address: int
    size: int
    type: int
    section: int


class ElfFile:
    """Sections and symbols of an ELF file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data = path.read_bytes()
        if self._data[:4] != b"\x7fELF" or self._data[5:6] != b"\x01":
            raise ElfError(f"{path} is not a little-endian ELF file")
        self._wide = self._data[4] == 2
        try:
            self.sections = self._read_sections()
            self.symbols = self._read_symbols()
        except (struct.error, IndexError, ValueError) as error:
            raise ElfError(f"{path} is damaged: {error}") from error

    def bytes_of(self, section: Section) -> bytes:
        """The bytes of a section that has some in the file."""
        return self._data[section.offset : section.offset + section.size]

    def symbol(self, name: str) -> Symbol:
        """The defined symbol of that name; `ElfError` if there is none."""
        for symbol in self.symbols:
            if symbol.name == name and symbol.section != 0:
                return symbol
        raise ElfError(f"{self.path} defines no symbol {name!r}")

    def _read_sections(self) -> list[Section]:
        if self._wide:
            (table,) = struct.unpack_from("<Q", self._data, 40)
            entry_size, count, names_index = struct.unpack_from("<HHH", self._data, 58)
            layout = "<IIQQQQII"
        else:
            (table,) = struct.unpack_from("<I", self._data, 32)
            entry_size, count, names_index = struct.unpack_from("<HHH", self._data, 46)
            layout = "<IIIIIIII"
        headers = [
            struct.unpack_from(layout, self._data, table + index * entry_size)
            for index in range(count)
        ]
        names_offset = headers[names_index][4]
        return [
            Section(
                name=self._string(names_offset + name),
                type=type_,
                flags=flags,
                address=address,
                offset=offset,
                size=size,
                link=link,
            )
            for name, type_, flags, address, offset, size, link, _ in headers
        ]

    def _read_symbols(self) -> list[Symbol]:
        symbols: list[Symbol] = []
        for section in self.sections:
            if section.type != SHT_SYMTAB:
                continue
            strings = self.sections[section.link].offset
            for entry in struct.iter_unpack(
                "<IBBHQQ" if self._wide else "<IIIBBH", self.bytes_of(section)
            ):
                if self._wide:
                    name, info, _, index, address, size = entry
                else:
                    name, address, size, info, _, index = entry
                symbols.append(
                    Symbol(self._string(strings + name), address, size, info & 15, index)
                )
        return symbols

    def _string(self, offset: int) -> str:
        return self._data[offset : self._data.index(b"\0", offset)].decode()
