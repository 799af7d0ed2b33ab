"""Matrix products and convolutions whose packed weights have 4 or 2 bits, as products_test.py."""

from __future__ import annotations

import pytest

from tests.simulator.kernels.kernel_sources import conv_packed, matmul_packed
from tests.simulator.kernels.product_cases import Case, Shape, conv_case, matmul_case
from tests.simulator.kernels.product_checks import check

_CORES_AND_BITS = [(1, 4), (3, 2), (8, 4), (8, 2)]


def _matmul_cases(bits: int) -> list[Case]:
    """Whole stored words, one to three of them; the same variations."""
    unit = 32 // bits
    cases = [
        matmul_case(rows, inner * unit, columns, seed=rows * 100 + inner, bits=bits)
        for rows in (1, 2, 3, 4, 5)
        for inner in (1, 2, 3)
        for columns in (1, 4, 8, 10, 12)
    ]
    cases += [matmul_case(9, 64, 17, offset=offset, bits=bits) for offset in (1, 2, 3)]
    cases += [matmul_case(8, 32, 8, limits=limits, bits=bits) for limits in ((-128, 40), (5, 6))]
    cases += [matmul_case(rows, 2 * unit, 6, wide=True, bits=bits) for rows in (1, 5)]
    cases += [matmul_case(33, 96, 40, bits=bits), matmul_case(1, 256, 132, bits=bits)]
    return cases


@pytest.mark.parametrize(("cores", "bits"), _CORES_AND_BITS)
def test_matmul(cores: int, bits: int) -> None:
    check(matmul_packed(bits), _matmul_cases(bits), cores)


@pytest.mark.parametrize("bits", [4, 2])
def test_portable_matmul(bits: int) -> None:
    check(matmul_packed(bits, portable=True), _matmul_cases(bits), 3)


def _conv_cases(cores: int, bits: int) -> list[Case]:
    unit = 32 // bits
    shapes = [
        Shape(6, 7, unit, 12),
        Shape(7, 6, 3 * unit, 5, kernel=(3, 5), begins=(1, 2), ends=(1, 2)),
        Shape(9, 9, 2 * unit, 8, strides=(2, 2), begins=(0, 1), batches=2),
        Shape(9, 8, unit, 9, dilations=(2, 3), begins=(2, 3), ends=(2, 3)),
        # Windows that are copied: channels that make no stored words, many taps.
        Shape(8, 9, 3, 8),
        Shape(7, 7, 4, 6, strides=(2, 1), dilations=(1, 2), begins=(1, 2)),
        Shape(13, 6, 1, 10, kernel=(10, 4), strides=(2, 2), begins=(4, 1), ends=(4, 1)),
        Shape(6, 6, unit, 4, kernel=(7, 7), begins=(3, 3), ends=(3, 3)),
    ]
    cases = [conv_case(shape, cores, seed=seed, bits=bits) for seed, shape in enumerate(shapes)]
    cases += [conv_case(shapes[0], cores, limits=(-20, 33), bits=bits)]
    cases += [conv_case(shapes[0], cores, offset=1, bits=bits)]
    cases += [conv_case(shape, cores, wide=True, bits=bits) for shape in (shapes[0], shapes[4])]
    return cases


@pytest.mark.parametrize(("cores", "bits"), _CORES_AND_BITS)
def test_conv(cores: int, bits: int) -> None:
    check(conv_packed(bits), _conv_cases(cores, bits), cores)


@pytest.mark.parametrize("bits", [4, 2])
def test_portable_conv(bits: int) -> None:
    check(conv_packed(bits, portable=True), _conv_cases(3, bits), 3)
