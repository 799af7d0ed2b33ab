"""Softmax and LogSoftmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log2, prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Array, Box, DataType, Kernel, Operation, Quantization, TensorType, Tile
from compiler.numerics import elementary
from compiler.numerics.elementary import ordered_sum
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/softmax.h"
MAXIMUM_EXTENT = 32768
"""Longest axis of the integer form: shifts must stay below 64."""
EXPONENTIAL_BITS = 24
MAXIMUM_SCALE_BITS = 8
"""Most fractional bits of 1 / s_y: rounding it then moves no result by more than 2^-9 steps."""
MINIMUM_OUTPUT_SCALE = 2.0**-23
"""Below this, half a unit of the table (2^-25 of the sum) would be more than 1/4 LSB."""


def _rows(x: Array, axis: int) -> Array:
    """x as [outer, extent, inner]."""
    return x.reshape(prod(x.shape[:axis]), x.shape[axis], -1)


def _extents(x: TensorType, axis: int) -> dict[str, int]:
    return {
        "outer": prod(x.shape[:axis]),
        "extent": x.shape[axis],
        "inner": prod(x.shape[axis + 1 :]),
    }


@dataclass(frozen=True)
class SoftmaxInt8(Operation):
    """int8 Softmax in integers (docs/numerics.md).

    Inputs: x int8 of any shape; exponentials uint32 [256]. Output: int8, shaped like x. `scale` is
    1 / s_y with `shift - 31` fractional bits.
    """

    axis: int
    scale: int
    shift: int
    output_zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, exponentials = inputs
        assert x is not None and exponentials == TensorType(DataType.UINT32, (256,))
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, exponentials = inputs
        assert x is not None and exponentials is not None
        stored = _rows(x, self.axis).astype(np.int64)
        e = exponentials.astype(np.int64)[stored.max(axis=1, keepdims=True) - stored]
        total = e.sum(axis=1, keepdims=True)
        excess = np.maximum(np.frexp(total.astype(np.float64))[1] - 16, 0).astype(np.int64)
        divisor = (total + ((1 << excess) >> 1)) >> excess
        factor = ((1 << 31) + divisor // 2) // divisor * self.scale
        shift = self.shift + excess
        steps = ((e * factor + (1 << (shift - 1))) >> shift) + self.output_zero_point
        return (np.minimum(steps, 127).astype(np.int8).reshape(x.shape),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(axis for axis in range(len(x.shape)) if axis != self.axis)

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            **_extents(outputs[0], self.axis),
            "scale": self.scale,
            "shift": self.shift,
            "output_zero_point": self.output_zero_point,
        }
        return Kernel("tw_softmax_s8", HEADER, parameters)


@dataclass(frozen=True)
class SoftmaxFloat(Operation):
    """float32 Softmax, or its logarithm. Exponentials are added in ascending order."""

    axis: int
    logarithm: bool = False

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type.is_float
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        with np.errstate(all="ignore"):
            rows = _rows(x, self.axis)
            centred = rows - rows.max(axis=1, keepdims=True)
            e = elementary.exp(centred)
            total = ordered_sum(e, 1)[:, None]
            if self.logarithm:
                return ((centred - elementary.log(total)).reshape(x.shape),)
            return ((e * (np.float32(1.0) / total)).reshape(x.shape),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(axis for axis in range(len(x.shape)) if axis != self.axis)

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        function = "tw_log_softmax_f32" if self.logarithm else "tw_softmax_f32"
        return Kernel(function, HEADER, _extents(outputs[0], self.axis))


def integer_form(
    axis: int, extent: int, source: Quantization, target: Quantization
) -> tuple[SoftmaxInt8, Array] | None:
    """The integer operation and its table; None if its range does not suffice."""
    if extent > MAXIMUM_EXTENT or target.scale < MINIMUM_OUTPUT_SCALE:
        return None
    distance = np.arange(256, dtype=np.float64)
    exponentials = np.rint(2.0**EXPONENTIAL_BITS * np.exp(-source.scale * distance)).astype(
        np.uint32
    )
    scale_bits = min(MAXIMUM_SCALE_BITS, 15 + floor(log2(target.scale)))
    scale = int(np.rint(2.0**scale_bits / target.scale))
    if scale >= 1 << 16:
        scale_bits -= 1
        scale = int(np.rint(2.0**scale_bits / target.scale))
    return SoftmaxInt8(axis, scale, 31 + scale_bits, target.zero_point), exponentials


@lowering("Softmax", description="any axis; int8 or float32")
def lower_softmax(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    axis = node.attribute("axis", -1) % len(x.shape)
    result = context.result(node)
    if x.is_int8 and x.quantization is not None and result.quantization is not None:
        form = integer_form(axis, x.shape[axis], x.quantization, result.quantization)
        if form is not None:
            operation, exponentials = form
            inputs = [context.stored(x), context.constant(node, "exponentials", exponentials)]
            context.emit_stored(node, operation, inputs, result)
            return
    context.emit_plain(node, SoftmaxFloat(axis), [context.plain(x)], result)


@lowering("LogSoftmax", description="any axis; float32 arithmetic")
def lower_log_softmax(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    axis = node.attribute("axis", -1) % len(x.shape)
    operation = SoftmaxFloat(axis, logarithm=True)
    context.emit_plain(node, operation, [context.plain(x)], context.result(node))
