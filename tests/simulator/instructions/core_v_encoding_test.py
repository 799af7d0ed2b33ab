"""Encodings: the model's tables against what clang assembles."""

from __future__ import annotations

import random
import struct
from pathlib import Path

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.targets import siracusa
from tests.simulator.instructions.core_v_memory import (
    BRANCHES,
    EVENT_LOAD_MATCH,
    MEMORY,
    Addressing,
)
from tests.simulator.instructions.core_v_model import COMPUTING
from tools.elf.elf_file import ElfFile

_SEED = 1
_PER_INSTRUCTION = 8


def _words(text: list[str], directory: Path) -> list[int]:
    source = [".option norvc", ".globl _start", "_start:", *text]
    executable = assemble("\n".join(source), siracusa(), directory)
    elf = ElfFile(executable)
    (section,) = [section for section in elf.sections if section.name == ".text"]
    code = elf.bytes_of(section)
    return [word for (word,) in struct.iter_unpack("<I", code)]


def test_computing_instructions(tmp_path: Path) -> None:
    choose = random.Random(_SEED)
    text: list[str] = []
    expected: list[int] = []
    for instruction in COMPUTING:
        for attempt in range(_PER_INSTRUCTION):
            rd, rs1, rs2 = (choose.randrange(32) for _ in range(3))
            limits = [(kind.lowest, kind.highest) for kind in instruction.immediates]
            immediates = tuple(
                limit[attempt] if attempt < 2 else choose.randint(*limit) for limit in limits
            )
            text.append(instruction.text(rd, rs1, rs2, immediates))
            expected.append(instruction.encode(rd, rs1, rs2, immediates))
    _check(text, expected, tmp_path)
    assert len({instruction.mnemonic for instruction in COMPUTING}) == len(COMPUTING)


def test_memory_instructions(tmp_path: Path) -> None:
    choose = random.Random(_SEED)
    text: list[str] = []
    expected: list[int] = []
    for instruction in MEMORY:
        for immediate in [-2048, 2047, -1, 0, *choose.sample(range(-2048, 2048), 4)]:
            data, base, register = (choose.randrange(32) for _ in range(3))
            is_immediate = instruction.addressing is Addressing.POST_IMMEDIATE
            offset = immediate if is_immediate else register
            text.append(instruction.text(data, base, offset))
            expected.append(instruction.encode(data, base, offset))
    for immediate in [-2048, 2047, -1, 0]:
        rd, rs1 = choose.randrange(32), choose.randrange(32)
        text.append(f"cv.elw x{rd}, {immediate}(x{rs1})")
        expected.append(EVENT_LOAD_MATCH | (immediate & 0xFFF) << 20 | rs1 << 15 | rd << 7)
    _check(text, expected, tmp_path)


def test_branches(tmp_path: Path) -> None:
    choose = random.Random(_SEED)
    text: list[str] = []
    expected: list[int] = []
    for branch in BRANCHES:
        for immediate in range(-16, 16):
            for distance in [-4096, 4094, -2, 0, choose.randrange(-4096, 4096, 2)]:
                register = choose.randrange(32)
                text.append(f"{branch.mnemonic} x{register}, {immediate}, . + {distance}")
                expected.append(branch.encode(register, immediate, distance))
    _check(text, expected, tmp_path)


def _check(text: list[str], expected: list[int], directory: Path) -> None:
    assembled = _words(text, directory)
    different = [
        f"{line}: clang {word:#010x}, table {own:#010x}"
        for line, word, own in zip(text, assembled, expected, strict=True)
        if word != own
    ]
    assert not different, "\n".join(different)
