"""Weights of integer attention: tables of powers of two, by distance from the largest score."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from compiler.ir import Array

LARGEST_WEIGHT = 32767
HALVINGS = 16
"""After so many halvings a weight is zero."""
DISTANCE_BITS = 19
"""Of an index, at most: a step is then at most 2^-14 halvings."""
MAXIMUM_ENTRIES = 12_288
"""Of one table: 24 KiB, a tenth of a cluster's memory."""


@dataclass(frozen=True)
class WeightTable:
    """How a key's weight, 0 to 32767, is read from a table, see tw_attention_weight.

    Attributes:
        drop: bits that a distance loses.
        limit: the largest distance, `drop` bits shorter; a multiple of 2^bits.
        bits: of a distance that belong to the first of two tables; 0: there is one, for which
            `drop` is 0.
    """

    drop: int
    limit: int
    bits: int

    @property
    def entries(self) -> int:
        return (self.limit >> self.bits) + 1 + (self.bits != 0) * (1 << self.bits)

    def build(self, halvings: float) -> Array:
        """uint16 [entries], for so many halvings of the weight per unit of distance."""
        if self.bits == 0:
            distance = np.arange(self.limit, -1, -1)
            return np.rint(LARGEST_WEIGHT * np.exp2(-halvings * distance)).astype(np.uint16)
        coarse = np.arange((self.limit >> self.bits) + 1) * float(1 << self.bits)
        distance = np.concatenate([np.arange(1 << self.bits), coarse])
        return np.rint(65535 * np.exp2(-halvings * 2.0**self.drop * distance)).astype(np.uint16)

    def of(self, distance: Array, table: Array) -> Array:
        """int64 weights of distances from the largest score."""
        index = np.minimum(distance >> self.drop, self.limit)
        if self.bits == 0:
            return table.astype(np.int64)[self.limit - index]
        fine, coarse = np.split(table.astype(np.int64), [1 << self.bits])
        product = coarse[index >> self.bits] * fine[index & (1 << self.bits) - 1]
        return (product + 65536) >> 17


def weight_table(halvings: float, head_size: int, most_entries: int) -> WeightTable:
    """The form of the table for so many halvings per unit of distance.

    One table if it has no more than `most_entries`, else two whose entries are multiplied.
    """
    limit = 255 * 255 * head_size  # no two scores are further apart
    if limit * halvings > HALVINGS:
        limit = ceil(HALVINGS / halvings)
    drop = max(0, limit.bit_length() - DISTANCE_BITS)
    limit = -(-limit >> drop)
    if drop == 0 and limit < most_entries:
        return WeightTable(0, limit, 0)
    bits = max(1, limit.bit_length() // 2)
    return WeightTable(drop, -(-limit >> bits) << bits, bits)
