"""Convolutions with weights packed for kernels that compute blocks of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from compiler.ir import Array, Box, Kernel, Operation, ParameterValue, TensorType, Tile
from compiler.operators.conv import HEADER, ConvInt8
from compiler.operators.window import Pair, split_shape, with_spatial
from compiler.target.packed_weights import (
    OUTPUTS,
    VALUES,
    block_bytes,
    depthwise_bytes,
    kernel_suffix,
    stored_values,
    unpack_depthwise,
    unpack_products,
)

IN_PLACE_TAPS = 25
"""TW_CONV_PACKED_TAPS of tilewright/conv.h."""


@dataclass(frozen=True)
class ConvPackedInt8(Operation):
    """`ConvInt8` of one group with weights, scale and bias in one array.

    Inputs: x int8 [batch, spatial..., channels]; packed int8 [blocks, bytes], see `pack_products`.
    Output: int8 [batch, spatial..., outputs]. `cores` share the work at most: each has scratch
    memory of its own. Stored weights have `bits` bits.
    """

    conv: ConvInt8
    outputs: int
    cores: int
    bits: int = 8

    def values(self, x: TensorType) -> int:
        """How many products an output is the sum of."""
        return prod(self.conv.window.kernel) * x.shape[-1]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, packed = inputs
        assert x is not None and packed is not None
        blocks = -(-self.outputs // OUTPUTS)
        assert packed.shape == (blocks, block_bytes(self.values(x), self.bits))
        spatial = self.conv.window.output(split_shape(x.shape)[1])
        return (TensorType(x.data_type, with_spatial(x.shape, spatial, self.outputs)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, packed = inputs
        assert x is not None and packed is not None
        kernel = self.conv.window.kernel
        values = prod(kernel) * x.shape[-1]
        weights, scale, bias = unpack_products(packed, self.outputs, values, self.bits)
        shaped = weights.reshape(self.outputs, *kernel, x.shape[-1])
        return self.conv.evaluate([x, shaped, scale, bias])

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, packed = inputs
        assert x is not None and packed is not None
        window, read = self.conv.window.tile(x.shape, box)
        begin, end = box.begin[-1], box.end[-1]
        assert begin % OUTPUTS == 0
        blocks = Box.whole(packed.shape).on(0, begin // OUTPUTS, -(-end // OUTPUTS))
        conv = replace(self.conv, window=window)
        operation = replace(self, conv=conv, outputs=end - begin)
        return Tile(operation, (read.on(-1, 0, x.shape[-1]), blocks), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        channels, taps = x.shape[-1], prod(self.conv.window.kernel)
        unit = stored_values(self.bits)
        in_place = channels % unit == 0 and taps <= IN_PLACE_TAPS
        each = channels if in_place else 4 * (-(-taps * channels // unit) * unit)
        return Kernel(
            f"tw_conv_packed_s8{kernel_suffix(self.bits)}",
            HEADER,
            _parameters(self.conv, x, outputs[0]),
            -(-each // VALUES) * VALUES * self.cores,
        )

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x = inputs[0]
        assert x is not None
        (output,) = self.infer(inputs)
        return output.elements * prod(self.conv.window.kernel) * x.shape[-1]


@dataclass(frozen=True)
class DepthwiseConvPackedInt8(Operation):
    """`ConvInt8` of as many groups as channels, with weights, scale and bias in one array.

    Inputs: x int8 [batch, spatial..., channels], a multiple of 4 channels; packed int8
    [outputs, bytes], see `pack_depthwise`. Output: int8 [batch, spatial..., outputs].

    Attributes:
        outputs: output channels, `conv.groups` of them or a multiple.
        turned: the kernel is told rows for columns, and the weights are packed so.
        cores: how many share the work at most: each has scratch memory of its own.
    """

    conv: ConvInt8
    outputs: int
    turned: bool
    cores: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, packed = inputs
        assert x is not None and packed is not None
        kernel = _turned(self.conv.window.kernel, self.turned)
        assert packed.shape == (self.outputs, depthwise_bytes(kernel))
        spatial = self.conv.window.output(split_shape(x.shape)[1])
        return (TensorType(x.data_type, with_spatial(x.shape, spatial, self.outputs)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, packed = inputs
        assert x is not None and packed is not None
        kernel = _turned(self.conv.window.kernel, self.turned)
        weights, scale, bias = unpack_depthwise(packed, kernel)
        if self.turned:
            weights = weights.swapaxes(1, 2)
        return self.conv.evaluate([x, weights[..., None], scale, bias])

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        rank = len(self.infer(inputs)[0].shape)
        return tuple(range(rank if self.outputs == self.conv.groups else rank - 1))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, packed = inputs
        assert x is not None and packed is not None
        window, read = self.conv.window.tile(x.shape, box)
        begin, end = box.begin[-1], box.end[-1]
        channels = (0, self.conv.groups)
        if (begin, end) != (0, self.outputs):
            # One output for each channel.
            channels = (begin, end)
        conv = replace(self.conv, window=window, groups=channels[1] - channels[0])
        operation = replace(self, conv=conv, outputs=end - begin)
        filters = Box.whole(packed.shape).on(0, begin, end)
        return Tile(operation, (read.on(-1, *channels), filters), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        parameters = _parameters(self.conv, x, outputs[0])
        strides = [x.shape[-1] * split_shape(x.shape)[1][1], x.shape[-1]]
        output_width = split_shape(outputs[0].shape)[1][1]
        output_strides = [self.outputs * output_width, self.outputs]
        if self.turned:
            for first, second in _EXCHANGED:
                parameters[first], parameters[second] = parameters[second], parameters[first]
            strides.reverse()
            output_strides.reverse()
        window = self.conv.window
        extents = _turned(window.output(split_shape(x.shape)[1]), self.turned)
        band_rows = best_band_rows(extents[0], x.shape[0] * self.conv.groups // 4, self.cores)
        kernel = _turned(window.kernel, self.turned)
        stride = _turned(window.strides, self.turned)
        rows = (band_rows - 1) * stride[0] + kernel[0]
        pitch = _words((extents[1] - 1) * stride[1] + _words(kernel[1]))
        parameters |= {
            "band_rows": band_rows,
            "input_row_stride": strides[0],
            "input_pixel_stride": strides[1],
            "output_row_stride": output_strides[0],
            "output_pixel_stride": output_strides[1],
        }
        scratch = 4 * rows * pitch * self.cores
        return Kernel("tw_depthwise_conv_packed_s8", HEADER, parameters, scratch)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        return self.infer(inputs)[0].elements * prod(self.conv.window.kernel)


_EXCHANGED = (
    *tuple(
        (f"{what}_height", f"{what}_width")
        for what in ("input", "output", "kernel", "stride", "dilation")
    ),
    ("pad_top", "pad_left"),
)


def best_band_rows(rows: int, quadruples: int, cores: int) -> int:
    """Output rows of a band, so that bands of four channels each keep all cores busy.

    Of the bands that each core gets, the rows are counted, and one more for what a band costs
    besides.
    """

    def cost(bands: int) -> tuple[int, int]:
        each = -(-rows // bands)
        return -(-quadruples * -(-rows // each) // cores) * (each + 1), bands

    best = min(range(1, rows + 1), key=cost)
    return -(-rows // best)


def is_better_turned(extents: Pair) -> bool:
    """Whether strips of four outputs fit the height of an image better than its width."""
    height, width = extents
    return width * _words(height) < height * _words(width)


def _words(values: int) -> int:
    return -(-values // VALUES) * VALUES


def _turned(pair: Pair, turned: bool) -> Pair:
    return (pair[1], pair[0]) if turned else pair


def _parameters(conv: ConvInt8, x: TensorType, output: TensorType) -> dict[str, ParameterValue]:
    return conv.window.parameters(x.shape, output.shape) | {
        "input_zero_point": conv.input_zero_point,
        "shift": conv.shift,
        "low": conv.low,
        "high": conv.high,
        "wide": int(conv.wide),
        "output_zero_point": conv.output_zero_point,
    }
