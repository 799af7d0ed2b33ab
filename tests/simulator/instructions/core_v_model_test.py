"""The model against the examples and limits that the user manual spells out."""

from __future__ import annotations

import pytest

from tests.simulator.instructions.core_v_instruction import Operands
from tests.simulator.instructions.core_v_model import COMPUTING

_BY_MNEMONIC = {instruction.mnemonic: instruction for instruction in COMPUTING}


@pytest.mark.parametrize(
    ("mnemonic", "destination", "first", "second", "immediates", "result"),
    [
        # The three worked examples of bit reversal.
        ("cv.bitrev", 0, 0xC64A5933, 0, (0, 4), 0x0CC9A526),
        ("cv.bitrev", 0, 0xC64A5933, 0, (1, 4), 0x0CC65A19),
        ("cv.bitrev", 0, 0xC64A5933, 0, (2, 4), 0x216B244B),
        ("cv.bitrev", 0, 0xC64A5933, 0, (3, 4), 0x0CC9A526),
        # Immediates that are extended.
        ("cv.add.sci.h", 0, 0x00010002, 0, (-22,), 0xFFEBFFEC),
        ("cv.maxu.sci.b", 0, 0x00FF3F40, 0, (63,), 0x3FFF3F40),
        # Counts of nothing.
        ("cv.ff1", 0, 0, 0, (), 32),
        ("cv.fl1", 0, 0, 0, (), 32),
        ("cv.clb", 0, 0, 0, (), 0),
        ("cv.clb", 0, 0xFFFFFFFF, 0, (), 31),
        ("cv.clb", 0, 1, 0, (), 30),
        # Limits of 0 bits.
        ("cv.clip", 0, 5, 0, (0,), 0),
        ("cv.clip", 0, 0xFFFFFFFB, 0, (0,), 0xFFFFFFFF),
        ("cv.clipu", 0, 5, 0, (0,), 0),
        ("cv.clip", 0, 200, 0, (8,), 127),
        ("cv.clip", 0, 0xFFFFFF00, 0, (8,), 0xFFFFFF80),
        # Fields that reach beyond bit 31.
        ("cv.extract", 0, 0x80000000, 0, (31, 28), 0xFFFFFFF8),
        ("cv.extractu", 0, 0x80000000, 0, (31, 28), 0x8),
        # Rounding adds half of what is shifted out.
        ("cv.addrn", 0, 3, 0, (2,), 1),
        ("cv.addrn", 0, 3, 0, (0,), 3),
        ("cv.sdotsp.b", 100, 0xFF02FF02, 0x01020304, (), 108),
        ("cv.shuffle2.b", 0x33221100, 0x77665544, 0x00040307, (), 0x00443377),
        ("cv.pack", 0, 0x11112222, 0x33334444, (), 0x22224444),
        ("cv.packhi.b", 0xAABBCCDD, 0x11, 0x22, (), 0x1122CCDD),
        ("cv.cplxmul.r", 0x12345678, 0x00004000, 0x00004000, (), 0x12342000),
    ],
)
def test_result(
    mnemonic: str,
    destination: int,
    first: int,
    second: int,
    immediates: tuple[int, ...],
    result: int,
) -> None:
    operands = Operands(destination, first, second, immediates)
    assert _BY_MNEMONIC[mnemonic].result(operands) & 0xFFFFFFFF == result
