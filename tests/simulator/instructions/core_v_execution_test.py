"""xcvalu, xcvbitmanip, xcvmac and xcvsimd on the simulator against the model."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

import pytest

from tests.simulator.harness.execute import simulate
from tests.simulator.instructions.core_v_instruction import Instruction, Operands
from tests.simulator.instructions.core_v_model import COMPUTING, execute
from tests.simulator.instructions.core_v_scalar import ALU, BIT_MANIPULATION, MULTIPLY_ACCUMULATE
from tests.simulator.instructions.core_v_simd import SIMD
from tests.simulator.instructions.operand_values import WORD_VALUES, random_word
from tests.simulator.instructions.placed_program import Placement, placed_program

_SEED = 2
_OPERANDS = 48
_VARIANTS = 6
_SHOWN = 20

# Registers of the loop around each instruction.
_INPUT, _OUTPUT, _END = 29, 30, 31


@dataclass(frozen=True)
class _Stub:
    """An instruction with its registers and immediates, run on every triple of operands."""

    instruction: Instruction
    rd: int
    rs1: int
    rs2: int
    immediates: tuple[int, ...]

    def describe(self) -> str:
        return self.instruction.text(self.rd, self.rs1, self.rs2, self.immediates)


def _operands(choose: random.Random) -> list[tuple[int, int, int]]:
    """Values of rD, rs1 and rs2: corners among each other, then random ones."""
    corners = [
        (choose.choice(WORD_VALUES), choose.choice(WORD_VALUES), choose.choice(WORD_VALUES))
        for _ in range(_OPERANDS // 2)
    ]
    corners[:3] = [(0, 0, 0), (0xFFFFFFFF, 0x80008000, 0x80008000), (1, 0x80808080, 0x80808080)]
    rest = [
        (random_word(choose), random_word(choose), random_word(choose))
        for _ in range(_OPERANDS - len(corners))
    ]
    return corners + rest


def _registers(variant: int, choose: random.Random) -> tuple[int, int, int]:
    """rd, rs1 and rs2: all different first, then in the ways in which they can be equal."""
    rd, rs1, rs2 = choose.sample(range(1, _INPUT), 3)
    return [
        (rd, rs1, rs2),
        (rd, rd, rs2),
        (rd, rs1, rd),
        (rd, rs1, rs1),
        choose.choice([(rd, rd, rd), (rd, 0, rs2), (rd, rs1, 0)]),
        (0, rs1, rs2),
    ][variant]


def _stubs(instructions: list[Instruction], choose: random.Random) -> list[_Stub]:
    stubs: list[_Stub] = []
    for instruction in instructions:
        limits = [(kind.lowest, kind.highest) for kind in instruction.immediates]
        for variant in range(_VARIANTS):
            rd, rs1, rs2 = _registers(variant, choose)
            immediates = tuple(
                limit[variant] if variant < 2 else choose.randint(*limit) for limit in limits
            )
            stubs.append(_Stub(instruction, rd, rs1, rs2, immediates))
        # Both immediates at opposite ends, and every small value once more.
        if len(limits) == 2:
            rd, rs1, rs2 = _registers(0, choose)
            for first, second in [(limits[0][0], limits[1][1]), (limits[0][1], limits[1][0])]:
                stubs.append(_Stub(instruction, rd, rs1, rs2, (first, second)))
        for value in (0, 1) if limits else ():
            rd, rs1, rs2 = _registers(0, choose)
            immediates = tuple(max(low, min(high, value)) for low, high in limits)
            stubs.append(_Stub(instruction, rd, rs1, rs2, immediates))
    return stubs


def _stub_text(index: int, stub: _Stub) -> list[str]:
    loads = [
        f"lw x{register}, {4 * position}(x{_INPUT})"
        for position, register in enumerate((stub.rd, stub.rs1, stub.rs2))
    ]
    return [
        f"la x{_INPUT}, operands",
        f"la x{_END}, operands_end",
        f"stub_{index}:",
        *loads,
        stub.describe(),
        f"sw x{stub.rd}, 0(x{_OUTPUT})",
        f"sw x{stub.rs1}, 4(x{_OUTPUT})",
        f"sw x{stub.rs2}, 8(x{_OUTPUT})",
        f"addi x{_INPUT}, x{_INPUT}, 12",
        f"addi x{_OUTPUT}, x{_OUTPUT}, 12",
        f"bne x{_INPUT}, x{_END}, stub_{index}",
    ]


def _expected(stub: _Stub, values: tuple[int, int, int]) -> tuple[int, int, int] | None:
    """rD, rs1 and rs2 afterwards; None if the manual does not say."""
    registers = {0: 0}
    for register, value in zip((stub.rd, stub.rs1, stub.rs2), values, strict=True):
        if register != 0:
            registers[register] = value
    operands = Operands(
        registers[stub.rd], registers[stub.rs1], registers[stub.rs2], stub.immediates
    )
    if not stub.instruction.valid(operands):
        return None
    execute(stub.instruction, registers, stub.rd, stub.rs1, stub.rs2, stub.immediates)
    return registers[stub.rd], registers[stub.rs1], registers[stub.rs2]


@pytest.mark.parametrize(
    ("instructions", "placement"),
    [
        (BIT_MANIPULATION + ALU, Placement.FABRIC_CONTROLLER),
        (MULTIPLY_ACCUMULATE, Placement.CLUSTER),
        (SIMD[: len(SIMD) // 2], Placement.FABRIC_CONTROLLER),
        (SIMD[len(SIMD) // 2 :], Placement.FABRIC_CONTROLLER),
    ],
    ids=["alu", "multiply_accumulate", "simd", "simd_rest"],
)
def test_results(instructions: list[Instruction], placement: Placement) -> None:
    choose = random.Random(_SEED)
    operands = _operands(choose)
    stubs = _stubs(instructions, choose)
    words = ", ".join(f"{value:#x}" for triple in operands for value in triple)
    program = placed_program(
        placement,
        [
            [
                f"la x{_OUTPUT}, answers",
                *[line for index, stub in enumerate(stubs) for line in _stub_text(index, stub)],
            ]
        ],
        [f"answers: .zero {12 * len(operands) * len(stubs)}"],
        [f"operands: .word {words}", "operands_end:"],
    )
    result = simulate(program)
    assert result.exit_code == 0, result.messages
    answers = struct.iter_unpack("<3I", result.output)
    wrong: list[str] = []
    for stub in stubs:
        for values in operands:
            found = next(answers)
            expected = _expected(stub, values)
            if expected is not None and found != expected:
                wrong.append(
                    f"{stub.describe()}  # rD, rs1, rs2 = {_hexadecimal(values)}: "
                    f"{_hexadecimal(found)} instead of {_hexadecimal(expected)}"
                )
    assert not wrong, f"{len(wrong)} wrong results\n" + "\n".join(wrong[:_SHOWN])


def _hexadecimal(values: tuple[int, ...]) -> str:
    return ", ".join(f"{value:#010x}" for value in values)


def test_every_instruction_is_run() -> None:
    assert len(BIT_MANIPULATION + ALU + MULTIPLY_ACCUMULATE + SIMD) == len(COMPUTING)
