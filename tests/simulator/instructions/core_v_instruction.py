"""How CORE-V instructions are described: assembly text, encoding, operands and meaning.

Source of all tables: CV32E40P user manual, chapter "CORE-V Instruction Set Custom Extensions".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

WORD = 0xFFFFFFFF

CUSTOM_0 = 0x0B
CUSTOM_1 = 0x2B
CUSTOM_2 = 0x5B
CUSTOM_3 = 0x7B


def signed(value: int, bits: int = 32) -> int:
    """The lowest `bits` bits as a two's complement number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def bits(value: int, high: int, low: int) -> int:
    """Bits `high` to `low` of a word."""
    return value >> low & (1 << (high - low + 1)) - 1


@dataclass(frozen=True)
class Operands:
    """Values that an instruction reads.

    Attributes:
        destination: rD before the instruction.
        first: rs1.
        second: rs2.
        immediates: in the order of the assembly text.
    """

    destination: int
    first: int
    second: int = 0
    immediates: tuple[int, ...] = ()


@dataclass(frozen=True)
class Immediate:
    """An immediate operand.

    Attributes:
        lowest: smallest value.
        highest: largest value.
        field: the bits of the instruction that hold a value.
    """

    lowest: int
    highest: int
    field: Callable[[int], int]


def at(position: int, width: int) -> Callable[[int], int]:
    """A field of `width` bits that starts at bit `position`."""
    return lambda value: (value & (1 << width) - 1) << position


def _vector_field(value: int) -> int:
    """Immediates of SIMD instructions: the lowest bit at 25, the others from 20 on."""
    return (value & 1) << 25 | (value >> 1 & 0x1F) << 20


IS2 = Immediate(0, 31, at(20, 5))
IS3 = Immediate(0, 31, at(25, 5))
BIT_REVERSE_GROUP = Immediate(0, 3, at(25, 5))
SIGNED6 = Immediate(-32, 31, _vector_field)


def unsigned_vector(width: int) -> Immediate:
    """An unsigned SIMD immediate of which `width` bits may be other than 0."""
    return Immediate(0, (1 << width) - 1, _vector_field)


class Form(Enum):
    """Operands as the assembler reads them: rD and rs1, then the value's."""

    UNARY = ()
    REGISTER = ("register",)
    IMMEDIATE = ("immediate",)
    REGISTER_IMMEDIATE = ("register", "immediate")
    TWO_IMMEDIATES = ("immediate", "immediate")


def always_valid(_: Operands) -> bool:
    """Of an instruction whose result is defined for all operands."""
    return True


@dataclass(frozen=True)
class Instruction:
    """An instruction that computes rD from registers and immediates.

    Attributes:
        mnemonic: as clang's assembler calls it; the manual writes some with capitals.
        form: its operands.
        match: the bits of the encoding without operands.
        immediates: one for each in `form`.
        result: the new rD; bits above 31 are cut off.
        valid: whether the manual defines the result for these operands.
    """

    mnemonic: str
    form: Form
    match: int
    result: Callable[[Operands], int]
    immediates: tuple[Immediate, ...] = ()
    valid: Callable[[Operands], bool] = always_valid

    def encode(self, rd: int, rs1: int, rs2: int, immediates: tuple[int, ...]) -> int:
        """The 32-bit instruction. `rs2` is ignored where the form has none."""
        word = self.match | rd << 7 | rs1 << 15
        if "register" in self.form.value:
            word |= rs2 << 20
        for immediate, value in zip(self.immediates, immediates, strict=True):
            word |= immediate.field(value)
        return word

    def text(self, rd: int, rs1: int, rs2: int, immediates: tuple[int, ...]) -> str:
        """The instruction as clang's assembler reads it."""
        operands = [f"x{rd}", f"x{rs1}"]
        if "register" in self.form.value:
            operands.append(f"x{rs2}")
        operands += [str(value) for value in immediates]
        return f"{self.mnemonic} {', '.join(operands)}"
