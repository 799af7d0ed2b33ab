"""Random numbers that are the same bits on every machine and with every release of NumPy.

NumPy promises a fixed stream of a bit generator's raw words only, and its logarithms and
exponentials depend on the processor. So everything here is made from raw words with integer
arithmetic and with sums, products and square roots of float64, which IEEE 754 defines.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_BITS = 24
_SUMMANDS = 4


class RandomSource:
    """A stream of random arrays; the order of the calls decides what each one gets."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.PCG64(seed)

    def _words(self, count: int) -> npt.NDArray[np.uint64]:
        return np.atleast_1d(np.asarray(self._generator.random_raw(count), np.uint64))

    def integers(self, shape: tuple[int, ...], end: int) -> npt.NDArray[np.int64]:
        """int64, uniform over 0 to end - 1; `end` is at most 2^24, so that the bias is small."""
        words = self._words(math.prod(shape)) >> np.uint64(64 - 32)
        return ((words * np.uint64(end)) >> np.uint64(32)).astype(np.int64).reshape(shape)

    def uniform(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> Array:
        """float64, uniform over [low, high), in steps of (high - low)/2^24."""
        fraction = self.integers(shape, 1 << _BITS) * 2.0**-_BITS
        return low + (high - low) * fraction

    def bell(self, shape: tuple[int, ...], deviation: float) -> Array:
        """float64 with mean 0 and the given standard deviation, at most 3.5 of them from 0.

        Sums of four uniform numbers: close to a normal distribution, as trained weights are, with
        the same effect on how many quantisation steps most of them use.
        """
        summands = self.integers((_SUMMANDS, *shape), 1 << _BITS)
        centred = summands.sum(axis=0) * 2.0**-_BITS - _SUMMANDS / 2
        return centred * (deviation / math.sqrt(_SUMMANDS / 12))
