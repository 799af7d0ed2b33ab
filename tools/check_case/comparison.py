"""Compares what a network gives with what it must give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod
from operator import mul

import numpy as np

from compiler.ir import Array

RELATIVE = 1e-4
ABSOLUTE = 1e-5


@dataclass(frozen=True)
class Comparison:
    """Elements of all outputs: how many there are, how many differ, and by how much at most."""

    elements: int
    differing: int
    largest: float


class ShapeError(Exception):
    """Output `index` has shape `found`, and the file's array `expected`."""

    def __init__(self, index: int, found: Sequence[int], expected: Sequence[int]) -> None:
        self.index, self.found, self.expected = index, list(found), list(expected)
        super().__init__(f"output {index} has shape {self.found}, expected is {self.expected}")


def is_same_shape(stored: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether a file's array can be a tensor of a shape: one is the other with axes joined.

    So axes of extent 1 do not count, and files may hold all elements along one axis.
    """
    if 0 in (*stored, *shape):
        return [e for e in stored if e != 1] == [e for e in shape if e != 1]
    inner, outer = (set(accumulate(s, mul, initial=1)) for s in (stored, shape))
    return prod(stored) == prod(shape) and (inner <= outer or outer <= inner)


def compare(found: Sequence[Array], expected: Sequence[Array]) -> Comparison:
    """Integers must be equal; floats may differ by `ABSOLUTE` plus `RELATIVE` of the expected.

    Raises ShapeError if an output has another shape (`is_same_shape`).
    """
    elements, differing, largest = 0, 0, 0.0
    for index, (have, want) in enumerate(zip(found, expected, strict=True)):
        if not is_same_shape(want.shape, have.shape):
            raise ShapeError(index, have.shape, want.shape)
        a, b = have.reshape(-1).astype(np.float64), want.reshape(-1).astype(np.float64)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore"):
            difference = np.where(same, 0.0, np.abs(a - b))
        difference = np.where(np.isnan(difference), np.inf, difference)  # only one is NaN
        tolerance = ABSOLUTE + RELATIVE * np.abs(b) if have.dtype.kind == "f" else np.zeros(b.shape)
        tolerance = np.where(np.isfinite(b), tolerance, 0.0)
        wrong = ~same & (difference > tolerance)
        elements += have.size
        differing += int(np.count_nonzero(wrong))
        largest = max(largest, float(np.max(difference, initial=0.0)))
    return Comparison(elements, differing, largest)
