"""Operations that move elements equal their twins, at any size and alignment of rows."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import Array, Operation
from compiler.operators.copy import Copy
from compiler.operators.gather import Gather
from compiler.operators.movement import Concatenate, Pad, Slice, Transpose
from compiler.operators.tensor_scatter import TensorScatter
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins

_CORES = [1, 3, 8]
_TYPES = ["int8", "int16", "int32"]


def _filled(seed: int, shape: tuple[int, ...], data_type: str = "int8") -> Array:
    size = int(np.prod(shape)) * np.dtype(data_type).itemsize
    return np.frombuffer(np.random.default_rng(seed).bytes(size), data_type).reshape(shape)


@pytest.mark.parametrize("cores", _CORES)
def test_strided_copy(cores: int) -> None:
    shapes = [
        (1, 3, 12, 11),
        (1, 12, 11, 3),
        (5, 9, 7, 2),
        (2, 1, 30, 8),
        (4, 3, 2, 16),
        (3, 5, 7, 4),
    ]
    permutations = [(0, 2, 3, 1), (0, 3, 1, 2), (3, 2, 1, 0), (0, 2, 1, 3), (1, 0, 3, 2)]
    examples: list[Example] = []
    for shape in shapes:
        for index, permutation in enumerate(permutations):
            x = _filled(index, shape, _TYPES[index % 3])
            examples.append(Example(Transpose(permutation), [x]))
    examples += [
        Example(Transpose(permutation), [_filled(8, (2, 3, 2, 3, 2, 3), data_type)])
        for data_type in _TYPES
        for permutation in ((5, 3, 1, 0, 2, 4), (1, 0, 3, 2, 5, 4))
    ]
    slices: list[Operation] = [
        Slice((1, 2), (1, 1), (5, 8)),
        Slice((6, 0), (-1, 1), (7, 11)),
        Slice((1, 10), (2, -3), (3, 4)),
        Slice((0, 0), (1, 1), (7, 11)),
    ]
    for data_type in _TYPES:
        x = _filled(7, (7, 11), data_type)
        examples += [Example(operation, [x]) for operation in slices]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_copy(cores: int) -> None:
    examples = [Example(Copy(), [_filled(n, (n,))]) for n in (1, 3, 5, 37, 100, 1001)]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_concatenate(cores: int) -> None:
    examples = [
        Example(
            Concatenate(axis),
            [
                None
                if extent == 0
                else _filled(extent, tuple(extent if i == axis else n for i, n in enumerate(shape)))
                for extent in extents
            ],
        )
        for shape in ((3, 5, 4), (1, 2, 21))
        for axis in range(3)
        for extents in ((1, 2, 0, 0), (5, 3, 9, 4), (40, 17, 1, 0))
    ]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_pad(cores: int) -> None:
    amounts = [
        ((0, 1, 2, 0), (0, 2, 1, 0)),
        ((1, 0, 0, 3), (0, 0, 0, 5)),
        ((0, 1, -1, 0), (0, -1, -1, 0)),
        ((0, 0, 1, 0), (0, 0, -1, 0)),
        ((2, 0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, -6, 0), (0, 0, 9, 0)),
    ]
    examples = [
        Example(Pad(before, after, 0x80C1D2E3 >> (32 - 8 * np.dtype(data_type).itemsize)), [x])
        for data_type in _TYPES
        for shape in ((1, 4, 5, 3), (2, 3, 3, 8))
        for x in (_filled(3, shape, data_type),)
        for before, after in amounts
    ]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_gather(cores: int) -> None:
    indices = np.array([[3, -1, 0], [2**31 - 1, -(2**31), -9]], np.int32)
    examples = [
        Example(Gather(axis), [_filled(axis, shape, data_type), indices])
        for data_type in _TYPES
        for shape in ((7, 5, 3), (4, 6, 17))
        for axis in range(3)
    ]
    assert_twins(examples, ["bytes"], cores=cores)


@pytest.mark.parametrize("cores", _CORES)
def test_tensor_scatter(cores: int) -> None:
    examples = [
        Example(
            TensorScatter(2, circular),
            [_filled(1, (2, 3, 8, size)), _filled(2, (2, 3, rows, size)), indices],
        )
        for circular in (False, True)
        for rows in (1, 3, 8)
        for size in (1, 4, 13)
        for indices in (
            None,
            np.array([2, 7], np.int32),
            np.array([-2, 30], np.int32),
            np.array([-(2**31), 2**31 - 1], np.int32),
        )
    ]
    assert_twins(examples, ["bytes"], cores=cores)
