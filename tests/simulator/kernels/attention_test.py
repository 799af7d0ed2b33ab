"""Attention equals its twin, bit by bit: heads of any size, any number of keys, zero points."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compiler.ir import Array
from compiler.operators.attention import AttentionLayout, integer_form
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8

_CAPACITY = 21


def _example(
    seed: int,
    size: int,
    value_size: int,
    query_zero_point: int,
    *,
    tokens_first: bool,
    causal: bool,
) -> Example:
    """Three queries of four heads that share two heads of keys."""
    random = np.random.default_rng(seed)
    layout = AttentionLayout(4, 2, tokens_first, _CAPACITY, 1, causal)

    def tensor(heads: int, rows: int, extent: int) -> Array:
        shape = (2, rows, heads * extent) if tokens_first else (2, heads, rows, extent)
        return random_int8(random, shape)

    factor = 10.0 ** random.uniform(-4.5, -2.5) / np.sqrt(size)
    ratio = 1.7 if seed % 5 else 2.0**14  # the largest needs 64 bits throughout
    operation = integer_form(layout, size, factor, query_zero_point, 9, -4, ratio)
    assert operation is not None
    query, key, value = (
        tensor(4, 3, size),
        tensor(2, _CAPACITY, size),
        tensor(2, _CAPACITY, value_size),
    )
    positions = random.integers(-2, _CAPACITY + 2, (2, 1, 3, 1)).astype(np.int32)
    return Example(operation, [query, key, value, None if causal else positions, None])


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_attention(cores: int) -> None:
    choices = itertools.product([1, 4, 7, 16, 64], [1, 4, 6, 16], [0, -128, 127])
    examples = [
        _example(seed, *choice, tokens_first=bool(seed % 2), causal=seed % 3 == 0)
        for seed, choice in enumerate(choices)
    ]
    for begin in range(0, len(examples), 20):
        assert_twins(examples[begin : begin + 20], cores=cores)


@pytest.mark.parametrize("keys", [256, 257])
def test_many_keys_of_extreme_values(keys: int) -> None:
    """The largest sums that fit 32 bits, and the smallest that may not."""
    layout = AttentionLayout(1, 1, False, keys)
    examples: list[Example] = []
    for value, zero_point in ((-128, 127), (127, -128), (127, 127)):
        operation = integer_form(layout, 4, 1e-9, -128, zero_point, 0, 0.4)
        assert operation is not None
        operands = [np.full((1, 1, rows, 4), 127, np.int8) for rows in (1, keys)]
        tensor = np.full((1, 1, keys, 4), value, np.int8)
        examples.append(Example(operation, [*operands, tensor, None, None]))
    assert_twins(examples, cores=3)
