"""ConvTranspose with constant weights in one and two dimensions, as a convolution.

Each output sums the taps of the inputs that reach it. With `stride - 1` zeros put between the
input's elements that is a convolution of stride 1 with the kernel mirrored along its spatial axes
and input and output channels exchanged within each group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Operation
from compiler.lowering.operand import QuantizedConstant
from compiler.lowering.quantization import centred_weights
from compiler.operators.conv import Convolution, conv_operands, emit_convolution
from compiler.operators.movement import Pad
from compiler.operators.registry import lowering
from compiler.operators.view import View
from compiler.operators.window import Window, pair, window_attributes

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class _Geometry:
    """Zeros between the input's elements, and around them: one entry for each spatial axis.

    Attributes:
        strides: distance of neighbouring input elements afterwards.
        begins, ends: elements added in front and behind; negative ones are cut off.
        window: the convolution of what results.
    """

    strides: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    window: Window


@lowering(
    "ConvTranspose",
    description="1-D and 2-D with constant weights and bias; groups, strides, dilations, padding, "
    "output_padding; int8 or float32",
)
def lower_conv_transpose(node: OnnxNode, context: LoweringContext) -> None:
    x, weights, bias = conv_operands(node, context)
    groups = node.attribute("group", 1)
    output = context.model.tensors[node.output()].type.shape
    geometry = _geometry(node, weights.shape[2:], x.shape[2:], output[2:])
    assert weights.constant is not None
    wanted = Convolution(
        x,
        geometry.window,
        groups,
        mirrored(weights.constant, groups),
        None if weights.weights is None else _centred(weights.weights, groups),
        bias,
        lambda value, fill: _emit_spread(node, context, value, geometry, fill),
    )
    emit_convolution(node, context, wanted)


def mirrored(weights: Array, groups: int) -> Array:
    """[inputs, outputs / groups, spatial...] to a convolution's [outputs, inputs / groups, ...]."""
    inputs, outputs = weights.shape[:2]
    grouped = weights.reshape(groups, inputs // groups, outputs, *weights.shape[2:])
    exchanged = grouped.swapaxes(1, 2).reshape(
        groups * outputs, inputs // groups, *weights.shape[2:]
    )
    return np.ascontiguousarray(np.flip(exchanged, tuple(range(2, weights.ndim))))


def _geometry(
    node: OnnxNode, kernel: Sequence[int], inputs: Sequence[int], outputs: Sequence[int]
) -> _Geometry:
    rank = len(kernel)
    strides, dilations, pads, mode = window_attributes(node, rank)
    extra = node.attribute("output_padding", [0] * rank)
    if mode not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise UnsupportedForm(f"its auto_pad is {mode}", "NOTSET, VALID, SAME_UPPER, SAME_LOWER")
    reach = [dilations[a] * (kernel[a] - 1) for a in range(rank)]
    spread = [strides[a] * (inputs[a] - 1) + 1 for a in range(rank)]
    if mode == "VALID":
        pads = [0] * (2 * rank)
    elif mode != "NOTSET" or "output_shape" in node.attributes:
        # ONNX settles the output's extent and lets it imply the padding.
        totals = [spread[a] + extra[a] + reach[a] - outputs[a] for a in range(rank)]
        upper = mode == "SAME_UPPER"
        begins = [total // 2 if upper else total - total // 2 for total in totals]
        pads = begins + [totals[a] - begins[a] for a in range(rank)]
    begins = [reach[a] - pads[a] for a in range(rank)]
    ends = [outputs[a] + reach[a] - spread[a] - begins[a] for a in range(rank)]
    window = Window(pair(kernel, 1), (1, 1), pair(dilations, 1), (0, 0), (0, 0))
    return _Geometry(tuple(strides), tuple(begins), tuple(ends), window)


def _emit_spread(
    node: OnnxNode, context: LoweringContext, value: str, geometry: _Geometry, fill: int
) -> str:
    """Puts zeros between and around the elements of [batch, spatial..., channels]."""

    def emit(value: str, operation: Operation) -> str:
        return context.emit_value(node, "spread", operation, [value])

    batch, *spatial, channels = context.graph.values[value].type.shape
    strides = geometry.strides
    if any(stride > 1 for stride in strides):
        apart = [extent for pair in ((e, 1) for e in spatial) for extent in pair]
        behind = [amount for stride in strides for amount in (0, stride - 1)]
        value = emit(value, View((batch, *apart, channels)))
        value = emit(value, Pad((0,) * (len(behind) + 2), (0, *behind, 0), fill))
        spatial = [extent * stride for extent, stride in zip(spatial, strides, strict=True)]
        value = emit(value, View((batch, *spatial, channels)))
    # The zeros behind the last element belong to the padding.
    ends = [end - (stride - 1) for end, stride in zip(geometry.ends, strides, strict=True)]
    if any((*geometry.begins, *ends)):
        value = emit(value, Pad((0, *geometry.begins, 0), (0, *ends, 0), fill))
    return value


def _centred(weights: QuantizedConstant, groups: int) -> tuple[Array, Array] | None:
    """`centred_weights` of the mirrored weights; None if scales are not for output channels.

    With groups, an index of axis 1 stands for one output channel of every group.
    """
    if weights.axis not in (None, 1):
        return None
    scale, zero_point = weights.scale, weights.zero_point
    if scale.size > 1:
        scale, zero_point = np.tile(scale, groups), np.tile(zero_point, groups)
    stored = mirrored(weights.stored, groups)
    axis = None if weights.axis is None else 0
    return centred_weights(
        replace(weights, stored=stored, scale=scale, zero_point=zero_point, axis=axis), 0
    )
