"""Which program an ELF file is: its build id, and the digests of its networks' models.

The lines are those of `identity_lines`: `identity PROGRAM.elf`.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.elf.elf_file import ElfError, ElfFile

SHT_NOTE = 7
_GNU_BUILD_ID = 3
_MODEL_DIGEST = re.compile(r"(?P<network>\w+)_model_digest")
_HEXADECIMAL = re.compile(r"[0-9a-f]{64}\0")


def build_id(elf: ElfFile) -> str | None:
    """The linker's build id in hexadecimal; None if the program has none."""
    for section in elf.sections:
        if section.type != SHT_NOTE:
            continue
        for name, type_, description in _notes(elf.bytes_of(section)):
            if name == b"GNU\0" and type_ == _GNU_BUILD_ID:
                return description.hex()
    return None


def model_digests(elf: ElfFile) -> dict[str, str]:
    """SHA-256 of the model's file in hexadecimal by network, in the order of their names.

    A network that was not compiled from a file is not there.
    """
    digests: dict[str, str] = {}
    for symbol in elf.symbols:
        found = _MODEL_DIGEST.fullmatch(symbol.name)
        if found is None or not 0 < symbol.section < len(elf.sections):
            continue
        section = elf.sections[symbol.section]
        start = symbol.address - section.address
        text = elf.bytes_of(section)[start : start + symbol.size].decode("latin-1")
        if _HEXADECIMAL.fullmatch(text):
            digests[found["network"]] = text[:-1]
    return dict(sorted(digests.items()))


def identity_lines(identifier: str | None, digests: Mapping[str, str]) -> list[str]:
    """What `build_id` and `model_digests` give for people: `build id HEX`, `model of NET: HEX`."""
    return [
        f"build id {identifier or 'none'}",
        *(f"model of {network}: {digest}" for network, digest in digests.items()),
    ]


def _notes(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Name, type and description of every note of a section whose alignment is 4."""
    at = 0
    while at + 12 <= len(data):
        name_size, size, type_ = struct.unpack_from("<III", data, at)
        name_at = at + 12
        description_at = name_at + (name_size + 3) // 4 * 4
        yield (
            data[name_at : name_at + name_size],
            type_,
            data[description_at : description_at + size],
        )
        at = description_at + (size + 3) // 4 * 4


def main(arguments: list[str]) -> str | None:
    """Prints the identity of one program; returns what is wrong with it."""
    if len(arguments) != 1:
        return "usage: identity PROGRAM.elf"
    try:
        elf = ElfFile(Path(arguments[0]))
        print("\n".join(identity_lines(build_id(elf), model_digests(elf))))
    except (ElfError, OSError) as error:
        return f"identity: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
