"""Elementwise kernels equal their twins, bit by bit: remainders of words, broadcasts, limits."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import DataType
from compiler.operators.binary import AddInt8, MultiplyInt8
from compiler.operators.quantize import Recode
from compiler.operators.table import Table
from compiler.operators.table_product import TableProductInt8
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8

_CORES = [1, 3, 8]
_SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((64,), (64,)),
    ((61,), (61,)),
    ((3,), (3,)),
    ((5, 23), (23,)),
    ((23,), (5, 23)),
    ((7, 9), (7, 1)),
    ((1,), (37,)),
    ((37,), (1,)),
    ((3, 1, 10), (4, 10)),
    ((2, 13, 1), (13, 6)),
]


def _operands() -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(1)
    return [(random_int8(generator, a), random_int8(generator, b)) for a, b in _SHAPES]


@pytest.mark.parametrize("cores", _CORES)
def test_add(cores: int) -> None:
    operations = [
        AddInt8((), 700_001, -300_007, 1 << 21, 20, -128, 127),
        AddInt8((), 5, 3, -7, 2, -20, 99),
    ]
    assert_twins(
        [Example(operation, pair) for operation in operations for pair in _operands()], cores=cores
    )


@pytest.mark.parametrize("cores", _CORES)
def test_multiply(cores: int) -> None:
    operations = [
        MultiplyInt8((), -3, 100, 12_345, 1 << 20, 21, -128, 127),
        MultiplyInt8((), 0, -128, -77, -(1 << 12), 13, -100, 50),
    ]
    assert_twins(
        [Example(operation, pair) for operation in operations for pair in _operands()], cores=cores
    )


@pytest.mark.parametrize("cores", _CORES)
def test_table(cores: int) -> None:
    generator = np.random.default_rng(1)
    table = random_int8(generator, (256,))
    every = np.arange(-128, 128).astype(np.int8)
    inputs = [every, *(random_int8(generator, (n,)) for n in (1, 7, 8, 61, 200))]
    assert_twins([Example(Table(), [x, table]) for x in inputs], cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_table_product(cores: int) -> None:
    generator = np.random.default_rng(1)
    table = random_int8(generator, (256,))
    products = [
        MultiplyInt8((), -3, 100, 12_345, 1 << 20, 21, -128, 127),
        MultiplyInt8((), 0, -128, -77, -(1 << 12), 13, -100, 50),
    ]
    examples = [
        Example(
            TableProductInt8(product),
            [random_int8(generator, (size,)), table, random_int8(generator, (size,))],
        )
        for product in products
        for size in (1, 3, 4, 7, 61, 256)
    ]
    assert_twins(examples, cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_recode(cores: int) -> None:
    generator = np.random.default_rng(1)
    sizes = (1, 4, 7, 8, 15, 61, 64, 200)
    examples = [
        Example(Recode(DataType.UINT8), [random_int8(generator, (size,))]) for size in sizes
    ]
    assert_twins(examples, cores=cores)
