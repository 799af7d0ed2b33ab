"""Normalisations of rows equal their twins, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.operators.rms_normalization import RmsNormalizationInt8
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_rms_normalization(cores: int) -> None:
    random = np.random.default_rng(1)
    examples: list[Example] = []
    for rows, elements in ((1, 64), (2, 7), (9, 33), (20, 8), (1, 1), (3, 300)):
        gamma = random.integers(-(2**15), 2**15, elements).astype(np.int16)
        for magnitude in (0, 1, 3, 255):
            spread = random.integers(-magnitude, magnitude + 1, (rows, elements))
            for zero_point, epsilon in ((0, 1), (-128, 70_000), (127, 2**40), (5, 0)):
                x = (spread + zero_point).clip(-128, 127).astype(np.int8)
                operation = RmsNormalizationInt8(zero_point, epsilon, 18, -3)
                examples.append(Example(operation, [x, gamma]))
    for begin in range(0, len(examples), 48):
        assert_twins(examples[begin : begin + 48], cores=cores)
