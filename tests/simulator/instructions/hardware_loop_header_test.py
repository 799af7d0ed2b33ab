"""The firmware's header of hand-encoded hardware loops against the manual's encodings."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.targets import siracusa
from tests.simulator.instructions import hardware_loops
from tools.elf.elf_file import ElfFile

_A0, _T6 = 10, 31
_EXPECTED = [
    hardware_loops.starti(1, 8),
    hardware_loops.start(0, _A0),
    hardware_loops.endi(0, 6),
    hardware_loops.end(1, _T6),
    hardware_loops.counti(1, 4095),
    hardware_loops.count(0, _T6),
    hardware_loops.setupi(1, 1234, 2),
    hardware_loops.setup(0, _A0, 1),
]


def _code(text: str, language: str, directory: Path) -> list[int]:
    elf = ElfFile(assemble(text, siracusa(), directory, language=language))
    (section,) = [section for section in elf.sections if section.name == ".text"]
    code = elf.bytes_of(section)
    first = code.index(_EXPECTED[0].to_bytes(4, "little"))
    return list(struct.unpack_from(f"<{len(_EXPECTED)}I", code, first))


def test_assembly_macros(tmp_path: Path) -> None:
    text = """
        #include "tilewright/hardware_loop.h"
        .globl _start
        _start:
        TW_LOOP_BEGIN
        TW_LOOP_STARTI 1, 1f
        TW_LOOP_START 0, a0
        TW_LOOP_ENDI 0, 1f
        TW_LOOP_END_AT 1, t6
        TW_LOOP_COUNTI 1, 4095
        TW_LOOP_COUNT 0, t6
        TW_LOOP_SETUPI 1, 1234, 1f
        TW_LOOP_SETUP 0, a0, 1f
        1: nop
        TW_LOOP_END
    """
    assert _code(text, "assembler-with-cpp", tmp_path) == _EXPECTED


def test_c_macros(tmp_path: Path) -> None:
    text = """
        #include "tilewright/hardware_loop.h"
        void _start(void) {
          register int a __asm__("a0") = 1;
          register int b __asm__("t6") = 2;
          __asm__ volatile(
              TW_LOOP_BEGIN
              TW_LOOP_STARTI(1, "1f")
              TW_LOOP_START(0, "%[a]")
              TW_LOOP_ENDI(0, "1f")
              TW_LOOP_END_AT(1, "%[b]")
              TW_LOOP_COUNTI(1, 4095)
              TW_LOOP_COUNT(0, "%[b]")
              TW_LOOP_SETUPI(1, 1234, "1f")
              TW_LOOP_SETUP(0, "%[a]", "1f")
              "1: nop\\n"
              TW_LOOP_END
              : : [a] "r"(a), [b] "r"(b));
        }
    """
    assert _code(text, "c", tmp_path) == _EXPECTED
