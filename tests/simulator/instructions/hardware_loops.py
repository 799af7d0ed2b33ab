"""xcvhwlp: encodings, which clang lacks, as assembly text.

Source: CV32E40P user manual, "Hardware Loops operations encoding": custom-1 with function code 4,
the operation in bits 11 to 8, the loop in bit 7, the long immediate in bits 31 to 20, a register
or the short immediate in bits 19 to 15. Distances count words from the instruction.
"""

from __future__ import annotations

from tests.simulator.instructions.core_v_instruction import CUSTOM_1

_FUNCTION3 = 4
_LONG = 1 << 12
_SHORT = 1 << 5


def _encode(operation: int, loop: int, middle: int, long: int) -> int:
    assert loop in {0, 1}
    assert 0 <= middle < _SHORT
    assert 0 <= long < _LONG
    return long << 20 | middle << 15 | _FUNCTION3 << 12 | operation << 8 | loop << 7 | CUSTOM_1


def starti(loop: int, distance: int) -> int:
    """cv.starti: the body starts `distance` words after this instruction."""
    return _encode(0, loop, 0, distance)


def start(loop: int, rs1: int) -> int:
    """cv.start: the body starts at the address in a register."""
    return _encode(1, loop, rs1, 0)


def endi(loop: int, distance: int) -> int:
    """cv.endi: the body ends before the instruction `distance` words after this one."""
    return _encode(2, loop, 0, distance)


def end(loop: int, rs1: int) -> int:
    """cv.end: the body ends before the address in a register."""
    return _encode(3, loop, rs1, 0)


def counti(loop: int, count: int) -> int:
    """cv.counti: the number of iterations; starts the loop."""
    return _encode(4, loop, 0, count)


def count(loop: int, rs1: int) -> int:
    """cv.count: the number of iterations in a register; starts the loop."""
    return _encode(5, loop, rs1, 0)


def setupi(loop: int, iterations: int, distance: int) -> int:
    """cv.setupi: a loop that starts with the next instruction and ends `distance` words on."""
    return _encode(6, loop, distance, iterations)


def setup(loop: int, rs1: int, distance: int) -> int:
    """cv.setup: as cv.setupi with the number of iterations in a register."""
    return _encode(7, loop, rs1, distance)


def word(encoding: int) -> str:
    """The assembler's text for an instruction that it does not know."""
    return f".word {encoding:#010x}"
