"""xcvhwlp: encodings against the manual's bit fields; random loops against the model."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.simulator.harness.execute import EXIT_FAULT, simulate
from tests.simulator.instructions import hardware_loops
from tests.simulator.instructions.core_v_instruction import WORD, Operands
from tests.simulator.instructions.core_v_model import COMPUTING, execute
from tests.simulator.instructions.hardware_loops import word
from tests.simulator.instructions.placed_program import Placement, placed_program

_SEED = 4
_PROGRAMS = 150
_SHORTEST_BODY = 3
_LONGEST_SETUP_BODY = 30
_LARGEST_COUNT = 4095

# Registers: those that bodies change, a pointer for loads, two for setting loops up.
_COUNTERS = range(5, 13)
_POINTER, _SETUP, _ANSWERS = 13, 14, 31
_WALKING_POINTER = 15

# Constants that bodies load: the first ones by offset, all of them by walking along.
_TABLE = [(index * 0x9E3779B1 + 0x1234567) & WORD for index in range(9000)]
_NEAR = 64

# The manual defines the result of cv.insertr only for some values of rs2.
_COMPUTING = [instruction for instruction in COMPUTING if instruction.mnemonic != "cv.insertr"]


@pytest.mark.parametrize(
    ("encoding", "fields"),
    [
        # uimmL, rs1 or uimmS, function code 3, operation, loop, custom-1
        (hardware_loops.starti(0, 0xABC), "101010111100 00000 100 0000 0 0101011"),
        (hardware_loops.starti(1, 1), "000000000001 00000 100 0000 1 0101011"),
        (hardware_loops.start(1, 10), "000000000000 01010 100 0001 1 0101011"),
        (hardware_loops.endi(0, 0xFFF), "111111111111 00000 100 0010 0 0101011"),
        (hardware_loops.endi(1, 0x800), "100000000000 00000 100 0010 1 0101011"),
        (hardware_loops.end(0, 31), "000000000000 11111 100 0011 0 0101011"),
        (hardware_loops.counti(1, 0x123), "000100100011 00000 100 0100 1 0101011"),
        (hardware_loops.count(0, 17), "000000000000 10001 100 0101 0 0101011"),
        (hardware_loops.setupi(1, 0x5A5, 21), "010110100101 10101 100 0110 1 0101011"),
        (hardware_loops.setup(0, 9, 0x3C3), "001111000011 01001 100 0111 0 0101011"),
    ],
)
def test_encoding(encoding: int, fields: str) -> None:
    assert encoding == int(fields.replace(" ", ""), 2)


Registers = dict[int, int]


@dataclass(frozen=True)
class _Step:
    """One instruction of a body and what it does."""

    text: str
    effect: Callable[[Registers], None]


@dataclass(frozen=True)
class _Loop:
    """A hardware loop.

    Attributes:
        index: 0 or 1; 0 is the inner one of two.
        style: how it is set up.
        count: iterations; 0 leaves the loop off, so that its body runs once.
        gap: instructions between the set-up and the body, where the style allows any.
        body: what it repeats.
    """

    index: int
    style: str
    count: int
    gap: int
    body: list[_Step | _Loop]


_STYLES = ["setupi", "setup", "immediates", "registers"]


def _core_v_step(choose: random.Random) -> _Step:
    while True:
        instruction = choose.choice(_COMPUTING)
        rd, rs1, rs2 = (choose.choice(_COUNTERS) for _ in range(3))
        immediates = tuple(
            choose.randint(kind.lowest, kind.highest) for kind in instruction.immediates
        )
        if instruction.valid(Operands(0, 0, 0, immediates)):
            break
    return _Step(
        instruction.text(rd, rs1, rs2, immediates),
        lambda x: execute(instruction, x, rd, rs1, rs2, immediates),
    )


def _walking_load(choose: random.Random) -> _Step:
    rd = choose.choice(_COUNTERS)

    def effect(x: Registers) -> None:
        x[rd] = _TABLE[x[_WALKING_POINTER]]
        x[_WALKING_POINTER] += 1

    return _Step(f"cv.lw x{rd}, (x{_WALKING_POINTER}), 4", effect)


def _step(choose: random.Random) -> _Step:
    if choose.random() < 0.5:
        return _core_v_step(choose)
    rd, rs1, rs2 = (choose.choice(_COUNTERS) for _ in range(3))
    immediate = choose.randint(-2048, 2047)
    offset = 4 * choose.randrange(_NEAR)

    def add_immediate(x: Registers) -> None:
        x[rd] = x[rs1] + immediate & WORD

    def add(x: Registers) -> None:
        x[rd] = x[rs1] + x[rs2] & WORD

    def subtract(x: Registers) -> None:
        x[rd] = x[rs1] - x[rs2] & WORD

    def multiply(x: Registers) -> None:
        x[rd] = x[rs1] * x[rs2] & WORD

    def accumulate(x: Registers) -> None:
        x[rd] = x[rd] + x[rs1] * x[rs2] & WORD

    def high_product(x: Registers) -> None:
        x[rd] = x[rs1] * x[rs2] >> 32

    def remainder(x: Registers) -> None:
        x[rd] = x[rs1] % x[rs2] if x[rs2] else x[rs1]

    def load(x: Registers) -> None:
        x[rd] = _TABLE[offset // 4]

    return choose.choice(
        [
            _Step(f"addi x{rd}, x{rs1}, {immediate}", add_immediate),
            _Step(f"add x{rd}, x{rs1}, x{rs2}", add),
            _Step(f"sub x{rd}, x{rs1}, x{rs2}", subtract),
            _Step(f"mul x{rd}, x{rs1}, x{rs2}", multiply),
            _Step(f"mulhu x{rd}, x{rs1}, x{rs2}", high_product),
            _Step(f"remu x{rd}, x{rs1}, x{rs2}", remainder),
            _Step(f"cv.mac x{rd}, x{rs1}, x{rs2}", accumulate),
            _Step(f"lw x{rd}, {offset}(x{_POINTER})", load),
        ]
    )


def _steps(choose: random.Random, fewest: int, most: int) -> list[_Step | _Loop]:
    return [_step(choose) for _ in range(choose.randint(fewest, most))]


def _loop(choose: random.Random, index: int, *, nested: bool, inner: bool = False) -> _Loop:
    style = choose.choice(_STYLES)
    body = _steps(choose, _SHORTEST_BODY, choose.choice([3, 4, 12, _LONGEST_SETUP_BODY]))
    body[choose.randrange(len(body))] = _walking_load(choose)
    count = choose.choice([0, 1, 2, 3, choose.randint(4, 40)])
    if nested:
        inner_loop = _loop(choose, 0, nested=False, inner=True)
        # Two instructions follow the inner loop, or more.
        body = [*_steps(choose, 0, 3), inner_loop, *_steps(choose, 2, 4)]
        if style == "setupi":
            style = "immediates"
        count = choose.choice([0, 1, 2, 7])
    elif not inner and choose.random() < 0.1:
        count = _LARGEST_COUNT if style in {"setupi", "immediates"} else 2047
    return _Loop(index, style, count, choose.randrange(3), body)


def _words(lines: list[str]) -> int:
    """Instructions in assembly text: `la` is two, a label none."""
    return sum(0 if line.endswith(":") else 2 if line.startswith("la ") else 1 for line in lines)


def _text(block: list[_Step | _Loop], labels: list[str]) -> list[str]:
    return [
        line
        for part in block
        for line in ([part.text] if isinstance(part, _Step) else _loop_text(part, labels))
    ]


def _loop_text(loop: _Loop, labels: list[str]) -> list[str]:
    body = _text(loop.body, labels)
    length = _words(body)
    gap = ["nop"] * loop.gap
    load_count = f"addi x{_SETUP}, x0, {loop.count}"
    if loop.style == "setupi":
        return [word(hardware_loops.setupi(loop.index, loop.count, length + 1)), *body]
    if loop.style == "setup":
        return [load_count, word(hardware_loops.setup(loop.index, _SETUP, length + 1)), *body]
    if loop.style == "immediates":
        return [
            word(hardware_loops.starti(loop.index, 3 + loop.gap)),
            word(hardware_loops.endi(loop.index, 2 + loop.gap + length)),
            word(hardware_loops.counti(loop.index, loop.count)),
            *gap,
            *body,
        ]
    labels.append("label")
    begin, end = f"begin_{len(labels)}", f"end_{len(labels)}"
    # The lowest two bits of both addresses are ignored.
    return [
        f"la x{_SETUP}, {begin} + {loop.gap}",
        word(hardware_loops.start(loop.index, _SETUP)),
        f"la x{_SETUP}, {end} + {loop.gap + 1}",
        word(hardware_loops.end(loop.index, _SETUP)),
        load_count,
        word(hardware_loops.count(loop.index, _SETUP)),
        *gap,
        f"{begin}:",
        *body,
        f"{end}:",
    ]


def _run(block: list[_Step | _Loop], registers: Registers) -> None:
    for part in block:
        if isinstance(part, _Step):
            part.effect(registers)
        else:
            for _ in range(max(part.count, 1)):
                _run(part.body, registers)


def _programs(choose: random.Random) -> list[list[_Step | _Loop]]:
    programs: list[list[_Step | _Loop]] = []
    for number in range(_PROGRAMS):
        nested = number % 2 == 1
        index = 1 if nested else choose.randrange(2)
        program = [*_steps(choose, 0, 30), _loop(choose, index, nested=nested)]
        if choose.random() < 0.3:
            # The same registers again, directly after the first loop.
            program.append(_loop(choose, index, nested=nested))
        programs.append([*program, *_steps(choose, 0, 30)])
    return programs


@pytest.mark.parametrize("placement", list(Placement))
def test_loops(placement: Placement) -> None:
    programs = _programs(random.Random(_SEED))
    labels: list[str] = []
    text: list[str] = [f"la x{_POINTER}, table", f"la x{_ANSWERS}, answers"]
    for program in programs:
        text += [f"li x{register}, {register}" for register in _COUNTERS]
        text.append(f"la x{_WALKING_POINTER}, table")
        text += _text(program, labels)
        text += [
            f"sw x{register}, {4 * position}(x{_ANSWERS})"
            for position, register in enumerate(_COUNTERS)
        ]
        text.append(f"addi x{_ANSWERS}, x{_ANSWERS}, {4 * len(_COUNTERS)}")
    table = ", ".join(f"{value:#x}" for value in _TABLE)
    result = simulate(
        placed_program(
            placement,
            [text],
            [f"answers: .zero {4 * len(_COUNTERS) * len(programs)}"],
            [f"table: .word {table}"],
        )
    )
    assert result.exit_code == 0, result.messages
    found = list(struct.iter_unpack(f"<{len(_COUNTERS)}I", result.output))
    for number, program in enumerate(programs):
        registers = {register: register for register in _COUNTERS} | {_WALKING_POINTER: 0}
        _run(program, registers)
        expected = tuple(registers[register] for register in _COUNTERS)
        listing = "\n".join(_text(program, []))
        assert found[number] == expected, f"program {number}:\n{listing}"


_BODY = ["addi x5, x5, 1"] * 4


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([word(hardware_loops.setupi(0, 5, 3)), *_BODY], "three instructions"),
        ([word(hardware_loops.setupi(0, 5, 1)), *_BODY], "three instructions"),
        (
            [".2byte 1", word(hardware_loops.setupi(0, 5, 5)), *_BODY, ".2byte 1"],
            "multiple of 4",
        ),
        (
            [word(hardware_loops.setupi(1, 5, 5)), *_BODY[:2], "c.nop", "c.nop", *_BODY],
            "compressed",
        ),
        ([word(hardware_loops.setupi(1, 5, 5)), *_BODY[:3], "bnez x0, .", *_BODY], "branch"),
        ([word(hardware_loops.setupi(1, 5, 5)), *_BODY[:3], "jal x0, . + 4", *_BODY], "jump"),
        ([word(hardware_loops.setupi(1, 5, 5)), *_BODY[:3], "fence", *_BODY], "fence"),
        (
            [
                word(hardware_loops.setupi(1, 5, 7)),
                word(hardware_loops.setupi(0, 5, 5)),
                *_BODY,
                *_BODY,
            ],
            "two instructions",
        ),
    ],
    ids=[
        *["two instructions", "empty", "unaligned", "compressed", "branch", "jump", "fence"],
        "nested ends too close",
    ],
)
def test_constraints(lines: list[str], message: str) -> None:
    """The manual asks simulators to report loops that the hardware does not define."""
    rvc = [
        text
        for line in lines
        for text in ([".option rvc", line, ".option norvc"] if line.startswith("c.") else [line])
    ]
    program = placed_program(Placement.FABRIC_CONTROLLER, [["li x5, 0", ".balign 4", *rvc]], [])
    result = simulate(program)
    assert result.exit_code == EXIT_FAULT, result.messages
    assert "hardware loop" in result.messages or "cv.setupi" in result.messages
    assert message in result.messages
