"""Products with rows of 4- and 2-bit weights: kernels equal NumPy twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Array
from compiler.operators.conv import ConvInt8
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.matmul import MatMulInt8
from compiler.operators.narrow_weights import (
    ConvNarrowInt8,
    MatMulNarrowInt8,
    row_bytes,
    store_rows,
    widen_rows,
)
from compiler.operators.window import Window

CORES = 8
BITS = st.sampled_from([4, 2])
SEEDS = st.integers(0, 2**32 - 1)


def numbers(random: np.random.Generator, bits: int, *shape: int) -> Array:
    return random.integers(-(1 << bits - 1), 1 << bits - 1, shape).astype(np.int8)


def constants(random: np.random.Generator, outputs: int) -> tuple[Array, Array]:
    scale = random.integers(1, 900, outputs).astype(np.uint32)
    return scale, random.integers(-(2**22), 2**22, outputs).astype(np.int32)


@given(BITS, st.integers(1, 5), st.integers(1, 19), SEEDS)
def test_rows(bits: int, outputs: int, count: int, seed: int) -> None:
    weights = numbers(np.random.default_rng(seed), bits, outputs, count)
    stored = store_rows(weights, bits)
    assert stored.shape == (outputs, row_bytes(count, bits)) and stored.dtype == np.uint8
    assert np.array_equal(widen_rows(stored, bits, count), weights)
    first = int(stored[0, 0]) & ((1 << bits) - 1)
    assert first == int(weights[0, 0]) & ((1 << bits) - 1)


@settings(max_examples=60, deadline=None)
@given(BITS, st.integers(1, 5), st.integers(1, 21), st.integers(1, 13), st.booleans(), SEEDS)
def test_matmul_twin(bits: int, rows: int, inner: int, columns: int, wide: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    product = MatMulInt8(24 if wide else 12, -120, 127, wide, 3)
    weights = store_rows(numbers(random, bits, columns, inner), bits)
    x = numbers(random, 8, rows, inner)
    assert_twin(MatMulNarrowInt8(product, bits, CORES), [x, weights, *constants(random, columns)])


@settings(max_examples=60, deadline=None)
@given(
    BITS,
    st.sampled_from([(1, 2, 3), (1, 3, 9), (1, 8, 33), (2, 4, 6), (3, 6, 9)]),
    st.sampled_from([(1, 1), (3, 3), (2, 5)]),
    st.integers(1, 2),
    SEEDS,
)
def test_conv_twin(
    bits: int, channels: tuple[int, int, int], kernel: tuple[int, int], stride: int, seed: int
) -> None:
    groups, inputs, outputs = channels
    random = np.random.default_rng(seed)
    window = Window(kernel, (stride, stride), (1, 1), (kernel[0] // 2, 0), (1, kernel[1] // 2))
    conv = ConvInt8(window, groups, -5, 13, -128, 110, False, 0)
    weights = store_rows(numbers(random, bits, outputs, *kernel, inputs // groups), bits)
    x = numbers(random, 8, 2, 6, 5, inputs)
    assert_twin(ConvNarrowInt8(conv, bits, CORES), [x, weights, *constants(random, outputs)])


@pytest.mark.parametrize("bits", [4, 2])
def test_many_outputs_are_widened_in_turns(bits: int) -> None:
    """33 outputs of 576 weights each; four at a time are more than half of what is widened."""
    random = np.random.default_rng(bits)
    window = Window((3, 3), (1, 1), (1, 1), (1, 1), (1, 1))
    operation = ConvNarrowInt8(ConvInt8(window, 1, 9, 15, -128, 127, False, 0), bits, CORES)
    weights = store_rows(numbers(random, bits, 33, 3, 3, 64), bits)
    x = numbers(random, 8, 1, 4, 4, 64)
    assert_twin(operation, [x, weights, *constants(random, 33)])
