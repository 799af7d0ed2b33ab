"""Relu, Clip and LeakyRelu that no other operation absorbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.lowering.operand import Operand
from compiler.numerics.floating import clip_float
from compiler.operators.binary_function import BinaryFunction, require
from compiler.operators.cast import INTEGERS, converted, emit_narrowed
from compiler.operators.registry import lowering
from compiler.operators.table import Table, build_table

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/activation.h"


class Pointwise(Operation):
    """A float32 function of every element."""

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type.is_float
        return (x,)

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(range(len(x.shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@dataclass(frozen=True)
class ClipFloat(Pointwise):
    """float32 saturated to [minimum, maximum]; NaN stays."""

    minimum: float
    maximum: float

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (clip_float(x, self.minimum, self.maximum),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "elements": outputs[0].elements,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        return Kernel("tw_clip_f32", HEADER, parameters)


@dataclass(frozen=True)
class LeakyReluFloat(Pointwise):
    """float32 `x < 0 ? x * slope : x`."""

    slope: float

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        with np.errstate(over="ignore"):
            return (np.where(x < 0, x * np.float32(self.slope), x),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {"elements": outputs[0].elements, "slope": self.slope}
        return Kernel("tw_leaky_relu_f32", HEADER, parameters)


@lowering("Relu", description="fused into the operation before it, or a table; int8 or float32")
def lower_relu(node: OnnxNode, context: LoweringContext) -> None:
    emit_unary(node, context, ClipFloat(0.0, inf), lambda x: np.maximum(x, 0.0))


@lowering(
    "Clip",
    description="quantised, float32 and integers but uint32 and uint64; bounds constant, at run "
    "time or absent",
)
def lower_clip(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    operands = [context.operand(node, index) for index in (1, 2)]
    constant = all(operand is None or operand.constant is not None for operand in operands)
    if not constant or not x.type.data_type.is_float:
        _emit_bounds(node, context, x, operands)
        return
    low, high = (
        limit if operand is None or operand.constant is None else float(operand.constant.item())
        for operand, limit in zip(operands, (-inf, inf), strict=True)
    )
    emit_unary(node, context, ClipFloat(low, high), lambda x: np.minimum(np.maximum(x, low), high))


def _emit_bounds(
    node: OnnxNode, context: LoweringContext, x: Operand, bounds: Sequence[Operand | None]
) -> None:
    """The larger of x and the lower bound, then the smaller of that and the upper one."""
    require(x, (DataType.FLOAT32, *INTEGERS))
    computed = DataType.FLOAT32 if x.type.data_type.is_float else DataType.INT32
    given = [
        (function, bound)
        for function, bound in zip(("maximum", "minimum"), bounds, strict=True)
        if bound is not None
    ]
    if not given:
        context.alias(node, x)
        return
    result = context.result(node)
    value = converted(node, context, x, computed)
    for index, (function, bound) in enumerate(given):
        inputs = [value, converted(node, context, bound, computed)]
        operation = BinaryFunction((0,), function)
        if index + 1 < len(given):
            value = context.emit_value(node, function, operation, inputs)
        else:
            emit_narrowed(node, context, operation, inputs, result)


@lowering("LeakyRelu", description="int8 or float32")
def lower_leaky_relu(node: OnnxNode, context: LoweringContext) -> None:
    slope = node.attribute("alpha", 0.01)
    emit_unary(node, context, LeakyReluFloat(slope), lambda x: np.where(x < 0, x * slope, x))


def emit_unary(
    node: OnnxNode,
    context: LoweringContext,
    operation: Operation,
    function: Callable[[Array], Array],
) -> None:
    """Emits a unary function of input 0: `operation` in float32, or a table of `function`."""
    x = context.required(node, 0)
    if not x.type.data_type.is_float:
        raise UnsupportedForm(
            f"its operand {x.name!r} is {x.type.data_type.value}",
            "float32, and int8 or uint8 between DequantizeLinear and QuantizeLinear",
        )
    result = context.result(node)
    if x.quantization is not None and result.quantization is not None:
        table = build_table(function, x.quantization, result.quantization)
        inputs = [context.stored(x), context.constant(node, "table", table)]
        context.emit_stored(node, Table(), inputs, result)
    else:
        context.emit_plain(node, operation, [context.plain(x)], result)
