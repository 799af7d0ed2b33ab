"""Calls of matrix products and convolutions with random data, and what they must give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from compiler.ir import Array, TensorType
from compiler.numerics.requantisation import Requantisation, half
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import Window
from compiler.target.packed_weights import pack_depthwise, pack_products
from tests.simulator.kernels.kernel_program import Call, Input, Output

Pair = tuple[int, int]

_INPUT_ZERO_POINT = -7
_OUTPUT_ZERO_POINT = 5


@dataclass(frozen=True)
class Case:
    """A call, the bytes of its first output, and its multiply-accumulate operations."""

    call: Call
    expected: NDArray[np.int8]
    multiply_accumulates: int


def random_int8(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """All values are equally likely; -128 is among them."""
    return generator.integers(-128, 128, shape).astype(np.int8)


def random_weights(
    generator: np.random.Generator, shape: tuple[int, ...], bits: int
) -> NDArray[np.int8]:
    """All numbers of so many bits are equally likely."""
    return generator.integers(-(1 << bits - 1), 1 << bits - 1, shape).astype(np.int8)


def _requantisation(
    generator: np.random.Generator, weights: Array, *, wide: bool, bits: int = 8
) -> Requantisation:
    """Constants as the compiler makes them, with outputs that use all of their range.

    Sums of n products have a standard deviation of about 74^2 * sqrt(n) with weights of 8 bits.
    """
    outputs = len(weights)
    rows: NDArray[np.int64] = weights.reshape(outputs, -1).astype(np.int64)
    spread = 74.0**2 * math.sqrt(weights[0].size) / 50 / 2 ** (8 - bits)
    multiplier: NDArray[np.float64] = generator.uniform(0.5, 1.5, outputs) / spread
    limit = 128 * np.abs(rows).sum(axis=1)
    bias: NDArray[np.int64] = generator.integers(-100, 100, outputs) - _INPUT_ZERO_POINT * rows.sum(
        axis=1
    )
    if wide:
        # More precise than 32 bits allow.
        shift = 28 + bits
        return Requantisation(
            np.rint(multiplier * 2.0**shift).astype(np.uint32),
            bias.astype(np.int32),
            shift,
            True,
            _OUTPUT_ZERO_POINT,
        )
    # However coarse the scale may be: inputs and weights of any value leave it few bits.
    shift = int(np.floor(np.log2(2**29 / (limit * multiplier).max(initial=1.0))))
    scale = np.maximum(np.rint(multiplier * 2.0**shift), 1).astype(np.int64)
    folded = bias * scale + (_OUTPUT_ZERO_POINT << shift) + half(shift)
    assert (limit * scale + np.abs(folded)).max() < 2**31
    return Requantisation(
        scale.astype(np.uint32), folded.astype(np.int32), shift, False, _OUTPUT_ZERO_POINT
    )


def matmul_case(
    rows: int,
    inner: int,
    columns: int,
    *,
    limits: Pair = (-128, 127),
    wide: bool = False,
    offset: int = 0,
    seed: int = 0,
    bits: int = 8,
) -> Case:
    """A product [rows, inner] x [inner, columns] with weights of so many bits; `offset` misaligns
    the input."""
    generator = np.random.default_rng(seed)
    x = random_int8(generator, (rows, inner))
    weights = random_weights(generator, (columns, inner), bits)
    chosen = _requantisation(generator, weights, wide=wide, bits=bits)
    operation = MatMulInt8(chosen.shift, *limits, wide, _OUTPUT_ZERO_POINT)
    (expected,) = operation.evaluate([x, weights, chosen.scale, chosen.bias])
    parameters = [rows, inner, columns, chosen.shift, *limits, int(wide), _OUTPUT_ZERO_POINT]
    packed = pack_products(weights, chosen.scale, chosen.bias, bits)
    call = Call(parameters, [Input(x, offset), packed, Output(rows * columns)])
    return Case(call, expected.astype(np.int8), rows * inner * columns)


@dataclass(frozen=True)
class Shape:
    """A convolution of [batches, height, width, channels]."""

    height: int
    width: int
    channels: int
    outputs: int
    kernel: Pair = (3, 3)
    strides: Pair = (1, 1)
    begins: Pair = (1, 1)
    ends: Pair = (1, 1)
    dilations: Pair = (1, 1)
    batches: int = 1


def _convolution(
    shape: Shape, groups: int, limits: Pair, wide: bool, seed: int, bits: int = 8
) -> tuple[Array, Array, Requantisation, Array, list[int], int]:
    generator = np.random.default_rng(seed)
    x = random_int8(generator, (shape.batches, shape.height, shape.width, shape.channels))
    filters = (shape.outputs, *shape.kernel, shape.channels // groups)
    weights = random_weights(generator, filters, bits)
    chosen = _requantisation(generator, weights, wide=wide, bits=bits)
    window = Window(shape.kernel, shape.strides, shape.dilations, shape.begins, shape.ends)
    operation = ConvInt8(
        window, groups, _INPUT_ZERO_POINT, chosen.shift, *limits, wide, _OUTPUT_ZERO_POINT
    )
    (expected,) = operation.evaluate([x, weights, chosen.scale, chosen.bias])
    extents = window.parameters(x.shape, expected.shape)
    further = [_INPUT_ZERO_POINT, chosen.shift, *limits, int(wide), _OUTPUT_ZERO_POINT]
    parameters = [cast(int, value) for value in extents.values()] + further
    count = operation.multiply_accumulates([TensorType.of(x), TensorType.of(weights)])
    return x, weights, chosen, expected.astype(np.int8), parameters, count


def conv_case(
    shape: Shape,
    cores: int,
    *,
    limits: Pair = (-128, 127),
    wide: bool = False,
    offset: int = 0,
    seed: int = 0,
    bits: int = 8,
) -> Case:
    """A convolution with one group for a number of cores; `offset` misaligns the input."""
    x, weights, chosen, expected, parameters, count = _convolution(
        shape, 1, limits, wide, seed, bits
    )
    taps = shape.kernel[0] * shape.kernel[1]
    values = 32 // bits
    in_place = shape.channels % values == 0 and taps <= 25
    scratch = shape.channels if in_place else 4 * (-(-taps * shape.channels // values) * values)
    packed = pack_products(weights, chosen.scale, chosen.bias, bits)
    buffers = [Input(x, offset), packed, Output(expected.size), Output(scratch * cores)]
    return Case(Call(parameters, buffers), expected, count)


def depthwise_case(
    shape: Shape,
    cores: int,
    band_rows: int,
    *,
    turned: bool = False,
    limits: Pair = (-128, 127),
    wide: bool = False,
    seed: int = 0,
) -> Case:
    """A depthwise convolution; `turned`: described with rows and columns exchanged."""
    x, weights, chosen, expected, parameters, count = _convolution(
        shape, shape.channels, limits, wide, seed
    )
    strides = [x.shape[2] * x.shape[3], x.shape[3]]
    output_strides = [expected.shape[2] * expected.shape[3], expected.shape[3]]
    kernel, kernel_strides, width = shape.kernel, shape.strides, expected.shape[2]
    if turned:
        for first in (1, 4, 7, 9, 11, 13):  # heights and widths of inputs, outputs, windows
            second = first + 1
            parameters[first], parameters[second] = parameters[second], parameters[first]
        strides.reverse()
        output_strides.reverse()
        weights = weights.transpose(0, 2, 1, 3)
        kernel, kernel_strides, width = kernel[::-1], kernel_strides[::-1], expected.shape[1]
    pitch = -(-((width - 1) * kernel_strides[1] + -(-kernel[1] // 4) * 4) // 4) * 4
    scratch = 4 * ((band_rows - 1) * kernel_strides[0] + kernel[0]) * pitch
    parameters += [band_rows, *strides, *output_strides]
    packed = pack_depthwise(weights, chosen.scale, chosen.bias)
    buffers = [x, packed, Output(expected.size), Output(scratch * cores)]
    return Case(Call(parameters, buffers), expected, count)
