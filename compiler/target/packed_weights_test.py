"""Packed weights hold every weight where the kernels' headers say, and zeros elsewhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compiler.target.packed_weights import (
    WIDTHS,
    block_bytes,
    least_width,
    pack_depthwise,
    pack_products,
    unpack_products,
)

_EXTENTS = st.integers(1, 11)


def _constants(outputs: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(outputs)
    scale = generator.integers(0, 2**31, outputs).astype(np.uint32)
    bias = generator.integers(-(2**31), 2**31, outputs).astype(np.int32)
    return scale, bias


@given(outputs=_EXTENTS, values=_EXTENTS)
def test_products(outputs: int, values: int) -> None:
    weights = (np.arange(outputs * values) % 255 - 127).astype(np.int8).reshape(outputs, values)
    scale, bias = _constants(outputs)
    packed = pack_products(weights, scale, bias)
    assert packed.shape == (-(-outputs // 4), block_bytes(values))
    assert packed.dtype == np.int8
    total = 0
    for output in range(outputs):
        block, place = packed[output // 4], output % 4
        for value in range(values):
            assert block[value // 4 * 16 + place * 4 + value % 4] == weights[output, value]
        words = block[-32:].view(np.uint32)
        assert words[place] == scale[output]
        assert words[4 + place].view(np.int32) == bias[output]
        total += np.count_nonzero(weights[output])
    assert np.count_nonzero(packed[:, :-32]) == total


@given(bits=st.sampled_from([4, 2]), outputs=_EXTENTS, values=st.integers(1, 40))
def test_products_of_few_bits(bits: int, outputs: int, values: int) -> None:
    low, high = -(1 << bits - 1), 1 << bits - 1
    weights = np.random.default_rng(values).integers(low, high, (outputs, values), np.int8)
    scale, bias = _constants(outputs)
    packed = pack_products(weights, scale, bias, bits)
    assert packed.shape == (-(-outputs // 4), block_bytes(values, bits))
    for output in range(outputs):
        block, place = packed[output // 4].view(np.uint8), output % 4
        for value in range(values):
            part, stored_word = value // 4 % (8 // bits), value // 4 // (8 // bits)
            byte = int(block[stored_word * 16 + place * 4 + value % 4])
            number = byte >> part * bits & (1 << bits) - 1
            assert number == int(weights[output, value]) & (1 << bits) - 1
    unpacked = unpack_products(packed, outputs, values, bits)
    for found, wanted in zip(unpacked, (weights, scale, bias), strict=True):
        assert np.array_equal(found, wanted) and found.dtype == wanted.dtype


@given(st.integers(-128, 127), st.integers(-128, 127))
def test_least_width(low: int, high: int) -> None:
    bits = least_width(np.array([[low, 0, high]], np.int8))
    assert bits in WIDTHS
    for other in WIDTHS:
        holds = all(-(2 ** (other - 1)) <= weight < 2 ** (other - 1) for weight in (low, high))
        assert holds == (other >= bits)


@given(outputs=_EXTENTS, rows=_EXTENTS, columns=_EXTENTS)
def test_depthwise(outputs: int, rows: int, columns: int) -> None:
    weights = np.random.default_rng(rows).integers(-128, 128, (outputs, rows, columns, 1), np.int8)
    scale, bias = _constants(outputs)
    packed = pack_depthwise(weights, scale, bias)
    pitch = -(-columns // 4) * 4
    assert packed.shape == (outputs, rows * pitch + 8)
    for output in range(outputs):
        taps = packed[output, :-8].reshape(rows, pitch)
        assert np.array_equal(taps[:, :columns], weights[output, :, :, 0])
        assert not taps[:, columns:].any()
        assert packed[output, -8:-4].view(np.uint32)[0] == scale[output]
        assert packed[output, -4:].view(np.int32)[0] == bias[output]
