"""Encodings that mean nothing end the program with a message and the code of a fault."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.simulator.harness.assemble import assemble
from tests.simulator.harness.execute import EXIT_FAULT, emulate, run_on_simulator, simulate
from tests.simulator.harness.targets import siracusa
from tests.simulator.instructions.core_v_instruction import (
    CUSTOM_0,
    CUSTOM_1,
    CUSTOM_2,
    CUSTOM_3,
    Form,
    Instruction,
)
from tests.simulator.instructions.core_v_memory import MEMORY, Addressing
from tests.simulator.instructions.core_v_model import COMPUTING
from tests.simulator.instructions.placed_program import Placement, placed_program

_SEED = 5
_RANDOM_WORDS = 24
_REGISTER = 0x1F
_MARK = 0xDEADC0DE
_HARDWARE_LOOP_LAST = 7
_ILLEGAL_INSTRUCTION = 2
_ARITHMETIC_WORDS = 1500
_ILLEGAL_SAMPLE = 80

# OP, OP-IMM, OP-FP and the four fused ones.
_ARITHMETIC_OPCODES = [0x33, 0x13, 0x53, 0x43, 0x47, 0x4B, 0x4F]

# fadd.s and its kin with the rounding modes that are reserved, and the dynamic one while fcsr
# holds a reserved one; every instruction of the D extension; others that these cores lack.
_BASE = {
    "fadd.s, rounding mode 5": 0x00000053 | 5 << 12,
    "fadd.s, rounding mode 6": 0x00000053 | 6 << 12,
    "fmadd.s, rounding mode 5": 0x00000043 | 5 << 12,
    "fcvt.w.s, rounding mode 6": 0xC0000053 | 6 << 12,
    "fcvt.s.w, rounding mode 5": 0xD0000053 | 5 << 12,
    "fsqrt.s with rs2": 0x58100053,
    "fsgnj.s, function code 3": 0x20003053,
    "fld": 0x00003007,
    "fsd": 0x00003027,
    "fadd.d": 0x02000053,
    "fmadd.d": 0x02000043,
    "fcvt.d.s": 0x42000053,
    "fcvt.s.d": 0x40100053,
    "fmv.x.h": 0xE4000053,
    "amoadd.w": 0x0000202F,
    "lr.w": 0x1000202F,
    "ld": 0x00003003,
    "lwu": 0x00006003,
    "sd": 0x00003023,
    "addiw": 0x0000001B,
    "slli by 32": 0x02001013,
    "srai, function code 0x21": 0x42005013,
    "add, function code 0x40": 0x80000033,
    "sh1add": 0x20002033,
    "branch, function code 2": 0x00002063,
    "jalr, function code 1": 0x00001067,
    "csr that does not exist": 0x8FF02073,
    "all zeros": 0x00000000,
    "all ones": 0xFFFFFFFF,
}

_COMPRESSED = {
    "zeros": 0x0000,
    "c.addi4spn of 0": 0x0004,
    "c.lwsp to x0": 0x4002,
    "c.jr x0": 0x8002,
    "c.lui of 0": 0x6281,
    "c.addi16sp of 0": 0x6101,
    "c.fld": 0x2000,
    "c.fsd": 0xA000,
    "c.fldsp": 0x2002,
    "c.fsdsp": 0xA002,
    "c.srli by 32": 0x9005,
    "c.slli by 32": 0x1282,
    "c.subw": 0x9C05,
    "reserved, quadrant 0": 0x8000,
}


def _operand_bits(instruction: Instruction) -> int:
    """Bits of an encoding that operands may fill."""
    every = instruction.encode(
        _REGISTER,
        _REGISTER,
        _REGISTER,
        tuple(
            immediate.highest if immediate.lowest == 0 else -1
            for immediate in instruction.immediates
        ),
    )
    return every & ~instruction.match


def _known(word: int) -> bool:
    """Whether the tables hold the encoding; what the manual leaves open counts as known."""
    opcode, function3 = word & 0x7F, word >> 12 & 7
    if opcode == CUSTOM_0:
        return True  # every function code is an instruction
    if opcode == CUSTOM_1 and function3 == 4:
        return word >> 8 & 15 <= _HARDWARE_LOOP_LAST
    for instruction in COMPUTING:
        # Fields that have to be zero without being an operand: not looked at by every core.
        ignored = _REGISTER << 20 if instruction.form in {Form.UNARY, Form.IMMEDIATE} else 0
        if (word ^ instruction.match) & ~(_operand_bits(instruction) | ignored) == 0:
            return True
    for access in MEMORY:
        immediate = access.addressing is Addressing.POST_IMMEDIATE
        operands = access.encode(_REGISTER, _REGISTER, -1 if immediate else _REGISTER)
        if (word ^ access.match) & ~operands == 0:
            return True
    return False


def _reserved_custom_words() -> list[int]:
    choose = random.Random(_SEED)
    words: list[int] = []
    while len(words) < _RANDOM_WORDS:
        word = choose.getrandbits(32) & ~0x7F | choose.choice([CUSTOM_1, CUSTOM_2, CUSTOM_3])
        if not _known(word):
            words.append(word)
    return words


def _arithmetic_words() -> list[int]:
    """Words with the opcodes of arithmetic, any other bits: many mean nothing."""
    choose = random.Random(_SEED)
    words: list[int] = []
    for _ in range(_ARITHMETIC_WORDS):
        word = choose.getrandbits(32) & ~0x7F | choose.choice(_ARITHMETIC_OPCODES)
        if choose.random() < 0.5:
            # Without most bits of the upper operation code: meaningful more often.
            word &= ~(choose.getrandbits(7) << 25)
        words.append(word)
    return words


def _executed(words: list[int]) -> str:
    """A program that executes each word and stores the cause of its exception, or 0."""
    handler = [
        "la x5, handler",
        "csrw mtvec, x5",
        "j begin",
        ".balign 4",
        "handler:",
        "csrr x5, mcause",
        "csrw mscratch, x5",
        "csrr x5, mepc",
        "addi x5, x5, 4",
        "csrw mepc, x5",
        "mret",
        "begin:",
    ]
    stubs = [
        line
        for index, word in enumerate(words)
        for line in [
            "csrw mscratch, x0",
            "csrw fcsr, x0",
            f".word {word:#010x}",
            "csrr x5, mscratch",
            f"la x6, answers + {4 * index}",
            "sw x5, 0(x6)",
        ]
    ]
    return placed_program(
        Placement.FABRIC_CONTROLLER,
        [[*handler, *stubs]],
        [f"answers: .zero {4 * len(words)}"],
    )


@pytest.fixture(scope="module", name="template")
def _template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An executable that would exit with 0 but for the word that tests put into it."""
    text = f"""
        .include "program.inc"
        .option norvc
        .globl _start
        _start:
            enable_floating_point
            .word {_MARK:#x}
            exit_with 0
    """
    return assemble(text, siracusa(), tmp_path_factory.mktemp("template")).read_bytes()


