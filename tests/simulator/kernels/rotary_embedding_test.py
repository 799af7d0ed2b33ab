"""Rotary embedding equals its twin, bit by bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compiler.ir import Array
from compiler.operators.rotary_embedding import RotaryEmbeddingInt8, RotaryLayout
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8

_CACHE_ROWS = 11


def _example(
    seed: int,
    sizes: tuple[int, int],
    *,
    tokens_first: bool,
    interleaved: bool,
    positions: bool,
    tokens: int = 5,
    extreme: bool = False,
) -> Example:
    """Two batch entries and three heads; `sizes`: of a head, and what rotates; `extreme`: one
    number of the tables has no opposite."""
    random = np.random.default_rng(seed)
    size, rotary_size = sizes
    layout = RotaryLayout(3, tokens_first, rotary_size, interleaved)
    shape = (2, tokens, 3 * size) if tokens_first else (2, 3, tokens, size)
    rows = _CACHE_ROWS if positions else 2 * tokens
    angles = random.uniform(-4, 4, (rows, rotary_size // 2))
    cosine, sine = (np.rint(f(angles) * 2**14).astype(np.int16) for f in (np.cos, np.sin))
    if extreme:
        cosine[:2], sine[:2] = 1, -(2**15)
    chosen = random.integers(-2, _CACHE_ROWS + 2, (2, tokens)).astype(np.int32)
    operands: list[Array | None] = [
        random_int8(random, shape),
        cosine,
        sine,
        chosen if positions else None,
    ]
    zero_points = [(0, 0), (-128, 127), (127, -9)][seed % 3]
    # 255 * 2^8 * 1.42 * 11000 is below 2^30, half of which is left to the bias.
    return Example(RotaryEmbeddingInt8(layout, *zero_points, 2**14, 11000, 21), operands)


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_rotary_embedding(cores: int) -> None:
    flags = itertools.product([False, True], repeat=3)
    choices = itertools.product([(4, 4), (6, 2), (16, 12), (10, 10)], flags)
    examples = [
        _example(seed, sizes, tokens_first=first, interleaved=interleaved, positions=positions)
        for seed, (sizes, (first, interleaved, positions)) in enumerate(choices)
    ]
    assert_twins(examples, cores=cores)


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_heads_of_one_word(cores: int) -> None:
    flags = itertools.product([1, 9, 21], [False, True], [False, True])
    examples = [
        _example(
            seed,
            (4, 4),
            tokens_first=first,
            interleaved=False,
            positions=positions,
            tokens=tokens,
            extreme=seed % 2 == 1,
        )
        for seed, (tokens, first, positions) in enumerate(flags)
    ]
    assert_twins(examples, cores=cores)
