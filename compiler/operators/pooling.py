"""Max and average pooling, and global pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, Kernel, Operation, Quantization, TensorType, Tile
from compiler.lowering.operand import Operand, Result
from compiler.numerics.requantisation import choose_requantisation, requantise
from compiler.operators.movement import channels_first, emit_channels_last
from compiler.operators.registry import lowering
from compiler.operators.window import Pair, Window, node_window, split_shape, with_spatial

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/pooling.h"
NO_PADDING: tuple[Pair, Pair] = ((0, 0), (0, 0))


@dataclass(frozen=True)
class Pool(Operation):
    """What all poolings share: x [batch, spatial..., channels] with one or two spatial axes."""

    window: Window

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x = inputs[0]
        assert x is not None
        _, extents, channels = split_shape(x.shape)
        shape = with_spatial(x.shape, self.window.output(extents), channels)
        return (TensorType(x.data_type, shape),)


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest element of each window, or NaN if any is; int8 or float32. Padding is skipped."""

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        batches, extents, channels = split_shape(x.shape)
        image = x.reshape(batches, *extents, channels)
        lowest = -np.inf if x.dtype == np.float32 else -128
        best = np.full((batches, *self.window.output(extents), channels), lowest, x.dtype)
        for _, _, (rows, columns), (in_rows, in_columns) in self.window.taps(extents):
            value = image[:, in_rows, in_columns]
            part = best[:, rows, columns]
            np.copyto(part, value, where=(value > part) | (value != value))
        return (best.reshape(output.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        name = "tw_max_pool_f32" if x.data_type.is_float else "tw_max_pool_s8"
        return Kernel(name, HEADER, self.window.parameters(x.shape, outputs[0].shape))

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        (x,) = inputs
        assert x is not None
        window, read = self.window.tile(x.shape, box)
        return Tile(replace(self, window=window), (read,), box)


@dataclass(frozen=True)
class AveragePool(Pool):
    """What integer and float average pooling share.

    Attributes:
        counted: (begins, ends) of the padding whose taps count as zeros in the average.
    """

    counted: tuple[Pair, Pair]

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return (0, len(self.infer(inputs)[0].shape) - 1)

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x = inputs[0]
        assert x is not None
        read = Box.whole(x.shape)
        for axis in (0, -1):
            read = read.on(axis, box.begin[axis], box.end[axis])
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (read, *rest), box)

    def sums(self, x: Array, zero: float) -> Array:
        """Sums of `x - zero` over rows, then columns, of each window; dtype as x."""
        batches, extents, channels = split_shape(x.shape)
        image = x.reshape(batches, *extents, channels)
        total = np.zeros((batches, *self.window.output(extents), channels), x.dtype)
        for _, _, (rows, columns), (in_rows, in_columns) in self.window.taps(extents):
            part = image[:, in_rows, in_columns]
            total[:, rows, columns] += part - x.dtype.type(zero) if zero else part
        return total

    def counted_parameters(self) -> dict[str, int]:
        (top, left), (bottom, right) = self.counted
        return {
            "counted_top": top,
            "counted_left": left,
            "counted_bottom": bottom,
            "counted_right": right,
        }


def count_taps(window: Window, counted: tuple[Pair, Pair], extents: Pair) -> Array:
    """int64 [output rows, output columns]: taps that count in each window."""
    begins, ends = counted
    rows, columns = (
        window.counts(axis, extents[axis], begins[axis], ends[axis]) for axis in (0, 1)
    )
    return np.outer(rows, columns).astype(np.int64)


@dataclass(frozen=True)
class AveragePoolInt8(AveragePool):
    """Requantised mean of int8.

    Further inputs: scale uint32 and bias int32, one entry if every window counts `count` taps,
    else (`count` 0) one for each number of taps from 0 on.
    """

    count: int
    input_zero_point: int
    shift: int
    low: int
    high: int
    wide: bool
    output_zero_point: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, scale, bias = inputs
        assert x is not None and scale is not None and bias is not None
        (output,) = self.infer([TensorType.of(x)])
        index = count_taps(self.window, self.counted, split_shape(x.shape)[1])[:, :, None]
        if self.count:
            index = np.zeros_like(index)
        result = requantise(
            self.sums(x.astype(np.int32), self.input_zero_point),
            scale[index],
            bias[index],
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
            **self.counted_parameters(),
            "count": self.count,
            "input_zero_point": self.input_zero_point,
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
            "wide": int(self.wide),
            "output_zero_point": self.output_zero_point,
        }
        return Kernel("tw_average_pool_s8", HEADER, parameters)


@dataclass(frozen=True)
class AveragePoolFloat(AveragePool):
    """float32 mean: the sum over rows and columns, in this order, divided by the count."""

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        counts = count_taps(self.window, self.counted, split_shape(x.shape)[1]).astype(np.float32)
        return ((self.sums(x, 0.0) / counts[:, :, None]).reshape(output.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        parameters = self.window.parameters(x.shape, outputs[0].shape)
        return Kernel("tw_average_pool_f32", HEADER, parameters | self.counted_parameters())


@lowering(
    "MaxPool",
    description="1-D, 2-D and 3-D; strides, dilations, padding, ceil_mode; int8 or float32",
)
def lower_max_pool(node: OnnxNode, context: LoweringContext) -> None:
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        raise UnsupportedForm("its output Indices is used", "its first output")
    x = context.required(node, 0)
    window, _ = pool_window(node, context, x)
    _emit_max_pool(node, context, x, window)


@lowering("GlobalMaxPool", description="1-D, 2-D and 3-D; int8 or float32")
def lower_global_max_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    refuse_rank(x)
    _emit_max_pool(node, context, x, global_window(x.shape[2:]))


@lowering(
    "AveragePool",
    description="1-D, 2-D and 3-D; strides, dilations, padding, count_include_pad, ceil_mode; int8 "
    "or float32",
)
def lower_average_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    window, pads = pool_window(node, context, x)
    counted = pads if node.attribute("count_include_pad", 0) else NO_PADDING
    _emit_average(node, context, x, window, counted)


@lowering("GlobalAveragePool", description="1-D, 2-D and 3-D; int8 or float32")
def lower_global_average_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    refuse_rank(x)
    _emit_average(node, context, x, global_window(x.shape[2:]), NO_PADDING)


def _emit_max_pool(node: OnnxNode, context: LoweringContext, x: Operand, window: Window) -> None:
    then = channels_first(len(x.shape))
    type_ = context.model.tensors[node.output()].type
    if x.quantization is not None:
        # The maximum of stored values is that of real ones: the result keeps the parameters.
        result = Result(node.output(), type_, x.quantization)
        inputs = [emit_channels_last(node, context, context.stored(x))]
        context.emit_stored(node, MaxPool(window), inputs, result, then)
        return
    if not x.type.data_type.is_float:
        raise UnsupportedForm(
            f"its operand {x.name!r} is {x.type.data_type.value}",
            "float32, and int8 or uint8 between DequantizeLinear and QuantizeLinear",
        )
    inputs = [emit_channels_last(node, context, context.plain(x))]
    context.emit_plain(node, MaxPool(window), inputs, context.result(node), then)


def _emit_average(
    node: OnnxNode,
    context: LoweringContext,
    x: Operand,
    window: Window,
    counted: tuple[Pair, Pair],
) -> None:
    """Emits an average pooling of a tensor in the model's layout."""
    result = context.result(node)
    source = x.quantization if result.quantization is not None else None
    value = context.plain(x) if source is None else context.stored(x)
    value = emit_channels_last(node, context, value)
    then = channels_first(len(x.shape))
    emit_average(node, context, value, window, counted, source, result, then)


def emit_average(
    node: OnnxNode,
    context: LoweringContext,
    value: str,
    window: Window,
    counted: tuple[Pair, Pair],
    source: Quantization | None,
    result: Result,
    then: Operation,
    *,
    divide: bool = True,
) -> None:
    """Emits averages of windows over a value [batch, spatial..., channels].

    `source`: parameters of the value if it is int8; None if it is float32. `then` goes to the
    model's layout. Without `divide`, which int8 alone can do without, the results are sums.
    """
    target = result.quantization
    if source is None or target is None:
        assert divide
        context.emit_plain(node, AveragePoolFloat(window, counted), [value], result, then)
        return
    extents = split_shape(context.graph.values[value].type.shape)[1]
    operation, scale, bias = choose_average(
        window, counted, extents, source, target, result.clip, divide=divide
    )
    inputs = [
        value,
        context.constant(node, "scale", scale),
        context.constant(node, "bias", bias),
    ]
    context.emit_stored(node, operation, inputs, result, then)


def choose_average(
    window: Window,
    counted: tuple[Pair, Pair],
    extents: Pair,
    source: Quantization,
    target: Quantization,
    clip: tuple[int, int] = (-128, 127),
    *,
    divide: bool = True,
) -> tuple[AveragePoolInt8, Array, Array]:
    """The integer operation for images of the given extents, with its scale and bias.

    Without `divide` it computes sums of windows.
    """
    counts = count_taps(window, counted, extents)
    largest = int(counts.max(initial=1))
    uniform = bool((counts == largest).all())
    taps = np.array([largest]) if uniform else np.arange(largest + 1)
    constants = choose_requantisation(
        source.scale / (target.scale * (np.maximum(taps, 1) if divide else np.ones(taps.size))),
        255 * taps,
        np.zeros(taps.size, np.int64),
        target.zero_point,
    )
    operation = AveragePoolInt8(
        window,
        counted,
        largest if uniform else 0,
        source.zero_point,
        constants.shift,
        *clip,
        constants.wide,
        constants.output_zero_point,
    )
    return operation, constants.scale, constants.bias


def pool_window(
    node: OnnxNode, context: LoweringContext, x: Operand
) -> tuple[Window, tuple[Pair, Pair]]:
    """The window of a pooling node, and its (begins, ends) paddings as the model has them."""
    refuse_rank(x)
    kernel = node.attribute("kernel_shape", list[int]())
    shape = context.model.tensors[node.output()].type.shape
    window, pads = node_window(node, kernel, x.shape[2:], shape[2:])
    extents = split_shape((1, *x.shape[2:], 1))[1]
    if any(0 in window.counts(axis, extents[axis]) for axis in (0, 1)):
        raise UnsupportedForm(
            f"a window of {kernel} with padding {list(pads)} lies in the padding entirely",
            "windows that meet the input",
            "reduce the padding; with ceil_mode, use operator set 22, which drops such windows",
        )
    return window, pads


def global_window(spatial: Sequence[int]) -> Window:
    """The window that covers an image with the given one or two spatial extents."""
    _, extents, _ = split_shape((1, *spatial, 1))
    return Window(extents, (1, 1), (1, 1), (0, 0), (0, 0))


def refuse_rank(x: Operand) -> None:
    """Refuses what has more than two spatial axes, or none."""
    if len(x.shape) not in (3, 4):
        raise UnsupportedForm(f"it has {len(x.shape) - 2} spatial axes", "1-D, 2-D and 3-D pooling")
