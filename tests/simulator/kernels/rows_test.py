"""Normalisations of rows equal their twins, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.operators.normalization import NormalizationInt8
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


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_normalization(cores: int) -> None:
    """Rows whose sums fit 32 bits and rows whose sums do not; groups; constant rows."""
    random = np.random.default_rng(1)
    examples: list[Example] = []
    for rows, groups, channels, inner in (
        (3, 1, 64, 1),
        (9, 1, 7, 1),
        (2, 1, 1, 1),
        (2, 2, 40, 1),
        (4, 2, 6, 9),
        (1, 1, 1000, 1),
    ):
        gamma = random.integers(-(2**15), 2**15, groups * channels).astype(np.int16)
        beta = random.integers(-(2**29), 2**29, groups * channels).astype(np.int32)
        for magnitude in (0, 1, 40, 255):
            x = random.integers(-magnitude, magnitude + 1, (rows, groups * channels * inner))
            for centre, epsilon in ((0, 1), (-100, 70_000), (120, 2**40)):
                operation = NormalizationInt8(groups, channels, inner, epsilon, 18)
                stored = (x + centre).clip(-128, 127).astype(np.int8)
                examples.append(Example(operation, [stored, gamma, beta]))
    for begin in range(0, len(examples), 24):
        assert_twins(examples[begin : begin + 24], cores=cores)
