"""Attention equals its twin, bit by bit: heads of any size, any number of keys, zero points."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compiler.ir import Array, TensorType
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
    form = integer_form(layout, size, factor, query_zero_point, 9, -4, 1.7)
    assert form is not None
    operation, weights = form
    query, key, value = (
        tensor(4, 3, size),
        tensor(2, _CAPACITY, size),
        tensor(2, _CAPACITY, value_size),
    )
    positions = random.integers(-2, _CAPACITY + 2, (2, 1, 3, 1)).astype(np.int32)
    return Example(operation, [query, key, value, None if causal else positions, None, weights])


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_attention(cores: int) -> None:
    choices = itertools.product([1, 4, 7, 16, 64], [1, 4, 6, 16], [0, -128, 127])
    examples = [
        _example(seed, *choice, tokens_first=bool(seed % 2), causal=seed % 3 == 0)
        for seed, choice in enumerate(choices)
    ]
    _assert_each(examples, cores)


def _function(example: Example) -> str:
    """Name of the kernel that the compiler chooses."""
    types = [None if array is None else TensorType.of(array) for array in example.inputs]
    kernel = example.operation.kernel(types, example.operation.infer(types))
    assert kernel is not None
    return kernel.function


def _assert_each(examples: list[Example], cores: int) -> None:
    """Examples of each kernel together, as few programs as possible."""
    of_kernels: dict[str, list[Example]] = {}
    for example in examples:
        of_kernels.setdefault(_function(example), []).append(example)
    for group in of_kernels.values():
        for begin in range(0, len(group), 20):
            assert_twins(group[begin : begin + 20], cores=cores)


def _special(
    heads: tuple[int, int],
    queries: int,
    capacity: int,
    sizes: tuple[int, int],
    *,
    keys: int | None = None,
    tokens_first: bool = False,
    causal: bool = False,
    positions: bool = False,
    valid: bool = False,
    halvings: float = 8.0,
    zero_points: tuple[int, int, int] = (0, 0, 0),
    ratio: float = 1.3,
    batch: int = 1,
) -> Example:
    """Random operands. `sizes`: of query and value vectors; `halvings`: of a weight, from the
    largest score to one that is a standard deviation lower."""
    random = np.random.default_rng(capacity * 100 + queries)
    layout = AttentionLayout(*heads, tokens_first, keys or capacity, 1, causal)

    def tensor(heads: int, rows: int, size: int) -> Array:
        shape = (batch, rows, heads * size) if tokens_first else (batch, heads, rows, size)
        return random.integers(-128, 128, shape).astype(np.int8)

    factor = halvings * np.log(2) / (74.0**2 * sizes[0] ** 0.5)
    form = integer_form(layout, sizes[0], factor, *zero_points, ratio)
    assert form is not None
    operation, weights = form
    operands: list[Array | None] = [
        tensor(heads[0], queries, sizes[0]),
        tensor(heads[1], capacity, sizes[0]),
        tensor(heads[1], capacity, sizes[1]),
        random.integers(-3, capacity + 3, (queries, 1)).astype(np.int32) if positions else None,
        random.integers(0, capacity + 2, batch).astype(np.int32) if valid else None,
        weights,
    ]
    return Example(operation, operands)


def _special_cases() -> list[Example]:
    cases = [
        _special((4, 4), 1, 33, (4, 4), positions=True),
        _special((2, 2), 7, 12, (4, 4), causal=True),
        _special((2, 1), 5, 9, (8, 12), tokens_first=True),
        _special((2, 2), 1, 20, (16, 8), keys=13),
        _special((1, 1), 4, 10, (32, 16), positions=True),
        _special((2, 2), 3, 10, (4, 4), batch=2, valid=True),
        _special((1, 1), 4, 11, (8, 4), valid=True, causal=True),
        # Sizes that make no words.
        _special((1, 1), 3, 8, (3, 5)),
        _special((2, 2), 2, 9, (7, 6), tokens_first=True),
        # Distances that need more than 16 bits; weights that are all equal; one that is not zero.
        _special((1, 1), 4, 16, (64, 4), halvings=1.5),
        _special((1, 1), 2, 7, (4, 4), halvings=1e-5),
        _special((1, 1), 2, 7, (4, 4), halvings=1e6),
        _special((1, 1), 2, 7, (4, 4), halvings=9 * 74.0**2 * 2),
        # More keys than sums of 32 bits take; products of 64 bits at the end.
        _special((1, 1), 2, 700, (4, 4), halvings=0.1),
        _special((1, 1), 1, 513, (4, 5), halvings=0.1, zero_points=(0, 90, 3)),
        _special((1, 1), 3, 9, (4, 4), ratio=2.0**13),
    ]
    for zero_points in ((-128, -128, -128), (127, 127, 127), (5, -9, 20)):
        cases.append(_special((2, 2), 3, 10, (8, 4), zero_points=zero_points))
        cases.append(_special((2, 2), 1, 11, (6, 4), zero_points=zero_points))
    return cases


def _cases_of_words() -> list[Example]:
    """Heads of one word, with one table of weights and with two, even and odd numbers of keys."""
    cases: list[Example] = []
    for halvings in (1e-3, 1.0, 8.0, 60.0, 1e3, 1e6):
        cases += [
            _special((4, 4), 1, 33, (4, 4), positions=True, halvings=halvings),
            _special((2, 2), 7, 12, (4, 4), causal=True, halvings=halvings),
            _special((2, 2), 5, 9, (4, 4), tokens_first=False, positions=True, halvings=halvings),
            _special((2, 2), 3, 10, (4, 4), valid=True, causal=True, halvings=halvings),
            _special((16, 16), 2, 250, (4, 4), halvings=halvings, zero_points=(0, 0, -7)),
            _special((3, 3), 8, 8, (4, 4), causal=True, halvings=halvings),
            _special((1, 1), 9, 60, (4, 4), positions=True, halvings=halvings),
        ]
    cases += [
        _special((3, 3), 1, 250, (4, 4), halvings=0.1, zero_points=(0, zero_point, 3))
        for zero_point in (-128, 127)
    ]
    return [*cases, _special((2, 2), 1, 1, (4, 4)), _special((1, 1), 1, 2, (4, 4), ratio=5.0)]


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_heads_of_one_word(cores: int) -> None:
    examples = _cases_of_words()
    kernels = {"tw_attention_word_s8", "tw_attention_words_s8"}
    assert {_function(example) for example in examples} == kernels
    _assert_each(examples, cores)


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_special_cases(cores: int) -> None:
    _assert_each(_special_cases(), cores)
