"""The disassembler gives back what clang's assembler was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchains.riscv import core_v, disassemble

_FOLDER = Path("toolchains/riscv")
_START = 0x80000000


@pytest.fixture(scope="module", name="core_v_texts")
def _core_v_texts() -> list[str]:
    program = _FOLDER / "core_v_program"
    return [instruction.text for instruction in disassemble.instructions(program)]


def test_every_core_v_instruction_is_decoded(core_v_texts: list[str]) -> None:
    source = (_FOLDER / "core_v_instructions.S").read_text()
    written = [line.strip() for line in source.splitlines() if line.startswith("  cv.")]
    expected = [line.replace("_start", hex(_START)) for line in written]
    assert core_v_texts == expected


def test_source_has_every_known_mnemonic(core_v_texts: list[str]) -> None:
    known = {
        encoding.mnemonic for encodings in core_v._ENCODINGS.values() for encoding in encodings
    }
    assert {text.split()[0] for text in core_v_texts} == known


def test_encodings_do_not_overlap() -> None:
    # `cv.mul?` without a shift is the one alias: the assembler's other name of a shift by 0.
    aliases = {"cv.muls", "cv.mulhhs", "cv.mulu", "cv.mulhhu"}
    for encodings in core_v._ENCODINGS.values():
        for index, first in enumerate(encodings):
            for second in encodings[index + 1 :]:
                common = first.mask & second.mask
                overlap = first.match & common == second.match & common
                assert not overlap or first.mnemonic in aliases, (first, second)


def test_reserved_encodings_are_not_decoded() -> None:
    assert core_v.decode(0xFFFFFFFB, 0) is None
    assert core_v.decode(0x00000013, 0) is None


@pytest.mark.parametrize(
    ("word", "text"),
    [
        # CV32E40P user manual, table "Hardware Loops operations encoding".
        (0x0030402B | 0 << 8 | 1 << 7, "cv.starti 1, 0x10c"),
        (0x0005C02B | 1 << 8, "cv.start 0, a1"),
        (0xFFF0402B | 2 << 8, "cv.endi 0, 0x40fc"),
        (0x0005C02B | 3 << 8 | 1 << 7, "cv.end 1, a1"),
        (0xFFF0402B | 4 << 8, "cv.counti 0, 4095"),
        (0x0005C02B | 5 << 8, "cv.count 0, a1"),
        (0x0072402B | 6 << 8, "cv.setupi 0, 7, 0x110"),
        (0x0045C02B | 7 << 8 | 1 << 7, "cv.setup 1, a1, 0x110"),
        (0x0045C02B | 8 << 8, None),  # no such operation
        (0x0045C02B | 5 << 8, None),  # an immediate where there is none
        (0x0000002B, None),
    ],
)
def test_hardware_loops_are_decoded(word: int, text: str | None) -> None:
    assert core_v.decode_hardware_loop(word, 0x100) == text


@pytest.fixture(scope="module", name="base_listing")
def _base_listing() -> list[str]:
    return list(disassemble.listing(_FOLDER / "base_program"))


def test_listing_of_base_instructions(base_listing: list[str]) -> None:
    assert base_listing == [
        "section .text",
        "",
        "80000000 <_start>:",
        "80000000:  1141      c.addi sp, -0x10",
        "80000002:  c606      c.swsp ra, 0xc(sp)",
        "80000004:  00c000ef  jal 0x80000010 <callee>",
        "80000008:  ffe5      c.bnez a5, 0x80000000 <_start>",
        "8000000a:  a031      c.j 0x80000016 <callee+0x6>",
        "",
        "8000000c <table>:",
        "8000000c:  deadbeef  .word 0xdeadbeef",
        "",
        "80000010 <callee>:",
        "80000010:  00b57553  fadd.s fa0, fa0, fa1",
        "80000014:  8082      c.jr ra",
        "80000016:  ffffffff  .word 0xffffffff",
        "8000001a:  0000      c.unimp",
        "",
    ]


def test_command_writes_the_listing(tmp_path: Path, base_listing: list[str]) -> None:
    output = tmp_path / "program.disasm"
    program = _FOLDER / "base_program"
    assert disassemble.main(["--elf", str(program), "--output", str(output)]) == 0
    assert output.read_text() == "\n".join(base_listing) + "\n"


def test_other_machines_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "program.disasm"
    host_program = Path("toolchains/compilation_tests/erroneous_program_plain")
    assert disassemble.main(["--elf", str(host_program), "--output", str(output)]) == 1
    assert "this one is 64-bit EM_X86_64" in capsys.readouterr().err
    assert not output.exists()
