"""Values at which instructions are likely to be wrong, and random ones around them."""

from __future__ import annotations

import random

WORD_VALUES = [
    *[0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000],
    *[0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFF8000, 0xFFFFFF80],
    *[0x80808080, 0x7F7F7F7F, 0x80008000, 0x7FFF7FFF, 0x8000FFFF, 0x00FF00FF, 0x55555555],
    *[0xAAAAAAAA, 0x01020304, 0xFF00FF01],
]

FLOAT_VALUES = [
    *[0x00000000, 0x80000000],  # zeros
    *[0x00000001, 0x80000001, 0x00400000, 0x007FFFFF, 0x807FFFFF],  # subnormal
    *[0x00800000, 0x80800000, 0x00800001, 0x01000000],  # smallest normal
    *[0x7F7FFFFF, 0xFF7FFFFF, 0x7F7FFFFE, 0x7F000000],  # largest
    *[0x7F800000, 0xFF800000],  # infinite
    *[0x7FC00000, 0xFFC00000, 0x7FC12345, 0xFFFFFFFF, 0x7FFFFFFF],  # quiet, not a number
    *[0x7F800001, 0xFF800001, 0x7FBFFFFF, 0xFFA55AA5],  # signalling, not a number
    *[
        0x3F800000,
        0xBF800000,
        0x3F7FFFFF,
        0x3F800001,
        0x34000000,
        0x33800000,
    ],  # 1, around and the distance
    *[0x3F000000, 0xBF000000, 0x3EFFFFFF, 0x3F000001, 0x3FC00000, 0x40200000],  # ties of integers
    *[0x4B000000, 0x4B800000, 0x4B7FFFFF, 0xCB000001],  # where the fraction ends
    *[0x4EFFFFFF, 0x4F000000, 0xCF000000, 0xCF000001, 0x4F7FFFFF, 0x4F800000],  # integer limits
    *[0x40400000, 0x40490FDB, 0x1F800000, 0x20000000, 0x5F800000],  # 3, pi, roots of limits
]


def random_word(choose: random.Random) -> int:
    """A word: a corner, near a corner, small, or anything."""
    kind = choose.random()
    if kind < 0.3:
        return choose.choice(WORD_VALUES)
    if kind < 0.4:
        return (choose.choice(WORD_VALUES) + choose.randint(-2, 2)) & 0xFFFFFFFF
    if kind < 0.5:
        return choose.randint(-64, 64) & 0xFFFFFFFF
    if kind < 0.6:
        return choose.getrandbits(32) >> choose.randrange(32)
    return choose.getrandbits(32)


def random_float(choose: random.Random) -> int:
    """Bits of a single: a corner, of moderate size, subnormal, or anything."""
    kind = choose.random()
    if kind < 0.3:
        return choose.choice(FLOAT_VALUES)
    sign = choose.getrandbits(1) << 31
    if kind < 0.7:
        return sign | choose.randint(0x7F - 12, 0x7F + 12) << 23 | choose.getrandbits(23)
    if kind < 0.75:
        return sign | choose.getrandbits(23)
    if kind < 0.8:
        return sign | choose.randint(0x7F - 26, 0x7F + 34) << 23 | choose.choice([0, 0x7FFFFF])
    return choose.getrandbits(32)
