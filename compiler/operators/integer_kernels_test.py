"""Kernels of the PULP tools' integer operators equal their NumPy twins on random operands."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Array, DataType, Operation
from compiler.operators.integer_division import RoundedDivide
from compiler.operators.integer_functions import WideTable
from compiler.operators.integer_normalization import (
    IntegerLayerNormalization,
    IntegerRmsNormalization,
)
from compiler.operators.integer_quantization import ScaleRound
from compiler.operators.integer_softmax import ItaMax, ItaPartialMax, TableSoftmax
from compiler.operators.integer_sums import BatchedMatMulSums, ConvSums, MatMulSums
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.requantise_shift import RequantiseShift
from compiler.operators.window import Window

INT32 = np.iinfo(np.int32)
seeds = st.integers(0, 2**32 - 1)
zero_points = st.sampled_from([0, -128])


def stored(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.integers(-128, 128, shape).astype(np.int8)


def wide(random: np.random.Generator, shape: tuple[int, ...], bits: int = 32) -> Array:
    limit = 2 ** (bits - 1)
    return random.integers(-limit, limit, shape).astype(np.int32)


def constants_of(random: np.random.Generator, channels: int, bits: int) -> Array:
    """Factors, and addends of up to 62 bits in two halves."""
    addend = random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), channels)
    rows = [wide(random, (channels,)).astype(np.int64), addend & 0xFFFFFFFF, addend >> 32]
    return np.stack(rows).astype(np.uint32).view(np.int32)


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple),
    block=st.integers(0, 3),
    axis=st.integers(0, 3),
    shift=st.sampled_from([0, 1, 8, 16, 31, 40, 62]),
    signed=st.booleans(),
    to=st.sampled_from([DataType.INT8, DataType.INT32]),
    bits=st.sampled_from([20, 40, 62]),
    seed=seeds,
)
def test_requantise_shift(
    shape: tuple[int, ...],
    block: int,
    axis: int,
    shift: int,
    signed: bool,
    to: DataType,
    bits: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    axis %= len(shape)
    axes = min(block, len(shape) - axis)
    channels = prod(shape[axis : axis + axes])
    low, high, zero_point = -128, 127, 0 if signed else -128
    if to is DataType.INT32:
        low, high, zero_point = INT32.min, INT32.max, 0
    operation = RequantiseShift(shift, low, high, zero_point, to, axis, axes)
    x = wide(random, shape, int(random.choice([8, 16, 32])))
    (y,) = assert_twin(operation, [x, constants_of(random, channels, bits)])
    assert y.min() >= low and y.max() <= high


def test_requantisation_is_exact_where_products_leave_32_bits() -> None:
    operation = RequantiseShift(40, -128, 127)
    x = np.array([-70000, -1, 0, 1, 69999, 100000], np.int32)
    factor, addend = 2**30 - 3, -(2**45) + 12345 + 2**39
    constants = np.array([[factor], [addend & 0xFFFFFFFF], [addend >> 32]], np.int64)
    (y,) = assert_twin(operation, [x, constants.astype(np.uint32).view(np.int32)])
    expected = [max(-128, min(127, (int(value) * factor + addend) >> 40)) for value in x]
    assert y.tolist() == expected


@settings(deadline=None)
@given(
    extents=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.integers(0, 2),
    groups=st.sampled_from([1, 2, 4]),
    each=st.integers(1, 5),
    outputs_each=st.integers(1, 6),
    zero_point=zero_points,
    seed=seeds,
)
def test_conv_sums(
    extents: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: int,
    groups: int,
    each: int,
    outputs_each: int,
    zero_point: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    both = (padding, padding)
    window = Window(kernel, strides, (1, 1), both, both)
    if min(window.output(extents)) < 1:
        return
    x = stored(random, (2, *extents, groups * each))
    weights = stored(random, (groups * outputs_each, *kernel, each))
    bias = wide(random, (groups * outputs_each,), 20)
    assert_twin(ConvSums(window, groups, zero_point), [x, weights, bias])


@settings(deadline=None)
@given(rows=st.integers(1, 6), inner=st.integers(1, 40), columns=st.integers(1, 11), seed=seeds)
def test_matmul_sums(rows: int, inner: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, weights = stored(random, (2, rows, inner)), stored(random, (columns, inner))
    bias = wide(random, (columns,), 24)
    (y,) = assert_twin(MatMulSums(), [x, weights, bias])
    assert np.array_equal(y, x.astype(np.int64) @ weights.T.astype(np.int64) + bias)


@settings(deadline=None)
@given(
    batches=st.sampled_from([((), ()), ((3,), (3,)), ((2, 1), (1, 3)), ((1,), (4,))]),
    rows=st.integers(1, 9),
    inner=st.integers(1, 33),
    columns=st.integers(1, 9),
    left=zero_points,
    right=zero_points,
    seed=seeds,
)
def test_batched_matmul_sums(
    batches: tuple[tuple[int, ...], tuple[int, ...]],
    rows: int,
    inner: int,
    columns: int,
    left: int,
    right: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    operands = [
        stored(random, (*batches[0], rows, inner)),
        stored(random, (*batches[1], columns, inner)),
    ]
    assert_twin(BatchedMatMulSums(left, right), list(operands))


@settings(deadline=None)
@given(elements=st.integers(1, 100), seed=seeds)
def test_wide_table(elements: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    assert_twin(WideTable(), [stored(random, (elements,)), wide(random, (256,))])


@settings(deadline=None)
@given(
    rows=st.integers(1, 9),
    elements=st.integers(1, 70),
    bits=st.sampled_from([4, 16, 31]),
    largest=st.sampled_from([1, 127, 255]),
    amplitude=st.sampled_from([1, 20, 128]),
    seed=seeds,
)
def test_softmax(
    rows: int, elements: int, bits: int, largest: int, amplitude: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-amplitude, amplitude, (rows, elements)).astype(np.int8)
    table = random.integers(0, 2**bits - 1, 256).astype(np.int32)
    table[0] += 1
    (y,) = assert_twin(TableSoftmax(largest), [x, table])
    assert int(y.max()) + 128 <= largest
    assert_twin(ItaMax(largest), [x])
    group = int(random.integers(1, elements + 2))
    (partial,) = assert_twin(ItaPartialMax(largest, group), [x])
    if group >= elements:
        (whole,) = assert_twin(ItaMax(largest), [x])
        assert np.array_equal(partial, whole)


@settings(deadline=None)
@given(
    rows=st.integers(1, 9),
    elements=st.integers(1, 300),
    zero_point=zero_points,
    shift=st.sampled_from([0, 7, 14, 20]),
    bits=st.sampled_from([8, 20, 32]),
    amplitude=st.sampled_from([1, 20, 128]),
    seed=seeds,
)
def test_normalization(
    rows: int, elements: int, zero_point: int, shift: int, bits: int, amplitude: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-amplitude, amplitude, (rows, elements)).astype(np.int8)
    weight, bias = wide(random, (elements,), bits), wide(random, (elements,), bits)
    assert_twin(IntegerLayerNormalization(zero_point, shift), [x, weight, bias])
    assert_twin(IntegerRmsNormalization(zero_point, shift), [x, weight])


@pytest.mark.parametrize(
    "operation", [IntegerLayerNormalization(0, 14), IntegerLayerNormalization(-128, 14)]
)
def test_the_longest_row(operation: Operation) -> None:
    x = np.where(np.arange(32768) % 2, 127, -128).astype(np.int8)[None]
    weight = np.full(32768, INT32.max, np.int32)
    assert_twin(operation, [x, weight, weight])


@settings(deadline=None)
@given(
    shapes=st.sampled_from([((7,), ()), ((3, 5), (3, 5)), ((2, 3, 4), (3, 1))]),
    factor=st.sampled_from([1, 3, 2**32 - 1]),
    scale=st.sampled_from([0, 1, 200000]),
    offset=st.integers(0, 5),
    divisor=st.sampled_from([2, 1000, 2**31]),
    seed=seeds,
)
def test_rounded_division(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    factor: int,
    scale: int,
    offset: int,
    divisor: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    left = wide(random, shapes[0], 24)
    right = random.integers(0, divisor, shapes[1]).astype(np.int32)
    assert_twin(RoundedDivide((0,), factor, scale, offset), [left, right])


def test_halves_are_rounded_away_from_zero() -> None:
    left = np.array([-5, -3, -2, -1, 0, 1, 2, 3, 5], np.int32)
    (y,) = assert_twin(RoundedDivide((0,), 1, 1, 0), [left, np.array(2, np.int32)])
    assert y.tolist() == [-3, -2, -1, -1, 0, 1, 1, 2, 3]


@settings(deadline=None)
@given(
    elements=st.integers(1, 40),
    bits=st.integers(1, 8),
    signed=st.booleans(),
    factor=st.sampled_from([1.0, -0.5, 3.25, 1e-3, 1e30]),
    offset=st.sampled_from([0.0, 3.0, -0.5]),
    seed=seeds,
)
def test_scale_round(
    elements: int, bits: int, signed: bool, factor: float, offset: float, seed: int
) -> None:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    zero_point = 0 if signed else -128
    operation = ScaleRound(factor, offset, low + zero_point, high + zero_point, zero_point)
    random = np.random.default_rng(seed)
    # Many halves, and what no integer is near of.
    x = (random.integers(-600, 600, elements) / 2).astype(np.float32)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38], np.float32)
    places = random.random(elements) < 0.2
    x[places] = random.choice(special, elements)[places]
    assert_twin(operation, [x])


@pytest.mark.parametrize(
    ("x", "expected"), [(0.5, 1), (-0.5, -1), (2.5, 3), (-2.5, -3), (0.49, 0), (200.0, 127)]
)
def test_conversion_rounds_halves_away_from_zero(x: float, expected: int) -> None:
    (found,) = ScaleRound(1.0, 0.0, -128, 127, 0).evaluate([np.array([x], np.float32)])
    assert found.tolist() == [expected]
