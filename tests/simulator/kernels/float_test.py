"""Kernels of float32 equal their twins, bit by bit, however many cores share the work."""

from __future__ import annotations

from itertools import product
from math import inf

import numpy as np
import pytest

from compiler.ir import Array
from compiler.operators.batched_matmul import BatchedMatMulFloat
from compiler.operators.binary import Arithmetic
from compiler.operators.conv import ConvFloat
from compiler.operators.elementary import Elementary
from compiler.operators.matmul import MatMulFloat
from compiler.operators.narrow_weights import store_rows
from compiler.operators.normalization import NormalizationFloat
from compiler.operators.rms_normalization import RmsNormalizationFloat
from compiler.operators.weight_only_matmul import MatMulWeightOnly
from compiler.operators.window import Window
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins

_CORES = pytest.mark.parametrize("cores", [1, 3, 8])
_BOUNDS = ((-inf, inf), (0.0, 6.0), (-0.5, inf))


def _random(random: np.random.Generator, *shape: int) -> Array:
    return random.standard_normal(shape).astype(np.float32)


@_CORES
def test_matrix_product(cores: int) -> None:
    random = np.random.default_rng(1)
    examples: list[Example] = []
    for index, (rows, inner, columns) in enumerate(
        ((1, 1, 1), (1, 64, 33), (5, 7, 4), (3, 9, 6), (17, 30, 3), (2, 13, 40))
    ):
        operands: list[Array | None] = [_random(random, rows, inner)]
        operands += [_random(random, inner, columns), _random(random, columns)]
        examples.append(Example(MatMulFloat(*_BOUNDS[index % 3]), operands))
        examples.append(Example(MatMulFloat(*_BOUNDS[0]), [*operands[:2], None]))
    # A sum that starts from -0 and adds nothing but -0 stays it.
    zeros = np.full((2, 4), -0.0, np.float32)
    examples.append(Example(MatMulFloat(-inf, inf), [zeros, np.ones((4, 5), np.float32), None]))
    negative = np.full(5, -0.0, np.float32)
    examples.append(Example(MatMulFloat(-inf, inf), [zeros, np.ones((4, 5), np.float32), negative]))
    assert_twins(examples, cores=cores)


