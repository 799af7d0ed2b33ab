"""RV32F: every rounding operation on operands at which rounding is difficult, against QEMU."""

from __future__ import annotations

import random
import struct

import pytest

from tests.simulator.harness.execute import emulate, simulate
from tests.simulator.instructions.operand_values import FLOAT_VALUES, random_float, random_word
from tests.simulator.instructions.placed_program import Placement, placed_program

_SEED = 6
_OPERANDS = 900
_MODES = ["rne", "rtz", "rdn", "rup", "rmm"]
_SHOWN = 20

# Registers of the loop around each operation.
_INPUT, _OUTPUT, _END, _WORD, _FLAGS = "x8", "x9", "x10", "x11", "x12"

_OPERATIONS = {
    "fadd.s": "fadd.s f0, f1, f2",
    "fsub.s": "fsub.s f0, f1, f2",
    "fmul.s": "fmul.s f0, f1, f2",
    "fdiv.s": "fdiv.s f0, f1, f2",
    "fsqrt.s": "fsqrt.s f0, f1",
    "fmadd.s": "fmadd.s f0, f1, f2, f3",
    "fmsub.s": "fmsub.s f0, f1, f2, f3",
    "fnmadd.s": "fnmadd.s f0, f1, f2, f3",
    "fnmsub.s": "fnmsub.s f0, f1, f2, f3",
    "fcvt.w.s": f"fcvt.w.s {_WORD}, f1",
    "fcvt.wu.s": f"fcvt.wu.s {_WORD}, f1",
    "fcvt.s.w": f"fcvt.s.w f0, {_WORD}",
    "fcvt.s.wu": f"fcvt.s.wu f0, {_WORD}",
}

_WITHOUT_MODE = {
    "fmin.s": "fmin.s f0, f1, f2",
    "fmax.s": "fmax.s f0, f1, f2",
    "feq.s": f"feq.s {_WORD}, f1, f2",
    "flt.s": f"flt.s {_WORD}, f1, f2",
    "fle.s": f"fle.s {_WORD}, f1, f2",
    "fclass.s": f"fclass.s {_WORD}, f1",
    "fsgnj.s": "fsgnj.s f0, f1, f2",
    "fsgnjn.s": "fsgnjn.s f0, f1, f2",
    "fsgnjx.s": "fsgnjx.s f0, f1, f2",
}


def _number(word: int) -> float:
    return struct.unpack("<f", word.to_bytes(4, "little"))[0]


def _word(number: float) -> int:
    """The nearest single; the largest one for what is too large."""
    try:
        return int.from_bytes(struct.pack("<f", number), "little")
    except OverflowError:
        return 0x7F7FFFFF


def _near(word: int, choose: random.Random) -> int:
    """The bits of a single a few steps away."""
    return (word + choose.randint(-2, 2)) & 0xFFFFFFFF


def _moderate(choose: random.Random, lowest: int, highest: int) -> int:
    """A single of random sign with an exponent in a range, its fraction short or full."""
    fraction = choose.getrandbits(23)
    if choose.random() < 0.4:
        fraction &= -1 << choose.randrange(23)
    return choose.getrandbits(1) << 31 | (127 + choose.randint(lowest, highest)) << 23 | fraction


def _triple(kind: int, choose: random.Random) -> tuple[int, int, int]:
    if kind == 0:
        return choose.choice(FLOAT_VALUES), choose.choice(FLOAT_VALUES), choose.choice(FLOAT_VALUES)
    if kind == 1:
        return random_float(choose), random_float(choose), random_float(choose)
    if kind == 2:
        # The product cancels against the addend, or nearly.
        a, b = _moderate(choose, -30, 30), _moderate(choose, -30, 30)
        return a, b, _near(_word(-_number(a) * _number(b)), choose)
    if kind == 3:
        # Products, quotients and sums around the smallest normal number.
        exponent = choose.randint(-63, 63)
        a = _moderate(choose, exponent, exponent)
        b = _moderate(choose, -127 - exponent, -125 - exponent)
        return a, b, choose.choice([_near(0x00800000, choose), choose.getrandbits(23), 0x80000001])
    if kind == 4:
        # Sums of numbers of different size: what is shifted out decides.
        a = _moderate(choose, -10, 10)
        return a, _moderate(choose, -36, 10), _moderate(choose, -20, 20)
    if kind == 5:
        # Squares and their neighbours: exact and nearly exact roots and quotients.
        root = _number(_moderate(choose, -20, 20))
        return _near(_word(root * root), choose) & 0x7FFFFFFF, _word(root), _word(-root)
    # Halves between integers, limits of the integers.
    half = choose.randint(-(1 << 23), 1 << 23) + 0.5
    limit = choose.choice([0x4F000000, 0xCF000000, 0x4F800000, 0xBF800000, 0x3F000000])
    return choose.choice([_word(half), _near(limit, choose)]), _word(half), random_word(choose)


def _operands() -> list[tuple[int, int, int]]:
    choose = random.Random(_SEED)
    return [_triple(number % 7, choose) for number in range(_OPERANDS)]


def _program(operations: list[str], operands: list[tuple[int, int, int]]) -> str:
    text = [f"la {_OUTPUT}, answers"]
    for number, operation in enumerate(operations):
        to_word = operation.split()[1].startswith("x")
        store = f"sw {_WORD}, 0({_OUTPUT})" if to_word else f"fsw f0, 0({_OUTPUT})"
        text += [
            f"la {_INPUT}, operands",
            f"la {_END}, operands_end",
            f"operation_{number}:",
            *[f"flw f{index + 1}, {4 * index}({_INPUT})" for index in range(3)],
            f"lw {_WORD}, 8({_INPUT})",
            "csrwi fflags, 0",
            operation,
            f"csrr {_FLAGS}, fflags",
            store,
            f"sw {_FLAGS}, 4({_OUTPUT})",
            f"addi {_INPUT}, {_INPUT}, 12",
            f"addi {_OUTPUT}, {_OUTPUT}, 8",
            f"bne {_INPUT}, {_END}, operation_{number}",
        ]
    words = ", ".join(f"{value:#x}" for triple in operands for value in triple)
    return placed_program(
        Placement.FABRIC_CONTROLLER,
        [text],
        [f"answers: .zero {8 * len(operations) * len(operands)}"],
        [f"operands: .word {words}", "operands_end:"],
    )


def _check(operations: list[str]) -> None:
    operands = _operands()
    program = _program(operations, operands)
    simulated, emulated = simulate(program), emulate(program)
    assert simulated.exit_code == 0, simulated.messages
    assert emulated.exit_code == 0, emulated.messages
    assert len(simulated.output) == len(emulated.output) == 8 * len(operations) * len(operands)
    pairs = zip(
        struct.iter_unpack("<2I", simulated.output),
        struct.iter_unpack("<2I", emulated.output),
        strict=True,
    )
    wrong: list[str] = []
    for operation in operations:
        for triple in operands:
            ours, reference = next(pairs)
            if ours != reference:
                values = ", ".join(f"{value:#010x}" for value in triple)
                wrong.append(
                    f"{operation}  # {values}: result and flags {ours[0]:#010x} {ours[1]:#04x} "
                    f"instead of {reference[0]:#010x} {reference[1]:#04x}"
                )
    assert not wrong, f"{len(wrong)} wrong results\n" + "\n".join(wrong[:_SHOWN])


@pytest.mark.parametrize("name", list(_OPERATIONS))
def test_rounding(name: str) -> None:
    _check([f"{_OPERATIONS[name]}, {mode}" for mode in _MODES])


def test_without_rounding() -> None:
    _check(list(_WITHOUT_MODE.values()))
