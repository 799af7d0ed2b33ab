"""Layouts of weights for N-EUREKA: unsigned numbers of 2 to 8 bits, one plane of bits per bit.

What the accelerator multiplies by is the stored number plus an offset that all weights of a job
share. A block has 256 bits, the first one in the lowest bit of the first byte:

- 3x3: a block for each output channel, group of 28 input channels, and bit, the lowest bit first;
  9 positions, row by row, of 28 channels each. Four bits are unused.
- depthwise 3x3: a block for each group of 28 channels and bit, with the same content.
- 1x1: a block for each output channel and group of 32 input channels; 8 sub-groups of 4 channels,
  each with 8 planes of 4 bits. Planes above the weights' bits are zero, so that fewer bits save
  nothing.

Channels that are missing in the last group are zero. The layouts are those of the public model
and RTL of the accelerator (pulp-platform/neureka, pulp-platform/pulp-nnx).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compiler.ir import Array

BLOCK_BYTES = 32
CHANNELS_3X3 = 28
CHANNELS_1X1 = 32
TAPS = 9
LEAST_BITS, MOST_BITS = 2, 8

_SUBGROUP = 4
_PLANES_1X1 = 8


@dataclass(frozen=True)
class StoredWeights:
    """Weights as unsigned numbers.

    Attributes:
        values: uint8, in the shape of the weights.
        bits: how many each number has, 2 to 8.
        offset: what has to be added to a number to get the weight.
    """

    values: NDArray[np.uint8]
    bits: int
    offset: int


def store_weights(weights: Array) -> StoredWeights:
    """int8 weights with as few bits as their range needs."""
    least, most = int(weights.min(initial=0)), int(weights.max(initial=0))
    bits = max(LEAST_BITS, (most - least).bit_length())
    values = (weights.astype(np.int16) - least).astype(np.uint8)
    return StoredWeights(values, bits, least)


def pack_3x3(values: Array, bits: int) -> NDArray[np.uint8]:
    """uint8 [outputs, 3, 3, inputs] to uint8 [outputs, groups * bits * 32]."""
    outputs, rows, columns, inputs = values.shape
    assert (rows, columns) == (3, 3)
    groups = _divide_up(inputs, CHANNELS_3X3)
    padded = np.zeros((outputs, TAPS, groups * CHANNELS_3X3), np.uint8)
    padded[:, :, :inputs] = values.reshape(outputs, TAPS, inputs)
    by_group = padded.reshape(outputs, TAPS, groups, CHANNELS_3X3).transpose(0, 2, 1, 3)
    return _blocks(_planes(by_group, bits, 2)).reshape(outputs, -1)


def pack_depthwise(values: Array, bits: int) -> NDArray[np.uint8]:
    """uint8 [channels, 3, 3, 1] to uint8 [groups, bits * 32]."""
    packed = pack_3x3(values.swapaxes(0, 3), bits)
    return packed.reshape(-1, bits * BLOCK_BYTES)


def pack_1x1(values: Array) -> NDArray[np.uint8]:
    """uint8 [outputs, inputs] to uint8 [outputs, groups * 32]."""
    outputs, inputs = values.shape
    groups = _divide_up(inputs, CHANNELS_1X1)
    padded = np.zeros((outputs, groups * CHANNELS_1X1), np.uint8)
    padded[:, :inputs] = values
    subgroups = padded.reshape(outputs, groups, CHANNELS_1X1 // _SUBGROUP, _SUBGROUP)
    return _blocks(_planes(subgroups, _PLANES_1X1, 3)).reshape(outputs, -1)


def unpack_3x3(packed: Array, bits: int, inputs: int) -> NDArray[np.uint8]:
    """The inverse of `pack_3x3`."""
    outputs = packed.shape[0]
    groups = _divide_up(inputs, CHANNELS_3X3)
    planes = np.unpackbits(
        packed.reshape(outputs, groups, bits, BLOCK_BYTES), -1, bitorder="little"
    )
    taps = planes[..., : TAPS * CHANNELS_3X3].reshape(outputs, groups, bits, TAPS, CHANNELS_3X3)
    by_group = _numbers(taps, 2)
    values = by_group.transpose(0, 2, 1, 3).reshape(outputs, 3, 3, groups * CHANNELS_3X3)
    return np.ascontiguousarray(values[..., :inputs])


def unpack_depthwise(packed: Array, bits: int, channels: int) -> NDArray[np.uint8]:
    """The inverse of `pack_depthwise`."""
    values = unpack_3x3(packed.reshape(1, -1), bits, channels)
    return np.ascontiguousarray(values.swapaxes(0, 3))


def unpack_1x1(packed: Array, inputs: int) -> NDArray[np.uint8]:
    """The inverse of `pack_1x1`."""
    outputs = packed.shape[0]
    bits = np.unpackbits(np.ascontiguousarray(packed).reshape(outputs, -1), -1, bitorder="little")
    values = _numbers(bits.reshape(outputs, -1, _PLANES_1X1, _SUBGROUP), 2)
    return np.ascontiguousarray(values.reshape(outputs, -1)[:, :inputs])


def _planes(values: Array, bits: int, axis: int) -> NDArray[np.uint8]:
    """Bits of numbers along a new axis, the lowest first."""
    shifts = np.arange(bits, dtype=np.uint8)
    shape = [1] * (values.ndim + 1)
    shape[axis] = bits
    return (np.expand_dims(values, axis) >> shifts.reshape(shape)) & np.uint8(1)


def _numbers(planes: Array, axis: int) -> NDArray[np.uint8]:
    """The inverse of `_planes`."""
    place_values = np.array([1 << bit for bit in range(planes.shape[axis])])
    return np.tensordot(planes, place_values, (axis, 0)).astype(np.uint8)


def _blocks(planes: Array) -> NDArray[np.uint8]:
    """Bits of the last two axes as blocks; in the 1x1 layout, of the last three."""
    bits = TAPS * CHANNELS_3X3 if planes.shape[-1] == CHANNELS_3X3 else 8 * BLOCK_BYTES
    flat = planes.reshape(-1, bits)
    padded = np.zeros((flat.shape[0], 8 * BLOCK_BYTES), np.uint8)
    padded[:, :bits] = flat
    return np.packbits(padded, axis=-1, bitorder="little")


def _divide_up(value: int, by: int) -> int:
    return -(-value // by)
