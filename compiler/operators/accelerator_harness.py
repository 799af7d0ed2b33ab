"""Test support: random layers that the accelerator can do, as the operations that cores do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Array, Operation
from compiler.operators.accelerated_conv import accelerate_conv, accelerate_matmul
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import Pair, Window, pair


@dataclass(frozen=True)
class Layer:
    """A layer with its data, for cores and for the accelerator.

    Attributes:
        reference: ConvInt8 or MatMulInt8, with x as int8.
        reference_inputs: its operands.
        operation: the same for the accelerator.
        inputs: its operands.
        recoded: whether outputs of `operation` are those of `reference` plus 128, as uint8.
    """

    reference: Operation
    reference_inputs: list[Array]
    operation: Operation
    inputs: list[Array]
    recoded: bool


@dataclass(frozen=True)
class Shape:
    """Of a convolution.

    Attributes:
        kernel: 1 or 3.
        channels, outputs: equal if depthwise.
        size: height and width of the input.
        begins, ends: padding.
        stride: of 1x1 convolutions.
        images: how many.
        weight_bits: the most that weights need.
        wide_scales: whether scales need 32 bits.
        unsigned_input, unsigned_output: uint8, else int8.
    """

    kernel: int
    channels: int
    outputs: int
    size: Pair
    depthwise: bool = False
    begins: Pair = (0, 0)
    ends: Pair = (0, 0)
    stride: Pair = (1, 1)
    images: int = 1
    weight_bits: int = 8
    wide_scales: bool = False
    unsigned_input: bool = False
    unsigned_output: bool = False


def random_conv(shape: Shape, seed: int) -> Layer:
    """A convolution whose outputs use all of their range."""
    random = np.random.default_rng(seed)
    x_signed = random.integers(-128, 128, (shape.images, *shape.size, shape.channels), np.int64)
    each = 1 if shape.depthwise else shape.channels
    weights_shape = (shape.outputs, shape.kernel, shape.kernel, each)
    weights = _weights(random, weights_shape, shape.weight_bits)
    zero_point = -128
    if not shape.unsigned_input:
        zero_point = int(random.integers(-128, 128)) if max(shape.ends) <= 0 else 0
    window = Window(pair((shape.kernel,) * 2, 1), shape.stride, (1, 1), shape.begins, shape.ends)
    scale, bias, shift = _requantisation(random, weights, shape.wide_scales)
    groups = shape.channels if shape.depthwise else 1
    conv = ConvInt8(window, groups, zero_point, shift, -128, 127, wide=False, output_zero_point=0)
    x = x_signed.astype(np.int8)
    accelerated = conv
    accelerated_bias, accelerated_x = bias, x
    if shape.unsigned_input:
        accelerated_x = (x_signed + 128).astype(np.uint8)
        # Of x + 128 instead of x.
        accelerated_bias = accelerated_bias - 128 * _sums(weights) * scale
        accelerated = replace(accelerated, input_zero_point=0)
    if shape.unsigned_output:
        accelerated_bias = accelerated_bias + (128 << shift)
        accelerated = replace(accelerated, low=0, high=255)
    operation, packed = accelerate_conv(accelerated, weights)
    wide = shape.wide_scales
    return Layer(
        conv,
        [x, weights, scale.astype(np.uint32), bias.astype(np.int32)],
        operation,
        [accelerated_x, packed, _stored(scale, wide), accelerated_bias.astype(np.int32)],
        shape.unsigned_output,
    )


def random_matmul(rows: tuple[int, ...], inner: int, columns: int, seed: int) -> Layer:
    """A matrix product whose outputs use all of their range."""
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, (*rows, inner)).astype(np.int8)
    weights = _weights(random, (columns, inner), 8)
    wide = bool(random.integers(2))
    scale, bias, shift = _requantisation(random, weights, wide)
    product = MatMulInt8(shift, -128, 127, wide=False, output_zero_point=0)
    operation, packed = accelerate_matmul(product, weights)
    constants = bias.astype(np.int32)
    return Layer(
        product,
        [x, weights, scale.astype(np.uint32), constants],
        operation,
        [x, packed, _stored(scale, wide), constants],
        recoded=False,
    )


def _weights(random: np.random.Generator, shape: tuple[int, ...], bits: int) -> Array:
    least = int(random.integers(-128, 129 - (1 << bits)))
    return random.integers(least, least + (1 << bits), shape).astype(np.int8)


def _sums(weights: Array) -> Array:
    return weights.reshape(len(weights), -1).astype(np.int64).sum(1)


def _requantisation(
    random: np.random.Generator, weights: Array, wide_scales: bool
) -> tuple[Array, Array, int]:
    """Scale, bias and shift with which nothing leaves int32, whether x is int8 or uint8."""
    limit = 255 * int(np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(1).max())
    most = max(1, min((1 << 31) - 1 if wide_scales else 255, 2**29 // max(1, limit)))
    scale = random.integers(most // 2 + 1, most + 1, len(weights)).astype(np.int64)
    shift = max(0, min(22, (limit * most).bit_length() - int(random.integers(11, 14))))
    bias = random.integers(-(1 << (shift + 6)), 1 << (shift + 6), len(weights)).astype(np.int64)
    return scale, bias, shift


def _stored(scale: Array, wide_scales: bool) -> Array:
    return scale.astype(np.uint32 if wide_scales else np.uint8)
