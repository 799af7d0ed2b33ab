"""Layouts of constants for kernels that take them packed: weights, scale and bias in one array.

Kernels: tw_matmul_packed_s8, tw_conv_packed_s8 (both also for weights of 4 and 2 bits, `_w4` and
`_w2`) and tw_depthwise_conv_packed_s8; `kernels/include/tilewright/packed_block.h` and `conv.h`
define the layouts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from compiler.ir import Array

OUTPUTS = 4
"""Outputs of a block."""

VALUES = 4
"""Values of a word."""

WIDTHS = (8, 4, 2)
"""Bits that stored weights of products may have."""

_CONSTANT_BYTES = 8
"""Scale and bias of an output."""


def stored_values(bits: int) -> int:
    """Values whose weights share a stored word of an output."""
    return 8 * VALUES // bits


def kernel_suffix(bits: int) -> str:
    """What names of kernels for weights of so many bits end with."""
    return "" if bits == 8 else f"_w{bits}"


def least_width(weights: Array) -> int:
    """The fewest of `WIDTHS` that hold all weights as two's complement."""
    low, high = int(weights.min(initial=0)), int(weights.max(initial=0))
    return min(bits for bits in WIDTHS if -(1 << bits - 1) <= low and high < 1 << bits - 1)


def block_bytes(values: int, bits: int = 8) -> int:
    """Bytes of a block of outputs that are sums over `values` products."""
    words = _round_up(values, stored_values(bits)) * bits // 8
    return OUTPUTS * (words + _CONSTANT_BYTES)


def pack_products(weights: Array, scale: Array, bias: Array, bits: int = 8) -> NDArray[np.int8]:
    """Packs what matrix products and convolutions need, in blocks of four outputs.

    Args:
        weights: int8 [outputs, ...]; further axes are taken as one, in their order.
        scale: uint32 [outputs].
        bias: int32 [outputs].
        bits: of stored weights, one of `WIDTHS` that holds them.

    Returns:
        int8 [blocks, block_bytes]: words of four values of each of four outputs in turn, with fewer
        bits so many words in one stored word; then the outputs' scale, then their bias. What fills
        up words and blocks is zero.
    """
    outputs = weights.shape[0]
    rows = weights.reshape(outputs, -1)
    blocks = _round_up(outputs, OUTPUTS) // OUTPUTS
    words = _round_up(rows.shape[1], stored_values(bits)) // VALUES
    padded = np.zeros((blocks * OUTPUTS, words * VALUES), np.int8)
    padded[:outputs, : rows.shape[1]] = rows
    constants = np.zeros((2, blocks * OUTPUTS), "<u4")
    constants[0, :outputs] = scale
    constants[1, :outputs] = bias.astype("<i4").view("<u4")
    by_block = _stored(padded.reshape(blocks, OUTPUTS, words, VALUES).transpose(0, 2, 1, 3), bits)
    constants_by_block = constants.reshape(2, blocks, OUTPUTS).transpose(1, 0, 2)
    return np.concatenate(
        [by_block.reshape(blocks, -1), _bytes(constants_by_block).reshape(blocks, -1)], axis=1
    )


def pack_depthwise(weights: Array, scale: Array, bias: Array) -> NDArray[np.int8]:
    """Packs what depthwise convolutions need, output by output.

    Args:
        weights: int8 [outputs, rows, columns] or [outputs, rows, columns, 1].
        scale: uint32 [outputs].
        bias: int32 [outputs].

    Returns:
        int8 [outputs, bytes]: rows, filled up with zeros to whole words, then scale and bias.
    """
    outputs, rows, columns = weights.shape[:3]
    padded = np.zeros((outputs, rows, _round_up(columns, VALUES)), np.int8)
    padded[:, :, :columns] = weights.reshape(outputs, rows, columns)
    constants = np.stack([scale.astype("<u4"), bias.astype("<i4").view("<u4")], axis=1)
    return np.concatenate([padded.reshape(outputs, -1), _bytes(constants)], axis=1)


def depthwise_bytes(kernel: tuple[int, int]) -> int:
    """Bytes of an output's packed weights for windows of `kernel` rows and columns."""
    return kernel[0] * _round_up(kernel[1], VALUES) + _CONSTANT_BYTES


def unpack_products(
    packed: Array, outputs: int, values: int, bits: int = 8
) -> tuple[Array, Array, Array]:
    """The inverse of `pack_products`: weights int8 [outputs, values], scale, bias."""
    blocks = packed.shape[0]
    words = _round_up(values, stored_values(bits)) // VALUES
    constants = np.ascontiguousarray(packed[:, -OUTPUTS * _CONSTANT_BYTES :]).view("<u4")
    by_output = constants.reshape(blocks, 2, OUTPUTS).transpose(1, 0, 2).reshape(2, -1)[:, :outputs]
    stored = packed[:, : -OUTPUTS * _CONSTANT_BYTES].reshape(blocks, -1, OUTPUTS, VALUES)
    weights = _unstored(stored, bits)
    rows = weights.transpose(0, 2, 1, 3).reshape(blocks * OUTPUTS, words * VALUES)
    return (
        np.ascontiguousarray(rows[:outputs, :values]),
        by_output[0].astype(np.uint32),
        np.ascontiguousarray(by_output[1]).view("<i4").astype(np.int32),
    )


def unpack_depthwise(packed: Array, kernel: tuple[int, int]) -> tuple[Array, Array, Array]:
    """The inverse of `pack_depthwise`: weights int8 [outputs, rows, columns], scale, bias."""
    outputs = packed.shape[0]
    rows, columns = kernel
    weights = packed[:, :-_CONSTANT_BYTES].reshape(outputs, rows, -1)[:, :, :columns]
    constants = np.ascontiguousarray(packed[:, -_CONSTANT_BYTES:]).view("<u4")
    return (
        np.ascontiguousarray(weights),
        constants[:, 0].astype(np.uint32),
        np.ascontiguousarray(constants[:, 1]).view("<i4").astype(np.int32),
    )


def _stored(words: Array, bits: int) -> NDArray[np.int8]:
    """[blocks, words, outputs, values] with as many words in one as their bits allow."""
    blocks, count, *rest = words.shape
    parts = words.reshape(blocks, count * bits // 8, 8 // bits, *rest).view(np.uint8)
    result = np.zeros((blocks, count * bits // 8, *rest), np.uint8)
    for part in range(8 // bits):
        result |= (parts[:, :, part] & np.uint8((1 << bits) - 1)) << np.uint8(part * bits)
    return result.view(np.int8)


def _unstored(stored: Array, bits: int) -> NDArray[np.int8]:
    """The inverse of `_stored`."""
    blocks, count, *rest = stored.shape
    raised = [stored.view(np.uint8) << np.uint8(8 - bits - p * bits) for p in range(8 // bits)]
    parts = np.stack(raised, axis=2).view(np.int8) >> np.int8(8 - bits)
    return parts.reshape(blocks, count * 8 // bits, *rest)


def _bytes(constants: Array) -> NDArray[np.int8]:
    """The same values as bytes on the last axis."""
    return np.ascontiguousarray(constants).view(np.int8)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
