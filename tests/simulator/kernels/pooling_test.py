"""Pooling equals its twin, bit by bit: borders, strides, dilations, channels of any number."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import TensorType
from compiler.operators.pooling import AveragePoolInt8, MaxPool, count_taps
from compiler.operators.window import Window
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8

_CORES = [1, 3, 8]
_CASES: list[tuple[tuple[int, ...], Window]] = [
    ((1, 8, 8, 16), Window((2, 2), (2, 2), (1, 1), (0, 0), (0, 0))),
    ((2, 7, 6, 6), Window((3, 3), (2, 2), (1, 1), (1, 1), (1, 1))),
    ((1, 9, 7, 5), Window((3, 2), (1, 2), (2, 3), (2, 1), (1, 2))),
    ((1, 5, 25, 64), Window((5, 25), (1, 1), (1, 1), (0, 0), (0, 0))),
    ((1, 4, 4, 10), Window((4, 4), (1, 1), (1, 1), (0, 0), (0, 0))),
    ((1, 1, 1, 3), Window((1, 1), (1, 1), (1, 1), (0, 0), (0, 0))),
]


@pytest.mark.parametrize("cores", _CORES)
def test_max(cores: int) -> None:
    random = np.random.default_rng(1)
    examples = [Example(MaxPool(window), [random_int8(random, shape)]) for shape, window in _CASES]
    assert_twins(examples, cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_average(cores: int) -> None:
    random = np.random.default_rng(1)
    examples: list[Example] = []
    for shape, window in _CASES:
        x = random_int8(random, shape)
        for padded in (False, True):
            counted = (window.begins, window.ends) if padded else ((0, 0), (0, 0))
            counts = count_taps(window, counted, (shape[1], shape[2]))
            same = int(counts.flat[0]) if counts.min() == counts.max() else 0
            entries = 1 if same else int(counts.max()) + 1
            scale = random.integers(10_000, 30_000, entries).astype(np.uint32)
            bias = random.integers(-(2**18), 2**18, entries).astype(np.int32)
            for low, high, wide in ((-128, 127, False), (-40, 90, False), (-128, 127, True)):
                operation = AveragePoolInt8(
                    window, counted, same, -9, 17, low, high, wide, 4 if wide else 0
                )
                assert operation.infer([TensorType.of(x)])
                examples.append(Example(operation, [x, scale, bias]))
    assert_twins(examples, cores=cores)
