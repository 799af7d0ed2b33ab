"""The NumPy model against examples worked out by hand from the hardware reference."""

from __future__ import annotations

import numpy as np

from tests.simulator.neureka import neureka_model as model


def bits_of(packed: bytes) -> list[int]:
    """Numbers of the bits that are set, the first byte's lowest being 0."""
    return [8 * i + b for i, byte in enumerate(packed) for b in range(8) if byte >> b & 1]


def test_3x3_layout() -> None:
    weights = np.zeros((2, 30, 3, 3), np.int64)
    weights[0, 0, 0, 0] = 1
    weights[0, 27, 2, 2] = 2
    weights[1, 29, 0, 1] = 3
    packed = model.pack_3x3(weights, 2)
    # (output channel, group of inputs, bit): 2 x 2 x 2 blocks.
    assert len(packed) == 8 * 32
    assert bits_of(packed) == [
        0,
        256 + 8 * 28 + 27,  # second plane, position 8
        6 * 256 + 28 + 1,  # second channel, second group, first plane, position 1
        7 * 256 + 28 + 1,
    ]


def test_1x1_layout() -> None:
    weights = np.zeros((1, 40, 1, 1), np.int64)
    weights[0, 0] = 1
    weights[0, 6] = 0x82
    weights[0, 39] = 0x10
    packed = model.pack_1x1(weights, 8)
    assert len(packed) == 2 * 32
    # Sub-group * 32 + plane * 4 + channel of the sub-group.
    assert bits_of(packed) == [0, 32 + 1 * 4 + 2, 32 + 7 * 4 + 2, 256 + 32 + 4 * 4 + 3]


def test_depthwise_layout() -> None:
    weights = np.zeros((30, 1, 3, 3), np.int64)
    weights[5, 0, 1, 2] = 1
    weights[29, 0, 0, 0] = 4
    packed = model.pack_depthwise(weights, 3)
    assert len(packed) == 2 * 3 * 32
    assert bits_of(packed) == [5 * 28 + 5, 5 * 256 + 1]


def test_convolution_of_an_impulse() -> None:
    activations = np.zeros((5, 5, 1), np.int64)
    activations[2, 2, 0] = 1
    weights = np.arange(9).reshape(1, 1, 3, 3)
    for depthwise in (False, True):
        result = model.convolve(activations, weights, depthwise)
        assert (result[:, :, 0] == np.arange(8, -1, -1).reshape(3, 3)).all()


def test_depthwise_keeps_channels_apart() -> None:
    activations = np.ones((3, 3, 2), np.int64) * [10, 1]
    weights = np.stack([np.full((1, 3, 3), 1), np.full((1, 3, 3), 2)])
    assert model.convolve(activations, weights, True).tolist() == [[[90, 18]]]
    both = np.array([[[[1]], [[2]]]])
    assert model.convolve(activations[:1, :1], both, False).tolist() == [[[12]]]


def test_requantisation_truncates_towards_minus_infinity() -> None:
    sums = np.array([[[-3, -4, 3, 1000]]])
    one, zero = np.ones(4, np.int64), np.zeros(4, np.int64)
    signed = model.requantise(sums, one, zero, one, 8, relu=False)
    assert signed.tolist() == [[[-2, -2, 1, 127]]]
    positive = model.requantise(sums, one, zero, one, 8, relu=True)
    assert positive.tolist() == [[[0, 0, 1, 255]]]
    wide = model.requantise(sums, one * 3, one * 5, zero, 32, relu=False)
    assert wide.tolist() == [[[-4, -7, 14, 3005]]]
    assert model.requantise(sums, one * 3, one * 5, zero, 32, relu=True).min() == 0
