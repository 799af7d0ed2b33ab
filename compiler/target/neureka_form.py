"""Which layers N-EUREKA can do, bit for bit as the cores do them, and in which form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Array, Graph, Node, TensorType
from compiler.numerics.requantisation import INT32_LIMIT
from compiler.operators.accelerated_conv import (
    UNSIGNED_HIGH,
    AcceleratedConvInt8,
    AcceleratedMatMulInt8,
    accelerate_conv,
    accelerate_matmul,
)
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import split_shape
from compiler.operators.windows import Windows
from compiler.target.neureka_job import MOST_PADDING_AFTER, MOST_PADDING_BEFORE, MOST_SHIFT

LEAST, MOST = -128, 127
ZERO_OF_UINT8 = -128
"""The int8 value whose uint8 equivalent is 0."""

_OFFSET = 128
_SMALL_SCALE = 255
_LARGEST_EXTENT = 0xFFFF


@dataclass(frozen=True)
class Layer:
    """A convolution or matrix product with constants, as cores compute it.

    Attributes:
        operation: what it is.
        x: type of its input; that of the windows, if they are made first.
        weights: int8 [outputs, ...].
        scale: uint32 [outputs].
        bias: int32 [outputs].
        windows: what cores make of the input, so that a convolution is a matrix product.
    """

    operation: ConvInt8 | MatMulInt8
    x: TensorType
    weights: Array
    scale: Array
    bias: Array
    windows: Windows | None = None

    @property
    def pads_after(self) -> bool:
        """Whether padding is read below or to the right of the input."""
        return isinstance(self.operation, ConvInt8) and max(self.operation.window.ends) > 0

    @property
    def clip(self) -> tuple[int, int] | None:
        """Bounds of the output, if they are narrower than those of int8."""
        bounds = self.operation.low, self.operation.high
        return None if bounds == (LEAST, MOST) else bounds

    @property
    def zero_point(self) -> int:
        """What padding reads as."""
        return self.operation.input_zero_point if isinstance(self.operation, ConvInt8) else 0


def layer_of(graph: Graph, node: Node) -> Layer | None:
    """The layer that a node is, if it is one."""
    if not isinstance(node.operation, (ConvInt8, MatMulInt8)):
        return None
    x = graph.input_types(node)[0]
    constants = [graph.values[name].constant if name else None for name in node.inputs[1:]]
    weights, scale, bias = constants
    if x is None or weights is None or scale is None or bias is None:
        return None
    return Layer(node.operation, x, weights, scale, bias)


def windowed(layer: Layer) -> Layer | None:
    """A convolution as a product of its windows, if it has one group."""
    conv = layer.operation
    if not isinstance(conv, ConvInt8) or conv.groups != 1 or conv.window.kernel == (1, 1):
        return None
    windows = Windows(conv.window, conv.input_zero_point & 0xFF)
    product = MatMulInt8(conv.shift, conv.low, conv.high, conv.wide, conv.output_zero_point)
    flat = layer.weights.reshape(len(layer.weights), -1)
    return Layer(product, windows.infer([layer.x])[0], flat, layer.scale, layer.bias, windows)


def reason_against(layer: Layer) -> str | None:
    """Why the accelerator cannot do a layer; None if it can, possibly with strides of 1 only."""
    operation = layer.operation
    if operation.wide:
        return "the accelerator's requantisation has 32 bits"
    if operation.shift > MOST_SHIFT:
        return f"it shifts by {operation.shift} bits, the accelerator by at most {MOST_SHIFT}"
    return _reason_against_window(operation, layer) if isinstance(operation, ConvInt8) else None


def _reason_against_window(conv: ConvInt8, layer: Layer) -> str | None:
    window = conv.window
    rows, columns = window.kernel
    if window.kernel not in ((1, 1), (3, 3)):
        return f"its kernel is {rows}x{columns}, the accelerator's are 1x1 and 3x3"
    if window.dilations != (1, 1) and window.kernel != (1, 1):
        return "its kernel is dilated"
    if conv.groups > 1:
        depthwise = conv.groups == layer.x.shape[-1] == len(layer.weights)
        if not depthwise:
            return f"it has {conv.groups} groups, the accelerator has 1 or one per channel"
        if window.kernel == (1, 1):
            return "it is depthwise with a kernel of 1x1"
    if window.kernel == (1, 1) and max(*window.begins, *window.ends) > 0:
        return "it is 1x1 with padding"
    if max(window.begins) > MOST_PADDING_BEFORE or max(window.ends) > MOST_PADDING_AFTER:
        return f"its padding is {window.begins} before and {window.ends} after"
    extents = split_shape(layer.x.shape)[1]
    if max(extents) > _LARGEST_EXTENT:
        return f"its input has {extents[0]} by {extents[1]} pixels"
    return None


def can_be(layer: Layer, *, unsigned_input: bool, unsigned_output: bool) -> bool:
    """Whether nothing leaves int32 with uint8 for int8, whose values are greater by 128."""
    weights = layer.weights.astype(np.int64).reshape(len(layer.weights), -1)
    positive, negative = np.maximum(weights, 0).sum(1), np.minimum(weights, 0).sum(1)
    least, most = (0, MOST + _OFFSET) if unsigned_input else (LEAST, MOST)
    sums = np.stack([least * positive + most * negative, most * positive + least * negative])
    products = sums * layer.scale.astype(np.int64)
    bias = _bias(layer, unsigned_input=unsigned_input, unsigned_output=unsigned_output)
    return all(
        bool(np.all(np.abs(values) < INT32_LIMIT)) for values in (products, bias, products + bias)
    )


def accelerated(
    layer: Layer, *, unsigned_input: bool, unsigned_output: bool
) -> tuple[AcceleratedConvInt8 | AcceleratedMatMulInt8, tuple[Array, Array, Array]]:
    """A layer for the accelerator: operation; weights, scale and bias.

    A 3x3 convolution with strides gets strides of 1: of its output every so manieth pixel counts.
    Outputs have all of their type's values: `Layer.clip` is left to the cores.
    """
    low, high = (0, UNSIGNED_HIGH) if unsigned_output else (LEAST, MOST)
    operation = replace(layer.operation, low=low, high=high)
    bias = _bias(layer, unsigned_input=unsigned_input, unsigned_output=unsigned_output)
    scale = layer.scale
    if int(scale.max(initial=0)) <= _SMALL_SCALE:
        scale = scale.astype(np.uint8)
    if isinstance(operation, MatMulInt8):
        result, packed = accelerate_matmul(operation, layer.weights)
    elif _is_plain_product(operation):
        product = MatMulInt8(operation.shift, low, high, wide=False, output_zero_point=0)
        flat = layer.weights.reshape(len(layer.weights), -1)
        result, packed = accelerate_matmul(product, flat)
    else:
        if unsigned_input:
            zero_point = operation.input_zero_point + _OFFSET
            operation = replace(operation, input_zero_point=zero_point)
        if operation.window.kernel != (1, 1):
            operation = replace(operation, window=replace(operation.window, strides=(1, 1)))
        result, packed = accelerate_conv(operation, layer.weights)
    return result, (packed, scale, bias.astype(np.int32))


def steps_of(layer: Layer) -> tuple[int, int]:
    """Which rows and columns count of what the accelerator computes, if not all do."""
    if isinstance(layer.operation, ConvInt8) and layer.operation.window.kernel != (1, 1):
        return layer.operation.window.strides
    return (1, 1)


def _bias(layer: Layer, *, unsigned_input: bool, unsigned_output: bool) -> Array:
    """int64; corrected for inputs that are greater by 128, and for such outputs."""
    bias = layer.bias.astype(np.int64)
    if unsigned_input:
        sums = layer.weights.astype(np.int64).reshape(len(layer.weights), -1).sum(1)
        bias = bias - _OFFSET * sums * layer.scale.astype(np.int64)
    if unsigned_output:
        bias = bias + (_OFFSET << layer.operation.shift)
    return bias


def _is_plain_product(conv: ConvInt8) -> bool:
    """Whether every output pixel is the product of the input's pixel at the same place."""
    window = conv.window
    return window.kernel == window.strides == (1, 1) and window.ends == (0, 0) == window.begins
