"""What an N-EUREKA job computes, as plain convolutions on unpacked arrays, and weight packing.

Written from the hardware reference alone, to check the simulator against. Arrays are in natural
layouts: activations [height, width, channel], weights [output channel, input channel, 3, 3] or
[output channel, input channel, 1, 1]; depthwise weights [channel, 1, 3, 3]. Weights are the stored,
unsigned values; the value used is stored + offset.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

BLOCK_BYTES = 32
CHANNELS_3X3 = 28
CHANNELS_1X1 = 32


def _bits(values: Integers, count: int) -> Bytes:
    """[...] to [count, ...]: bit planes, least significant first."""
    return np.stack([(values >> bit) & 1 for bit in range(count)]).astype(np.uint8)


def _block(bits: list[int]) -> bytes:
    """Up to 256 bits, the first one in the least significant bit of the first byte."""
    block = 0
    for position, bit in enumerate(bits):
        block |= int(bit) << position
    return block.to_bytes(BLOCK_BYTES, "little")


def pack_3x3(weights: Integers, bits: int) -> bytes:
    """Per output channel, group of 28 input channels and bit: 9 positions x 28 channels."""
    k_out, k_in = weights.shape[:2]
    packed = b""
    for output in range(k_out):
        for first in range(0, k_in, CHANNELS_3X3):
            group = np.zeros((CHANNELS_3X3, 9), np.int64)
            part = weights[output, first : first + CHANNELS_3X3].reshape(-1, 9)
            group[: len(part)] = part
            for plane in _bits(group, bits):
                packed += _block([plane[c, p] for p in range(9) for c in range(CHANNELS_3X3)])
    return packed


def pack_1x1(weights: Integers, bits: int) -> bytes:
    """Per output channel and group of 32 input channels: 8 sub-groups of 4, by 8 planes."""
    k_out, k_in = weights.shape[:2]
    packed = b""
    for output in range(k_out):
        for first in range(0, k_in, CHANNELS_1X1):
            group = np.zeros(CHANNELS_1X1, np.int64)
            part = weights[output, first : first + CHANNELS_1X1].reshape(-1)
            group[: len(part)] = part
            planes = _bits(group, 8)
            assert not planes[bits:].any()
            packed += _block(
                [planes[b, 4 * s + c] for s in range(8) for b in range(8) for c in range(4)]
            )
    return packed


def pack_depthwise(weights: Integers, bits: int) -> bytes:
    """[channel, 1, 3, 3]: the 3x3 layout with the two channel axes swapped."""
    return pack_3x3(np.swapaxes(weights, 0, 1), bits)


def pad(
    activations: Integers, top: int, right: int, bottom: int, left: int, value: int
) -> Integers:
    """Surrounds [height, width, channel] with pixels of one value."""
    return np.pad(
        activations, ((top, bottom), (left, right), (0, 0)), "constant", constant_values=value
    )


def convolve(activations: Integers, weights: Integers, depthwise: bool) -> Integers:
    """Stride 1, no padding: [h + kernel - 1, w + kernel - 1, Ki] to [h, w, Ko]."""
    kernel = weights.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(activations, (kernel, kernel), axis=(0, 1))
    if depthwise:
        return np.einsum("hwcyx,cyx->hwc", windows, weights[:, 0])
    # One matrix product over (channel, row, column): einsum has no fast path for it.
    height, width = windows.shape[:2]
    flat = windows.reshape(height * width, -1) @ weights.reshape(len(weights), -1).T
    return flat.reshape(height, width, len(weights))


def masked(weights: Integers, filter_mask: int) -> Integers:
    """Sets the taps whose bit (3 * row + column) is set to zero; after the offset is added."""
    taps = np.array([0 if (filter_mask >> tap) & 1 else 1 for tap in range(9)]).reshape(3, 3)
    return weights * taps if weights.shape[2] == 3 else weights


def requantise(
    accumulators: Integers,
    scale: Integers,
    bias: Integers,
    shift: Integers,
    output_bits: int,
    relu: bool,
) -> Integers:
    """clip((acc * scale + bias) >> shift); scale, bias and shift have one entry per channel."""
    result = (accumulators * scale + bias) >> shift
    if output_bits == 8:
        return np.clip(result, 0, 255) if relu else np.clip(result, -128, 127)
    return np.clip(result, 0, 2**31 - 1) if relu else result
