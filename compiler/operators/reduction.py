"""Reductions over constant axes: sums, means, products, extremes and norms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.lowering.operand import Operand, Result
from compiler.numerics.elementary import ordered_sum
from compiler.operators.movement import Transpose, emit_channels_last
from compiler.operators.pooling import NO_PADDING, emit_average, global_window
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK
from compiler.operators.view import View

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/reduction.h"
SUFFIXES = {DataType.FLOAT32: "f32", DataType.INT32: "s32", DataType.INT8: "s8"}
FLOAT, INTEGER, ALL = ("f32",), ("f32", "s32"), ("f32", "s32", "s8")
KERNELS = {
    "sum": INTEGER,
    "product": INTEGER,
    "l1": FLOAT,
    "l2": FLOAT,
    "square_sum": FLOAT,
    "maximum": ALL,
    "minimum": ALL,
}
"""Element types, as in names of kernels, for which `tw_reduce_<function>_<type>` exists."""


@dataclass(frozen=True)
class Reduce(Operation):
    """`function` (a key of `KERNELS`) of all elements along the middle of [outer, extent, inner].

    Input: any tensor of outer * extent * inner elements. Output: of the same type, in `shape`,
    which has outer * inner elements. Sums and products of float32 run in ascending order from 0 and
    1; those of int32 are modulo 2^32. A maximum or minimum is NaN if any element is.
    """

    function: str
    outer: int
    extent: int
    inner: int
    shape: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.elements == self.outer * self.extent * self.inner
        assert prod(self.shape) == self.outer * self.inner and self.extent > 0
        return (TensorType(x.data_type, self.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        with np.errstate(all="ignore"):
            reduced = self._reduced(x.reshape(self.outer, self.extent, self.inner))
        return (reduced.reshape(self.shape),)

    def _reduced(self, x: Array) -> Array:
        if self.function in ("maximum", "minimum"):
            # argmax and argmin take the first of equals (zeros have signs), and NaN if there is one
            index = x.argmax(axis=1) if self.function == "maximum" else x.argmin(axis=1)
            return np.take_along_axis(x, index[:, None, :], axis=1)
        if x.dtype == np.int32:
            unsigned = x.view(np.uint32)
            if self.function == "product":
                return unsigned.prod(axis=1, dtype=np.uint32).view(np.int32)
            return unsigned.sum(axis=1, dtype=np.uint32).view(np.int32)
        if self.function == "product":
            return np.take(np.multiply.accumulate(x, axis=1), -1, axis=1)
        if self.function == "l2":
            return np.sqrt(ordered_sum(x * x, 1))
        terms = {"sum": x, "l1": np.abs(x), "square_sum": x * x}
        return ordered_sum(terms[self.function], 1)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {"outer": self.outer, "extent": self.extent, "inner": self.inner}
        name = f"tw_reduce_{self.function}_{SUFFIXES[outputs[0].data_type]}"
        return Kernel(name, HEADER, parameters)


OPERATORS = {
    "ReduceSum": "sum",
    "ReduceProd": "product",
    "ReduceMax": "maximum",
    "ReduceMin": "minimum",
    "ReduceL1": "l1",
    "ReduceL2": "l2",
    "ReduceSumSquare": "square_sum",
}
"""The function of each ONNX operator."""


@lowering("ReduceMean", description="constant axes; int8 or float32")
def lower_reduce_mean(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    axes = reduced_axes(node, context, x)
    if not axes:
        context.alias(node, x)
        return
    _refuse_type(x, FLOAT)
    _emit_average(node, context, x, axes, context.result(node), divide=True)


@lowering(
    "ReduceSum",
    "ReduceMax",
    "ReduceMin",
    description="constant axes; int8, float32 or int32 (sums modulo 2^32)",
)
@lowering("ReduceProd", description="constant axes; float32 or int32 (modulo 2^32)")
@lowering("ReduceL1", "ReduceL2", "ReduceSumSquare", description="constant axes; float32")
def lower_reduce(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    function = OPERATORS[node.operator]
    axes = reduced_axes(node, context, x)
    if not axes:
        if KERNELS[function] == FLOAT:
            raise UnsupportedForm(
                "it reduces no axes", "at least one axis", "replace it by Abs, or by Mul"
            )
        context.alias(node, x)
        return
    _refuse_type(x, KERNELS[function])
    type_ = context.model.tensors[node.output()].type
    if function in ("maximum", "minimum") and x.is_int8:
        # Extremes of stored values are those of real ones: the result keeps the parameters.
        result = Result(node.output(), type_, x.quantization)
        value, extents = neighbouring(node, context, context.stored(x), axes)
        operation = Reduce(function, *extents, type_.shape)
        context.emit_stored(node, operation, [value], result)
        return
    result = context.result(node)
    if function == "sum" and x.is_int8 and result.quantization is not None:
        _emit_average(node, context, x, axes, result, divide=False)
        return
    value, extents = neighbouring(node, context, context.plain(x), axes)
    context.emit_plain(node, Reduce(function, *extents, type_.shape), [value], result)


def _emit_average(
    node: OnnxNode,
    context: LoweringContext,
    x: Operand,
    axes: list[int],
    result: Result,
    *,
    divide: bool,
) -> None:
    """Emits a mean, or a sum of int8, as a pooling with one window."""
    source = x.quantization if x.is_int8 and result.quantization is not None else None
    value = context.plain(x) if source is None else context.stored(x)
    if len(x.shape) == 4 and axes == [2, 3]:
        window = global_window(x.shape[2:])
        value = emit_channels_last(node, context, value)
    else:
        value, (outer, extent, inner) = neighbouring(node, context, value, axes)
        window = global_window((extent,))
        value = context.emit_value(node, "rows", View((outer, extent, inner)), [value])
    then = View(context.model.tensors[node.output()].type.shape)
    emit_average(node, context, value, window, NO_PADDING, source, result, then, divide=divide)


def neighbouring(
    node: OnnxNode, context: LoweringContext, value: str, axes: list[int]
) -> tuple[str, tuple[int, int, int]]:
    """(value, (outer, extent, inner)) such that the reduced axes are the middle one.

    Axes that are apart are moved to the end by a transpose, in their order.
    """
    shape = context.graph.values[value].type.shape
    reduced = [axis for axis in axes if shape[axis] > 1]
    kept = [axis for axis, extent in enumerate(shape) if extent > 1 and axis not in reduced]
    extent = prod(shape[axis] for axis in reduced)
    before = prod(shape[axis] for axis in kept if not reduced or axis < reduced[0])
    after = prod(shape[axis] for axis in kept if reduced and axis > reduced[-1])
    if before * extent * after == prod(shape):
        return value, (before, extent, after)
    if len(shape) > RANK:
        raise UnsupportedForm(
            f"it reduces axes {axes} of {len(shape)}",
            f"neighbouring axes, or a tensor of up to {RANK} axes",
            "reduce in steps",
        )
    others = [axis for axis in range(len(shape)) if axis not in axes]
    transpose = Transpose((*others, *axes))
    value = context.emit_value(node, "reduced_last", transpose, [value])
    return value, (prod(shape) // extent, extent, 1)


def reduced_axes(node: OnnxNode, context: LoweringContext, x: Operand) -> list[int]:
    """The axes, from the attribute or the operand, counted from 0 and sorted."""
    if 0 in x.shape:
        raise UnsupportedForm(f"its operand {x.name!r} is {x.type}", "tensors with elements")
    rank = len(x.shape)
    axes = node.attribute("axes", list[int]())
    operand = context.operand(node, 1)
    if operand is not None:
        if operand.constant is None:
            raise UnsupportedForm("its axes are computed at run time", "constant axes")
        axes = [int(axis) for axis in operand.constant.reshape(-1)]
    if not axes and not node.attribute("noop_with_empty_axes", 0):
        axes = list(range(rank))
    return sorted({axis % rank for axis in axes})


def _refuse_type(x: Operand, kernels: tuple[str, ...]) -> None:
    integers = (DataType.INT32, DataType.INT64)
    if x.type.data_type is DataType.FLOAT32 or (x.type.data_type in integers and "s32" in kernels):
        return
    raise UnsupportedForm(f"its operand {x.name!r} is {x.type.data_type.value}")
