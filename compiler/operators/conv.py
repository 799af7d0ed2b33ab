"""Conv with constant weights in one and two dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, Kernel, Operation, TensorType, Tile
from compiler.lowering.operand import Operand, Result
from compiler.lowering.quantization import centred_weights, requantise_sums
from compiler.numerics.floating import clip_float
from compiler.numerics.requantisation import requantise
from compiler.operators.movement import channels_first, emit_channels_last
from compiler.operators.registry import lowering
from compiler.operators.window import Window, node_window, split_shape, with_spatial

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/conv.h"


@dataclass(frozen=True)
class Conv(Operation):
    """What integer and float convolutions share.

    Inputs: x [batch, spatial..., channels] with one or two spatial axes; weights
    [outputs, rows, columns, channels / groups]. Output: [batch, spatial..., outputs].
    """

    window: Window
    groups: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        outputs, *kernel, channels = weights.shape
        assert tuple(kernel) == self.window.kernel and channels * self.groups == x.shape[-1]
        spatial = self.window.output(split_shape(x.shape)[1])
        return (TensorType(x.data_type, with_spatial(x.shape, spatial, outputs)),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        channels = len(x.shape) - 1
        whole = self.groups > 1 and weights.shape[0] != self.groups
        return tuple(range(channels if whole else channels + 1))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        window, read = self.window.tile(x.shape, box)
        outputs = (box.begin[-1], box.end[-1])
        groups = self.groups
        channels = (0, x.shape[-1])
        if groups > 1 and outputs != (0, weights.shape[0]):
            # One output for each group.
            channels, groups = outputs, outputs[1] - outputs[0]
        parts = (None if type_ is None else Box(outputs[:1], outputs[1:]) for type_ in inputs[2:])
        filters = Box.whole(weights.shape).on(0, *outputs)
        operation = replace(self, window=window, groups=groups)
        return Tile(operation, (read.on(-1, *channels), filters, *parts), box)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        weights = inputs[1]
        assert weights is not None
        (output,) = self.infer(inputs)
        return output.elements * (weights.elements // weights.shape[0])

    def is_depthwise(self, x: TensorType) -> bool:
        """Whether every input channel is a group of its own."""
        return self.groups == x.shape[-1]

    def accumulate(self, x: Array, weights: Array, zero_point: int) -> Array:
        """int64 [pixels, outputs]: sums of products of stored values, `zero_point` around x."""
        batches, extents, channels = split_shape(x.shape)
        height, width = self.window.output(extents)
        outputs = weights.shape[0]
        # float64 products run on BLAS and are exact: no partial sum reaches 2^53.
        centred = x.reshape(batches, *extents, self.groups, channels // self.groups)
        centred = centred.transpose(3, 0, 1, 2, 4) - float(zero_point)
        grouped = weights.reshape(self.groups, outputs // self.groups, *weights.shape[1:])
        grouped = grouped.astype(np.float64)
        # Padding adds nothing to sums of distances from the zero point.
        total = np.zeros((self.groups, batches, height, width, grouped.shape[1]))
        for row, column, (rows, columns), (in_rows, in_columns) in self.window.taps(extents):
            seen = centred[:, :, in_rows, in_columns]
            factors = grouped[:, :, row, column, :].transpose(0, 2, 1)
            part = total[:, :, rows, columns]
            if seen.shape[-1] == 1:
                part += seen * factors[:, None, None]
            else:
                flat = seen.reshape(self.groups, -1, seen.shape[-1])
                part += (flat @ factors).reshape(part.shape)
        pixels = batches * height * width
        sums = total.reshape(self.groups, pixels, -1).transpose(1, 0, 2).reshape(pixels, outputs)
        of_zero = zero_point * weights.reshape(outputs, -1).sum(axis=1, dtype=np.int64)
        return sums.astype(np.int64) + of_zero


@dataclass(frozen=True)
class ConvInt8(Conv):
    """int8 convolution, requantised to int8; taps outside of the input read `input_zero_point`.

    Further inputs: scale uint32 [outputs]; bias int32 [outputs], with the correction for the
    input's zero point over all taps.
    """

    input_zero_point: int
    shift: int
    low: int
    high: int
    wide: bool
    output_zero_point: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, scale, bias = inputs
        assert x is not None and weights is not None and scale is not None and bias is not None
        (output,) = self.infer([TensorType.of(x), TensorType.of(weights)])
        result = requantise(
            self.accumulate(x, weights, self.input_zero_point),
            scale,
            bias,
            self.shift,
            self.low,
            self.high,
            wide=self.wide,
            output_zero_point=self.output_zero_point,
        )
        return (result.reshape(output.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        parameters = self.window.parameters(x.shape, outputs[0].shape) | {
            "input_zero_point": self.input_zero_point,
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
            "wide": int(self.wide),
            "output_zero_point": self.output_zero_point,
        }
        if self.is_depthwise(x):
            return Kernel("tw_depthwise_conv_s8", HEADER, parameters)
        return Kernel("tw_conv_s8", HEADER, parameters | {"groups": self.groups})


@dataclass(frozen=True)
class ConvFloat(Conv):
    """float32 convolution with an optional bias [outputs], clipped to [minimum, maximum].

    The sum starts from the bias (or zero) and runs over kernel rows, kernel columns and input
    channels; taps outside of the input are skipped.
    """

    minimum: float
    maximum: float

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, bias = inputs
        assert x is not None and weights is not None
        (output,) = self.infer([TensorType.of(x), TensorType.of(weights)])
        batches, extents, channels = split_shape(x.shape)
        each = channels // self.groups
        height, width = self.window.output(extents)
        per_group = weights.shape[0] // self.groups
        grouped = x.reshape(batches, *extents, self.groups, each)
        factors = weights.reshape(self.groups, per_group, *weights.shape[1:])
        total = np.zeros((batches, height, width, self.groups, per_group), np.float32)
        if bias is not None:
            total[...] = bias.reshape(self.groups, per_group)  # not added: -0.0 must stay
        for row, column, (rows, columns), (in_rows, in_columns) in self.window.taps(extents):
            seen = grouped[:, in_rows, in_columns]
            part = total[:, rows, columns]
            for channel in range(each):  # fixed order: a rounded product and sum a step
                part += seen[..., channel, None] * factors[:, :, row, column, channel]
        return (clip_float(total, self.minimum, self.maximum).reshape(output.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        parameters = self.window.parameters(x.shape, outputs[0].shape) | {
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        if self.is_depthwise(x):
            return Kernel("tw_depthwise_conv_f32", HEADER, parameters)
        return Kernel("tw_conv_f32", HEADER, parameters | {"groups": self.groups})


@dataclass(frozen=True)
class Convolution:
    """A convolution that a node asks for.

    Attributes:
        x: the input, [batch, channels, spatial...].
        weights: real values [outputs, channels / groups, spatial...].
        stored: int8 weights of zero point 0 in the same shape and the scale of each output, if
            they are quantised so.
        bias: constant, one number per output.
        prepare: makes what is convolved of a value [batch, spatial..., channels] in which `fill`
            (the bits of an element) stands for zero.
    """

    x: Operand
    window: Window
    groups: int
    weights: Array
    stored: tuple[Array, Array] | None
    bias: Operand | None
    prepare: Callable[[str, int], str] = lambda value, _: value


def conv_operands(
    node: OnnxNode, context: LoweringContext
) -> tuple[Operand, Operand, Operand | None]:
    """Input, constant finite weights and constant bias.

    Raises UnsupportedForm if they are not that.
    """
    x, weights = context.required(node, 0), context.required(node, 1)
    bias = context.operand(node, 2)
    spatial = len(x.shape) - 2
    if spatial not in (1, 2):
        raise UnsupportedForm(f"it has {spatial} spatial axes", "1-D and 2-D convolutions")
    for role, operand in (("weights", weights), ("bias", bias)):
        if operand is not None and operand.constant is None:
            raise UnsupportedForm(
                f"its {role} {operand.name!r} are computed at run time", f"constant {role}"
            )
    assert weights.constant is not None
    if not np.all(np.isfinite(weights.constant)):
        # They would meet zeros that kernels skip or put there: padding, gaps between inputs.
        raise UnsupportedForm(f"its weights {weights.name!r} are not all finite", "finite weights")
    return x, weights, bias


@lowering(
    "Conv",
    description="1-D, 2-D and 3-D with constant weights and bias; groups, strides, dilations, "
    "padding; int8 (1-D and 2-D) or float32",
)
def lower_conv(node: OnnxNode, context: LoweringContext) -> None:
    x, weights, bias = conv_operands(node, context)
    shape = context.model.tensors[node.output()].type.shape
    window, _ = node_window(node, weights.shape[2:], x.shape[2:], shape[2:])
    groups = node.attribute("group", 1)
    assert weights.constant is not None
    stored = None if weights.weights is None else centred_weights(weights.weights, 0)
    emit_convolution(node, context, Convolution(x, window, groups, weights.constant, stored, bias))


def emit_convolution(node: OnnxNode, context: LoweringContext, wanted: Convolution) -> None:
    """Emits a convolution as the node's result: integer if all is quantised, else float32.

    Raises UnsupportedForm if the bias is not one number per output.
    """
    if wanted.bias is not None and wanted.bias.shape != wanted.weights.shape[:1]:
        raise UnsupportedForm(
            f"its bias {wanted.bias.name!r} is {wanted.bias.type}",
            f"one number for each of the {len(wanted.weights)} outputs",
        )
    result = context.result(node, fuse_clip=True)
    if _emit_integer(node, context, wanted, result):
        return
    last = emit_channels_last(node, context, context.plain(wanted.x))
    bias = None if wanted.bias is None else wanted.bias.constant
    inputs = [
        wanted.prepare(last, 0),
        context.constant(node, "weights", pack(wanted.weights.astype(np.float32))),
        None if bias is None else context.constant(node, "bias", bias.astype(np.float32)),
    ]
    operation = ConvFloat(wanted.window, wanted.groups, result.minimum, result.maximum)
    context.emit_plain(node, operation, inputs, result, channels_first(len(wanted.x.shape)))


def _emit_integer(
    node: OnnxNode, context: LoweringContext, wanted: Convolution, result: Result
) -> bool:
    source = wanted.x.quantization
    if source is None or wanted.stored is None or result.quantization is None:
        return False
    stored, scale = wanted.stored
    bias = None if wanted.bias is None else wanted.bias.constant
    sums = stored.reshape(len(stored), -1)
    constants = requantise_sums(sums, scale, bias, source, result.quantization)
    if constants is None:
        return False
    low, high = result.clip
    operation = ConvInt8(
        wanted.window,
        wanted.groups,
        source.zero_point,
        constants.shift,
        low,
        high,
        constants.wide,
        constants.output_zero_point,
    )
    last = emit_channels_last(node, context, context.stored(wanted.x))
    inputs = [
        wanted.prepare(last, source.zero_point & 0xFF),
        context.constant(node, "weights", pack(stored)),
        context.constant(node, "scale", constants.scale),
        context.constant(node, "bias", constants.bias),
    ]
    context.emit_stored(node, operation, inputs, result, channels_first(len(wanted.x.shape)))
    return True


def pack(weights: Array) -> Array:
    """[outputs, channels, (rows,) columns] to the kernels' [outputs, rows, columns, channels]."""
    if weights.ndim == 3:
        weights = weights[:, :, None, :]
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1))
