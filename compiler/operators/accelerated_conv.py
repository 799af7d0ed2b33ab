"""Convolutions and matrix products on the accelerator N-EUREKA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import split_shape, with_spatial
from compiler.target.neureka_cycles import Mode
from compiler.target.neureka_job import Arithmetic, Geometry, best_rectangle, job_parameters
from compiler.target.neureka_weights import (
    pack_1x1,
    pack_3x3,
    pack_depthwise,
    store_weights,
    unpack_1x1,
    unpack_3x3,
    unpack_depthwise,
)

HEADER = "tilewright/accelerated_conv.h"
FUNCTION = "tw_accelerated_conv"

UNSIGNED_HIGH = 255
"""Upper bound of outputs that are uint8."""


@dataclass(frozen=True)
class AcceleratedInt8(Operation):
    """What convolutions and matrix products on the accelerator share.

    Inputs: x int8 or uint8; weights uint8 [outputs, bytes] in the accelerator's layout, of a
    depthwise convolution [groups, bytes]; scale uint8 or uint32 [outputs]; bias int32 [outputs].
    Output: as x, of type int8 or, if the operation's bounds are 0 and 255, uint8.

    Attributes:
        outputs: output channels.
        weight_bits, weight_offset: see `StoredWeights`.
        weight_memory: whether weights are in weight memory.
    """

    outputs: int
    weight_bits: int
    weight_offset: int
    weight_memory: bool

    @property
    def is_job(self) -> bool:
        return True

    @property
    def weight_memory_inputs(self) -> tuple[int, ...]:
        return (1,) if self.weight_memory else ()

    @property
    def needs_l1(self) -> bool:
        return True

    def _weights(self, stored: Array) -> Array:
        """int8 weights of unpacked numbers."""
        return (stored.astype(np.int16) + self.weight_offset).astype(np.int8)

    def _arithmetic(
        self, inputs: Sequence[TensorType | None], mode: Mode, shift: int, high: int
    ) -> Arithmetic:
        x, _, scale, _ = inputs
        assert x is not None and scale is not None
        return Arithmetic(
            mode,
            self.weight_bits,
            self.weight_offset,
            8 * scale.data_type.bytes,
            shift,
            x.data_type is DataType.INT8,
            high != UNSIGNED_HIGH,
            self.weight_memory,
        )


@dataclass(frozen=True)
class AcceleratedConvInt8(AcceleratedInt8):
    """`ConvInt8` with a window that the accelerator has.

    x: [batch, spatial..., channels]; output: [batch, spatial..., outputs].
    """

    conv: ConvInt8

    @property
    def mode(self) -> Mode:
        if self.conv.window.kernel == (1, 1):
            return Mode.CONVOLUTION_1X1
        return Mode.DEPTHWISE_3X3 if self.conv.groups > 1 else Mode.CONVOLUTION_3X3

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x = inputs[0]
        assert x is not None
        spatial = self.conv.window.output(split_shape(x.shape)[1])
        return (
            TensorType(_output_type(self.conv.high), with_spatial(x.shape, spatial, self.outputs)),
        )

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, packed, scale, bias = inputs
        assert x is not None and packed is not None
        channels = x.shape[-1]
        match self.mode:
            case Mode.CONVOLUTION_1X1:
                stored = unpack_1x1(packed, channels)[:, None, None, :]
            case Mode.DEPTHWISE_3X3:
                stored = unpack_depthwise(packed, self.weight_bits, channels)
            case Mode.CONVOLUTION_3X3:
                stored = unpack_3x3(packed, self.weight_bits, channels)
        return self.conv.evaluate([x, self._weights(stored), scale, bias])

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        rank = len(self.infer(inputs)[0].shape)
        # Blocks of depthwise weights have 28 channels each: they are not cut.
        return tuple(range(rank - 1 if self.mode is Mode.DEPTHWISE_3X3 else rank))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, packed = inputs[:2]
        assert x is not None and packed is not None
        window, read = self.conv.window.tile(x.shape, box)
        begin, end = box.begin[-1], box.end[-1]
        part = Box((begin,), (end,))
        blocks = Box.whole(packed.shape)
        if self.mode is not Mode.DEPTHWISE_3X3:
            blocks = blocks.on(0, begin, end)
        operation = replace(self, conv=replace(self.conv, window=window), outputs=end - begin)
        return Tile(operation, (read.on(-1, 0, x.shape[-1]), blocks, part, part), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        window = self.conv.window
        images, extents, channels = split_shape(x.shape)
        geometry = Geometry(
            images,
            channels,
            self.outputs,
            split_shape(outputs[0].shape)[1],
            0,
            (channels * extents[1] * window.strides[0], channels * window.strides[1]),
            channels * prod(extents),
            window.begins,
            window.ends,
            self.conv.input_zero_point if max(*window.begins, *window.ends) > 0 else 0,
        )
        arithmetic = self._arithmetic(inputs, self.mode, self.conv.shift, self.conv.high)
        return Kernel(FUNCTION, HEADER, job_parameters(arithmetic, geometry))

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x = inputs[0]
        assert x is not None
        (output,) = self.infer(inputs)
        window = prod(self.conv.window.kernel)
        return output.elements * window * (x.shape[-1] // self.conv.groups)


@dataclass(frozen=True)
class AcceleratedMatMulInt8(AcceleratedInt8):
    """`MatMulInt8` as a 1x1 convolution, whose pixels are the rows.

    x: [..., inner]; output: [..., outputs].
    """

    product: MatMulInt8

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x = inputs[0]
        assert x is not None
        return (TensorType(_output_type(self.product.high), (*x.shape[:-1], self.outputs)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, packed, scale, bias = inputs
        assert x is not None and packed is not None
        weights = self._weights(unpack_1x1(packed, x.shape[-1]))
        return self.product.evaluate([x, weights, scale, bias])

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, packed = inputs[:2]
        assert x is not None and packed is not None
        begin, end = box.begin[-1], box.end[-1]
        part = Box((begin,), (end,))
        blocks = Box.whole(packed.shape).on(0, begin, end)
        operation = replace(self, outputs=end - begin)
        return Tile(operation, (box.on(-1, 0, x.shape[-1]), blocks, part, part), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        inner = x.shape[-1]
        arithmetic = self._arithmetic(
            inputs, Mode.CONVOLUTION_1X1, self.product.shift, self.product.high
        )
        size, rest = best_rectangle(prod(x.shape[:-1]), inner, self.outputs, arithmetic.scale_bits)
        geometry = Geometry(
            1, inner, self.outputs, size, rest, (inner * size[1], inner), x.elements
        )
        return Kernel(FUNCTION, HEADER, job_parameters(arithmetic, geometry))

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x = inputs[0]
        assert x is not None
        return x.elements * self.outputs


def accelerate_conv(
    conv: ConvInt8, weights: Array, *, weight_memory: bool = False
) -> tuple[AcceleratedConvInt8, Array]:
    """A convolution for the accelerator, and its packed weights.

    Args:
        conv: a 1x1, 3x3 or depthwise 3x3 convolution that the accelerator can do.
        weights: int8 [outputs, rows, columns, channels of a group].
        weight_memory: whether the weights will be in weight memory.
    """
    stored = store_weights(weights)
    operation = AcceleratedConvInt8(
        weights.shape[0], stored.bits, stored.offset, weight_memory, conv
    )
    match operation.mode:
        case Mode.CONVOLUTION_1X1:
            return operation, pack_1x1(stored.values.reshape(weights.shape[0], -1))
        case Mode.DEPTHWISE_3X3:
            return operation, pack_depthwise(stored.values, stored.bits)
        case Mode.CONVOLUTION_3X3:
            return operation, pack_3x3(stored.values, stored.bits)


def accelerate_matmul(
    product: MatMulInt8, weights: Array, *, weight_memory: bool = False
) -> tuple[AcceleratedMatMulInt8, Array]:
    """A matrix product for the accelerator, and its packed weights, int8 [columns, inner]."""
    stored = store_weights(weights)
    operation = AcceleratedMatMulInt8(
        weights.shape[0], stored.bits, stored.offset, weight_memory, product
    )
    return operation, pack_1x1(stored.values)


def _output_type(high: int) -> DataType:
    return DataType.UINT8 if high == UNSIGNED_HIGH else DataType.INT8
