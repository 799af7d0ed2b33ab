"""Matrix products and convolutions with packed weights equal the compiler's definition, bit by bit.

On one core, on an odd number and on all; the portable references too. Buffers lie between guards.
"""

from __future__ import annotations

import pytest

from tests.simulator.kernels.kernel_sources import (
    conv_packed,
    depthwise_conv_packed,
    matmul_packed,
)
from tests.simulator.kernels.product_cases import (
    Case,
    Shape,
    conv_case,
    depthwise_case,
    matmul_case,
)
from tests.simulator.kernels.product_checks import check

_CORES = [1, 3, 8]


def _matmul_cases() -> list[Case]:
    """Every remainder of rows, columns and values; limits; misaligned; with 64-bit products."""
    cases = [
        matmul_case(rows, inner, columns, seed=rows * 100 + inner)
        for rows in (1, 2, 3, 4, 5)
        for inner in (1, 4, 7, 18)
        for columns in (1, 3, 4, 10)
    ]
    cases += [matmul_case(9, 64, 17, offset=offset, seed=offset) for offset in (1, 2, 3)]
    cases += [matmul_case(8, 12, 9, limits=limits) for limits in ((-128, 40), (-3, 127), (5, 6))]
    cases += [matmul_case(5, 11, 6, wide=True), matmul_case(8, 16, 8, wide=True)]
    cases += [matmul_case(33, 96, 40), matmul_case(1, 256, 132)]
    return cases


@pytest.mark.parametrize("cores", _CORES)
def test_matmul(cores: int) -> None:
    check(matmul_packed(), _matmul_cases(), cores)


def test_portable_matmul() -> None:
    check(matmul_packed(portable=True), _matmul_cases(), 3)


def _conv_cases(cores: int) -> list[Case]:
    shapes = [
        Shape(6, 7, 8, 12),
        Shape(5, 5, 4, 3, batches=2),
        Shape(7, 6, 12, 5, kernel=(3, 5), begins=(1, 2), ends=(1, 2)),
        Shape(9, 9, 4, 8, strides=(2, 2), begins=(0, 1)),
        Shape(9, 8, 4, 9, dilations=(2, 3), begins=(2, 3), ends=(2, 3)),
        Shape(6, 5, 8, 4, kernel=(1, 1), begins=(0, 0), ends=(0, 0)),
        Shape(9, 7, 20, 6, kernel=(1, 1), strides=(2, 2), begins=(0, 0), ends=(0, 0)),
        # Windows that are copied: channels that make no words, many taps.
        Shape(8, 9, 3, 8),
        Shape(7, 7, 5, 6, strides=(2, 1), dilations=(1, 2), begins=(1, 2)),
        Shape(13, 6, 1, 10, kernel=(10, 4), strides=(2, 2), begins=(4, 1), ends=(4, 1)),
        Shape(6, 6, 4, 4, kernel=(7, 7), begins=(3, 3), ends=(3, 3)),
        # A window that is larger than the input, and one that sees padding only.
        Shape(2, 1, 4, 4, kernel=(5, 5), begins=(2, 2), ends=(2, 2)),
        Shape(2, 2, 4, 4, kernel=(1, 1), begins=(2, 2), ends=(2, 2)),
    ]
    cases = [conv_case(shape, cores, seed=seed) for seed, shape in enumerate(shapes)]
    cases += [conv_case(shapes[0], cores, limits=(-20, 33)), conv_case(shapes[0], cores, offset=1)]
    cases += [conv_case(shape, cores, wide=True) for shape in (shapes[0], shapes[7])]
    return cases


@pytest.mark.parametrize("cores", _CORES)
def test_conv(cores: int) -> None:
    check(conv_packed(), _conv_cases(cores), cores)


def test_portable_conv() -> None:
    check(conv_packed(portable=True), _conv_cases(3), 3)


def _depthwise_cases(cores: int) -> list[Case]:
    shapes: list[tuple[Shape, int]] = [
        (Shape(6, 8, 8, 8), 6),
        (Shape(7, 9, 4, 4, batches=2), 3),
        (Shape(8, 4, 4, 4), 5),
        (Shape(9, 11, 8, 8, strides=(2, 2)), 2),
        (Shape(8, 8, 8, 8, strides=(2, 2), begins=(0, 0)), 16),
        (Shape(5, 6, 4, 12), 1),  # three outputs of each channel
        # Not in strips: narrow, other kernels, strides that differ.
        (Shape(6, 3, 8, 8), 2),
        (Shape(7, 7, 8, 8, kernel=(5, 5), begins=(2, 2), ends=(2, 2)), 3),
        (Shape(1, 17, 4, 4, kernel=(1, 7), begins=(0, 3), ends=(0, 3)), 1),
        (Shape(8, 7, 4, 8, kernel=(3, 2), strides=(2, 1), begins=(1, 0), ends=(0, 1)), 4),
        # Padding on one side only, and more of it than there is input.
        (Shape(6, 7, 4, 4, begins=(2, 2), ends=(0, 0)), 4),
        (Shape(1, 2, 4, 4, begins=(1, 3), ends=(1, 3)), 1),
    ]
    cases = [
        depthwise_case(shape, cores, band, turned=turned, seed=seed)
        for turned in (False, True)
        for seed, (shape, band) in enumerate(shapes)
    ]
    for shape in (shapes[0][0], shapes[3][0]):
        cases += [depthwise_case(shape, cores, 4, limits=limits) for limits in ((-9, 99), (0, 127))]
        cases += [depthwise_case(shape, cores, 4, wide=True)]
    return cases


@pytest.mark.parametrize("cores", _CORES)
def test_depthwise_conv(cores: int) -> None:
    check(depthwise_conv_packed(), _depthwise_cases(cores), cores)


def test_portable_depthwise_conv() -> None:
    check(depthwise_conv_packed(portable=True), _depthwise_cases(3), 3)
