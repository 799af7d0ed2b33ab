"""Disassembles the code of a RISC-V ELF file, CORE-V instructions included.

The listing has a label per symbol and names the target of every jump; like all our outputs it
depends on the file's contents alone.
"""

from __future__ import annotations

import argparse
import bisect
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import capstone
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section

from toolchains.riscv import core_v

_JUMPS = frozenset({"c.j", "c.jal", "j", "jal"})
_LABEL_TYPES = frozenset({"STT_FUNC", "STT_NOTYPE", "STT_OBJECT"})


@dataclass(frozen=True)
class Instruction:
    """One instruction, or a piece of data between instructions."""

    address: int
    encoding: bytes
    text: str


class _Symbols:
    """Labels by address, and where mapping symbols say that data begins and ends."""

    def __init__(self, elf: ELFFile) -> None:
        names: dict[int, list[str]] = {}
        kinds: dict[int, str] = {}
        table = elf.get_section_by_name(".symtab")
        for symbol in table.iter_symbols() if table else ():
            address: int = symbol["st_value"]
            if symbol.name.startswith(("$d", "$x")):
                kinds[address] = symbol.name[1]
            elif not symbol.name or symbol.name.startswith(".L"):
                continue  # .L: labels that the assembler made up
            elif symbol["st_info"]["type"] in _LABEL_TYPES:
                names.setdefault(address, []).append(symbol.name)
        self._labels = {address: sorted(found) for address, found in names.items()}
        self._label_addresses = sorted(self._labels)
        self._kinds = kinds
        self._kind_addresses = sorted(kinds)

    def at(self, address: int) -> list[str]:
        return self._labels.get(address, [])

    def locate(self, address: int) -> str:
        """`symbol+offset` of the last label at or before an address; empty before the first."""
        index = bisect.bisect_right(self._label_addresses, address)
        if index == 0:
            return ""
        start = self._label_addresses[index - 1]
        offset = f"+{address - start:#x}" if address > start else ""
        return self._labels[start][0] + offset

    def is_data(self, address: int, section_start: int) -> bool:
        index = bisect.bisect_right(self._kind_addresses, address)
        if index == 0:
            return False
        start = self._kind_addresses[index - 1]
        return start >= section_start and self._kinds[start] == "d"


def _relative_target(instruction: capstone.CsInsn) -> int | None:
    relative = instruction.mnemonic in _JUMPS or instruction.group(
        capstone.riscv.RISCV_GRP_BRANCH_RELATIVE
    )
    return instruction.address + instruction.operands[-1].imm if relative else None


def _decode(decoder: capstone.Cs, data: bytes, address: int, symbols: _Symbols) -> tuple[int, str]:
    """Size in bytes and text of the instruction at the start of `data`."""
    instruction = next(decoder.disasm(data[:4], address, 1), None)
    if instruction is not None:
        operands: str = instruction.op_str
        target = _relative_target(instruction)
        if target is not None:
            before = operands.rpartition(", ")[0]
            target &= 0xFFFFFFFF
            operands = f"{before}, " if before else ""
            operands += f"{target:#x} <{symbols.locate(target)}>"
        return instruction.size, f"{instruction.mnemonic} {operands}".rstrip()
    # The two lowest bits tell 32-bit instructions from 16-bit ones.
    if len(data) >= 4 and data[0] & 3 == 3:
        (word,) = struct.unpack_from("<I", data)
        return 4, core_v.decode(word, address) or f".word {word:#010x}"
    (half,) = struct.unpack_from("<H", data)
    return 2, f".half {half:#06x}"


def _data(data: bytes, address: int) -> tuple[int, str]:
    if len(data) >= 4:
        (word,) = struct.unpack_from("<I", data)
        return 4, core_v.decode_hardware_loop(word, address) or f".word {word:#010x}"
    if len(data) >= 2:
        return 2, f".half {struct.unpack_from('<H', data)[0]:#06x}"
    return 1, f".byte {data[0]:#04x}"


def _section_instructions(section: Section, symbols: _Symbols) -> Iterator[Instruction]:
    decoder = capstone.Cs(
        capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC
    )
    decoder.detail = True
    start: int = section["sh_addr"]
    data = section.data()
    offset = 0
    while offset < len(data):
        address = start + offset
        rest = data[offset:]
        if len(rest) < 2 or symbols.is_data(address, start):
            size, text = _data(rest, address)
        else:
            size, text = _decode(decoder, rest[:4], address, symbols)
        yield Instruction(address, rest[:size], text)
        offset += size


def _code_sections(elf: ELFFile) -> list[Section]:
    return [
        section
        for section in elf.iter_sections()
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and section["sh_type"] == "SHT_PROGBITS"
    ]


def instructions(path: Path) -> list[Instruction]:
    """All instructions of a 32-bit RISC-V ELF file, section after section.

    Raises:
      ValueError: the file is for another machine.
    """
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        _check_machine(path, elf)
        symbols = _Symbols(elf)
        return [
            instruction
            for section in _code_sections(elf)
            for instruction in _section_instructions(section, symbols)
        ]


def _check_machine(path: Path, elf: ELFFile) -> None:
    if elf["e_machine"] != "EM_RISCV" or elf.elfclass != 32:
        raise ValueError(
            f"{path.name}: a 32-bit RISC-V file is needed, this one is "
            f"{elf.elfclass}-bit {elf['e_machine']}"
        )


def listing(path: Path) -> Iterator[str]:
    """Lines of the listing of a 32-bit RISC-V ELF file."""
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        _check_machine(path, elf)
        symbols = _Symbols(elf)
        for section in _code_sections(elf):
            yield f"section {section.name}"
            for instruction in _section_instructions(section, symbols):
                labels = symbols.at(instruction.address)
                if labels:
                    yield ""
                for label in labels:
                    yield f"{instruction.address:08x} <{label}>:"
                # As objdump: the encoding as one number, not as bytes in memory.
                encoding = instruction.encoding[::-1].hex()
                yield f"{instruction.address:8x}:  {encoding:<8}  {instruction.text}"
            yield ""


def main(arguments: list[str]) -> int:
    """Writes the listing of `--elf` to `--output`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--elf", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        text = "\n".join(listing(options.elf)) + "\n"
    except (OSError, ValueError) as error:
        print(f"disassemble: {error}", file=sys.stderr)
        return 1
    options.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
