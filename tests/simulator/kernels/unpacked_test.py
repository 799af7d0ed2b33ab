"""Products with weights as the compiler stores them by default equal their twins, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import Window
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8

_CORES = [1, 3, 8]
_HELPERS = ["inner_product", "requantise_sums", "receptive_field"]


def _constants(random: np.random.Generator, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    scale = random.integers(1, 900, outputs).astype(np.uint32)
    bias = random.integers(-(2**22), 2**22, outputs).astype(np.int32)
    return scale, bias


@pytest.mark.parametrize("cores", _CORES)
def test_matmul(cores: int) -> None:
    random = np.random.default_rng(1)
    examples: list[Example] = []
    for rows in (1, 2, 5):
        for inner in (1, 4, 7, 34, 64):
            for columns in (1, 9, 33):
                x, weights = (
                    random_int8(random, (rows, inner)),
                    random_int8(random, (columns, inner)),
                )
                operation = MatMulInt8(18, -128, 127, False, 0)
                constants = _constants(random, columns)
                examples.append(Example(operation, [x, weights, *constants]))
    assert_twins(examples, _HELPERS, cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_conv(cores: int) -> None:
    random = np.random.default_rng(1)
    examples: list[Example] = []
    for channels, outputs, groups in ((8, 12, 1), (3, 5, 1), (6, 9, 3), (8, 20, 2)):
        for window in (
            Window((3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
            Window((2, 3), (2, 1), (1, 2), (0, 2), (1, 2)),
        ):
            x = random_int8(random, (2, 5, 6, channels))
            weights = random_int8(random, (outputs, *window.kernel, channels // groups))
            operation = ConvInt8(window, groups, -5, 19, -128, 127, False, 0)
            examples.append(Example(operation, [x, weights, *_constants(random, outputs)]))
    assert_twins(examples, _HELPERS, cores=cores)
