"""xcvmem, xcvbi and xcvelw: tables of encodings and meanings of loads, stores and branches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.simulator.instructions.core_v_instruction import CUSTOM_0, CUSTOM_1, bits


class Addressing(Enum):
    """Where an access goes and what becomes of rs1.

    POST_IMMEDIATE and POST_REGISTER access rs1 and then add to it; REGISTER accesses the sum.
    """

    POST_IMMEDIATE = "({base}), {offset}"
    POST_REGISTER = "({base}), x{offset}"
    REGISTER = "x{offset}({base})"


@dataclass(frozen=True)
class MemoryInstruction:
    """A load or store of xcvmem.

    Attributes:
        mnemonic: shared by the three kinds of addressing.
        addressing: the kind.
        size: bytes.
        store: whether it is a store.
        with_sign: whether a load extends the sign.
        match: the bits of the encoding without operands.
    """

    mnemonic: str
    addressing: Addressing
    size: int
    store: bool
    with_sign: bool
    match: int

    def encode(self, data: int, base: int, offset: int) -> int:
        """The 32-bit instruction.

        Args:
            data: rD of a load, rs2 of a store.
            base: rs1.
            offset: a register's number, or the increment.
        """
        word = self.match | base << 15
        immediate = self.addressing is Addressing.POST_IMMEDIATE
        if not self.store:
            word |= data << 7
            return word | ((offset & 0xFFF) << 20 if immediate else offset << 20)
        word |= data << 20
        if immediate:
            return word | bits(offset, 11, 5) << 25 | bits(offset, 4, 0) << 7
        return word | offset << 7

    def text(self, data: int, base: int, offset: int) -> str:
        """The instruction as clang's assembler reads it; arguments as in `encode`."""
        address = self.addressing.value.format(base=f"x{base}", offset=offset)
        return f"{self.mnemonic} x{data}, {address}"

    def increments(self) -> bool:
        """Whether rs1 changes."""
        return self.addressing is not Addressing.REGISTER


_SIZES = [("b", 1), ("h", 2), ("w", 4)]


def _loads() -> list[MemoryInstruction]:
    instructions: list[MemoryInstruction] = []
    for code, (letter, size) in enumerate(_SIZES):
        for unsigned in (False, True) if size < 4 else (False,):
            name = f"cv.l{letter}{'u' if unsigned else ''}"
            register = (unsigned << 3 | code) << 25 | 3 << 12 | CUSTOM_1
            immediate = (unsigned << 2 | code) << 12 | CUSTOM_0
            for addressing, match in [
                (Addressing.POST_IMMEDIATE, immediate),
                (Addressing.POST_REGISTER, register),
                (Addressing.REGISTER, register | 1 << 27),
            ]:
                signed = not unsigned
                instructions.append(MemoryInstruction(name, addressing, size, False, signed, match))
    return instructions


def _stores() -> list[MemoryInstruction]:
    instructions: list[MemoryInstruction] = []
    for code, (letter, size) in enumerate(_SIZES):
        register = (0x10 | code) << 25 | 3 << 12 | CUSTOM_1
        for addressing, match in [
            (Addressing.POST_IMMEDIATE, code << 12 | CUSTOM_1),
            (Addressing.POST_REGISTER, register),
            (Addressing.REGISTER, register | 1 << 27),
        ]:
            instructions.append(
                MemoryInstruction(f"cv.s{letter}", addressing, size, True, False, match)
            )
    return instructions


MEMORY = [*_loads(), *_stores()]
"""Every instruction of xcvmem."""

EVENT_LOAD_MATCH = 3 << 12 | CUSTOM_0
"""cv.elw: imm[11:0], rs1 and rD as in a load; its sleep is the event unit's matter."""


@dataclass(frozen=True)
class BranchInstruction:
    """A branch of xcvbi.

    Attributes:
        mnemonic: its name.
        match: the bits of the encoding without operands.
        taken: from rs1, as a signed number, and the immediate.
    """

    mnemonic: str
    match: int
    taken: Callable[[int, int], bool]

    def encode(self, rs1: int, immediate: int, distance: int) -> int:
        """The 32-bit instruction; `distance` in bytes from it."""
        return (
            self.match
            | rs1 << 15
            | (immediate & 31) << 20
            | bits(distance, 12, 12) << 31
            | bits(distance, 10, 5) << 25
            | bits(distance, 4, 1) << 8
            | bits(distance, 11, 11) << 7
        )


BRANCHES = [
    BranchInstruction("cv.beqimm", 6 << 12 | CUSTOM_0, lambda value, other: value == other),
    BranchInstruction("cv.bneimm", 7 << 12 | CUSTOM_0, lambda value, other: value != other),
]
"""Every instruction of xcvbi. Immediates: -16 to 15."""