@_CORES
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_weight_only_product(cores: int, bits: int) -> None:
    random = np.random.default_rng(1)
    examples: list[Example] = []
    half = 1 << bits - 1
    for index, (rows, inner, columns, block) in enumerate(
        ((1, 1, 1, 1), (1, 64, 33, 32), (5, 7, 4, 3), (3, 40, 6, 40), (17, 30, 3, 16))
    ):
        blocks = -(-inner // block)
        stored = random.integers(-half, half, (columns, inner)).astype(np.int8)
        operands: list[Array | None] = [_random(random, rows, inner), store_rows(stored, bits)]
        operands.append(random.uniform(0.01, 0.1, (columns, blocks)).astype(np.float32))
        zeros = random.integers(-half, half, (columns, blocks)).astype(np.int8)
        operation = MatMulWeightOnly(MatMulFloat(*_BOUNDS[index % 3]), bits, block)
        examples.append(Example(operation, [*operands, zeros, _random(random, columns)]))
        examples.append(Example(operation, [*operands, None, None]))
    assert_twins(examples, cores=cores)


@_CORES
def test_product_of_matrices(cores: int) -> None:
    random = np.random.default_rng(2)
    examples: list[Example] = []
    for index, (left, right) in enumerate(
        (
            ((1, 1, 1), (1, 1, 1)),
            ((3, 5, 9), (3, 6, 9)),
            ((2, 3, 4, 8), (2, 3, 7, 8)),
            ((4, 1, 16), (4, 17, 16)),
        )
    ):
        operation = BatchedMatMulFloat(0.25 * (index + 1), *_BOUNDS[index % 3])
        examples.append(Example(operation, [_random(random, *left), _random(random, *right)]))
    assert_twins(examples, cores=cores)


def _windows() -> list[Window]:
    return [
        Window((1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
        Window((3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
        Window((3, 2), (2, 1), (1, 1), (2, 0), (0, 1)),
        Window((2, 3), (1, 2), (2, 2), (1, 2), (1, 2)),
        # Windows at the corners lie outside of the input altogether.
        Window((2, 2), (2, 2), (1, 1), (3, 3), (3, 3)),
    ]


@_CORES
def test_convolution(cores: int) -> None:
    random = np.random.default_rng(3)
    examples: list[Example] = []
    for index, (window, (groups, each, outputs)) in enumerate(
        product(_windows(), ((1, 3, 4), (1, 8, 7), (2, 4, 3), (3, 2, 8), (1, 1, 1)))
    ):
        operands: list[Array | None] = [_random(random, 1 + index % 2, 5, 6, groups * each)]
        operands.append(_random(random, groups * outputs, *window.kernel, each))
        operands.append(_random(random, groups * outputs) if index % 4 else None)
        examples.append(Example(ConvFloat(window, groups, *_BOUNDS[index % 3]), operands))
    for begin in range(0, len(examples), 10):
        kernels = [e for e in examples[begin : begin + 10] if not _is_depthwise(e)]
        assert_twins(kernels, cores=cores)


@_CORES
def test_depthwise_convolution(cores: int) -> None:
    random = np.random.default_rng(4)
    examples: list[Example] = []
    for index, (window, (channels, multiplier)) in enumerate(
        product(_windows(), ((8, 1), (5, 1), (3, 2), (2, 4)))
    ):
        outputs = channels * multiplier
        operands: list[Array | None] = [_random(random, 1 + index % 2, 5, 6, channels)]
        operands.append(_random(random, outputs, *window.kernel, 1))
        operands.append(_random(random, outputs) if index % 4 else None)
        examples.append(Example(ConvFloat(window, channels, *_BOUNDS[index % 3]), operands))
    for begin in range(0, len(examples), 10):
        assert_twins(examples[begin : begin + 10], cores=cores)


def _is_depthwise(example: Example) -> bool:
    types = example.inputs[0]
    assert types is not None and isinstance(example.operation, ConvFloat)
    return example.operation.groups == types.shape[-1]


@_CORES
@pytest.mark.parametrize("function", ["add", "subtract", "multiply"])
def test_arithmetic(cores: int, function: str) -> None:
    random = np.random.default_rng(5)
    examples: list[Example] = []
    for index, (left, right) in enumerate(
        (
            ((1,), (1,)),
            ((65,), (65,)),
            ((3, 11), (11,)),
            ((7, 3), (7, 1)),
            ((1, 9), (4, 1)),
            ((2, 3, 1, 5), (3, 4, 1)),
            ((30,), (1,)),
            ((1,), (13,)),
        )
    ):
        bounds = _BOUNDS[index % 3]
        examples += [
            Example(Arithmetic((), function, *bounds), [_random(random, *a), _random(random, *b)])
            for a, b in ((left, right), (right, left))
        ]
    special = np.array([0.0, -0.0, inf, -inf, 1e-45, -1e-40, 3e38, 7.0, -7.0], np.float32)
    for bounds in _BOUNDS:
        operation = Arithmetic((), function, *bounds)
        examples.append(Example(operation, [special, special[::-1].copy()]))
    assert_twins(examples, cores=cores)


@_CORES
def test_normalization(cores: int) -> None:
    random = np.random.default_rng(6)
    examples = [
        Example(
            NormalizationFloat(groups, channels, inner, 1e-5),
            [
                _random(random, rows, groups * channels * inner),
                _random(random, groups * channels),
                _random(random, groups * channels) if shifted else None,
            ],
        )
        for (rows, groups, channels, inner), shifted in product(
            ((1, 1, 64, 1), (9, 1, 7, 1), (2, 2, 6, 9), (8, 1, 1, 5)), (False, True)
        )
    ]
    assert_twins(examples, cores=cores)


@_CORES
def test_rms_normalization(cores: int) -> None:
    random = np.random.default_rng(7)
    examples = [
        Example(RmsNormalizationFloat(epsilon), [_random(random, *shape), gamma])
        for shape, epsilon in (((1, 64), 1e-5), ((9, 7), 0.0), ((3, 1), 1e-3))
        for gamma in [_random(random, shape[-1])]
    ]
    assert_twins(examples, cores=cores)


def test_square_root() -> None:
    """The core's instruction is the IEEE operation that the definition asks for."""
    random = np.random.default_rng(8)
    bits = random.integers(0, 1 << 31, 2000, np.uint32)
    finite = bits[bits < 0x7F800000].view(np.float32)
    special = np.array([0.0, -0.0, inf, 1e-45, 1.17e-38, 1.0, 2.0, 4.0], np.float32)
    assert_twins([Example(Elementary("sqrt"), [np.concatenate([special, finite])])])