def _check(template: bytes, code: bytes, directory: Path) -> None:
    mark = _MARK.to_bytes(4, "little")
    assert template.count(mark) == 1
    executable = directory / "program.elf"
    executable.write_bytes(template.replace(mark, code))
    result = run_on_simulator(executable)
    assert result.exit_code == EXIT_FAULT, f"{code.hex()}: {result.messages}"
    assert "illegal instruction" in result.messages.lower(), f"{code.hex()}: {result.messages}"


@pytest.mark.parametrize("name", list(_BASE))
def test_base(name: str, template: bytes, tmp_path: Path) -> None:
    _check(template, _BASE[name].to_bytes(4, "little"), tmp_path)


@pytest.mark.parametrize("name", list(_COMPRESSED))
def test_compressed(name: str, template: bytes, tmp_path: Path) -> None:
    code = _COMPRESSED[name].to_bytes(2, "little") + (0x0001).to_bytes(2, "little")
    _check(template, code, tmp_path)


@pytest.mark.parametrize("word", _reserved_custom_words(), ids=lambda word: f"{word:#010x}")
def test_custom(word: int, template: bytes, tmp_path: Path) -> None:
    _check(template, word.to_bytes(4, "little"), tmp_path)


def test_arithmetic(template: bytes, tmp_path: Path) -> None:
    """QEMU says which words mean something: those run, and of the others a sample does not."""
    words = _arithmetic_words()
    reference = emulate(_executed(words))
    assert reference.exit_code == 0, reference.messages
    causes = [cause for (cause,) in struct.iter_unpack("<I", reference.output)]
    assert set(causes) == {0, _ILLEGAL_INSTRUCTION}
    legal = [word for word, cause in zip(words, causes, strict=True) if cause == 0]
    illegal = [word for word, cause in zip(words, causes, strict=True) if cause != 0]
    assert len(legal) > _ARITHMETIC_WORDS // 4
    result = simulate(_executed(legal))
    assert result.exit_code == 0, result.messages
    assert len(illegal) > _ILLEGAL_SAMPLE
    for word in illegal[:_ILLEGAL_SAMPLE]:
        _check(template, word.to_bytes(4, "little"), tmp_path)


def test_reserved_dynamic_rounding_mode(tmp_path: Path) -> None:
    text = """
        .include "program.inc"
        .globl _start
        _start:
            enable_floating_point
            csrwi frm, 5
            fadd.s f1, f2, f3, dyn
            exit_with 0
    """
    result = run_on_simulator(assemble(text, siracusa(), tmp_path))
    assert result.exit_code == EXIT_FAULT, result.messages
    assert "rounding mode" in result.messages.lower(), result.messages


def test_legal_word_in_the_same_place(template: bytes, tmp_path: Path) -> None:
    executable = tmp_path / "program.elf"
    nop = (0x00000013).to_bytes(4, "little")
    executable.write_bytes(template.replace(_MARK.to_bytes(4, "little"), nop))
    assert run_on_simulator(executable).exit_code == 0
