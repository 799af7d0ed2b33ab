"""Kernels that move elements equal their twins: sizes of elements, runs, borders, steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.ir import Array
from compiler.operators.movement import Concatenate, Pad, Slice, Transpose
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins

_CORES = [1, 3, 8]
_TYPES: list[np.dtype[Any]] = [np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32)]


def _values(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    random = np.random.default_rng(sum(shape))
    return random.integers(-(2**31), 2**31, shape).astype(dtype)


@pytest.mark.parametrize("dtype", _TYPES)
@pytest.mark.parametrize("cores", _CORES)
def test_strided_copy(cores: int, dtype: np.dtype[Any]) -> None:
    transposes = [
        ((7, 5), (1, 0)),
        ((16, 4, 6), (1, 0, 2)),
        ((3, 4, 5, 6), (0, 2, 1, 3)),
        ((3, 4, 5, 6), (3, 1, 0, 2)),
        ((2, 3, 2, 3, 2, 3), (5, 3, 1, 0, 2, 4)),
    ]
    examples = [
        Example(Transpose(permutation), [_values(shape, dtype)])
        for shape, permutation in transposes
    ]
    slices = [
        ((20, 17), (1, 2), (3, 1), (5, 11)),
        ((20, 17), (19, 16), (-2, -3), (9, 5)),
        ((4, 9, 5), (1, 0, 0), (1, 2, 1), (2, 4, 5)),
    ]
    examples += [
        Example(Slice(starts, steps, extents), [_values(shape, dtype)])
        for shape, starts, steps, extents in slices
    ]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("dtype", _TYPES)
@pytest.mark.parametrize("cores", _CORES)
def test_pad(cores: int, dtype: np.dtype[Any]) -> None:
    cases = [
        ((5, 7), (1, 2), (0, 3)),
        ((3, 4, 5, 2), (0, 1, 1, 0), (0, 1, 1, 0)),
        ((4, 9), (-1, -2), (2, -3)),
        ((30,), (5,), (6,)),
    ]
    examples = [
        Example(Pad(before, after, 0x5A), [_values(shape, dtype)]) for shape, before, after in cases
    ]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("dtype", _TYPES)
@pytest.mark.parametrize("cores", _CORES)
def test_concatenate(cores: int, dtype: np.dtype[Any]) -> None:
    examples = [
        Example(Concatenate(axis), [*(_values(shape, dtype) for shape in shapes), None, None])
        for axis, shapes in (
            (1, [(5, 3), (5, 8)]),
            (0, [(4, 6), (1, 6)]),
            (2, [(3, 2, 7), (3, 2, 20)]),
        )
    ]
    assert_twins(examples, ["bytes"], cores=cores)
