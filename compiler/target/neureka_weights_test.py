"""Packed weights are found again where an unpacker that goes bit by bit looks for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.target import neureka_weights as layout
from compiler.target.neureka_weights import store_weights

widths = st.integers(2, 8)
seeds = st.integers(0, 2**32 - 1)


def _numbers(seed: int, shape: tuple[int, ...], bits: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << bits, shape).astype(np.uint8)


def _bit(data: bytes, number: int) -> int:
    return data[number // 8] >> number % 8 & 1


@given(outputs=st.integers(1, 9), inputs=st.integers(1, 70), bits=widths, seed=seeds)
def test_3x3(outputs: int, inputs: int, bits: int, seed: int) -> None:
    values = _numbers(seed, (outputs, 3, 3, inputs), bits)
    packed = layout.pack_3x3(values, bits)
    groups = -(-inputs // 28)
    data = packed.tobytes()
    assert len(data) == outputs * groups * bits * 32
    for output in range(outputs):
        for group in range(groups):
            for tap in range(9):
                for channel in range(28):
                    block = (output * groups + group) * bits
                    number = sum(
                        _bit(data, 256 * (block + bit) + tap * 28 + channel) << bit
                        for bit in range(bits)
                    )
                    at = group * 28 + channel
                    wanted = values[output, tap // 3, tap % 3, at] if at < inputs else 0
                    assert number == wanted
    assert np.array_equal(layout.unpack_3x3(packed, bits, inputs), values)


@given(channels=st.integers(1, 70), bits=widths, seed=seeds)
def test_depthwise(channels: int, bits: int, seed: int) -> None:
    values = _numbers(seed, (channels, 3, 3, 1), bits)
    packed = layout.pack_depthwise(values, bits)
    assert packed.shape == (-(-channels // 28), bits * 32)
    data = packed.tobytes()
    for channel in range(channels):
        for tap in range(9):
            first = 256 * (channel // 28) * bits + tap * 28 + channel % 28
            number = sum(_bit(data, first + 256 * bit) << bit for bit in range(bits))
            assert number == values[channel, tap // 3, tap % 3, 0]
    assert np.array_equal(layout.unpack_depthwise(packed, bits, channels), values)


@given(outputs=st.integers(1, 9), inputs=st.integers(1, 100), bits=widths, seed=seeds)
def test_1x1(outputs: int, inputs: int, bits: int, seed: int) -> None:
    values = _numbers(seed, (outputs, inputs), bits)
    packed = layout.pack_1x1(values)
    groups = -(-inputs // 32)
    data = packed.tobytes()
    assert len(data) == outputs * groups * 32
    for output in range(outputs):
        for channel in range(groups * 32):
            block = 256 * (output * groups + channel // 32)
            first = block + channel % 32 // 4 * 32 + channel % 4
            number = sum(_bit(data, first + 4 * bit) << bit for bit in range(8))
            assert number == (values[output, channel] if channel < inputs else 0)
    assert np.array_equal(layout.unpack_1x1(packed, inputs), values)


@given(
    least=st.integers(-128, 127), most=st.integers(-128, 127), seed=seeds, size=st.integers(1, 40)
)
def test_stored_weights(least: int, most: int, seed: int, size: int) -> None:
    low, high = min(least, most), max(least, most)
    weights = np.random.default_rng(seed).integers(low, high + 1, size).astype(np.int8)
    stored = store_weights(weights)
    assert np.array_equal(stored.values.astype(int) + stored.offset, weights)
    assert 2 <= stored.bits <= 8
    assert int(stored.values.max()) < 1 << stored.bits


@pytest.mark.parametrize(
    ("weights", "bits"), [([0], 2), ([-2, 1], 2), ([-8, 7], 4), ([-8, 8], 5), ([-128, 127], 8)]
)
def test_as_few_bits_as_can_be(weights: list[int], bits: int) -> None:
    assert store_weights(np.array(weights, np.int8)).bits == bits
