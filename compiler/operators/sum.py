"""Sum and Mean of any number of tensors with broadcasting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import DataType
from compiler.lowering.operand import Operand
from compiler.operators.binary import Arithmetic, lower_add, require_walk
from compiler.operators.binary_function import BinaryFunction, require
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@lowering(
    "Sum",
    description="broadcasting up to 6 axes; two quantised tensors as Add, else float32 arithmetic",
)
def lower_sum(node: OnnxNode, context: LoweringContext) -> None:
    operands = _operands(node, context)
    if len(operands) == 1:
        context.alias(node, operands[0])
    elif len(operands) == 2:
        lower_add(node, context)
    else:
        *others, last = operands
        shape, value = _total(node, context, others)
        result = context.result(node, fuse_clip=True)
        shapes = (shape, last.shape)
        full = tuple(side for side, extents in enumerate(shapes) if extents == result.shape)
        add = Arithmetic(full, "add", result.minimum, result.maximum)
        context.emit_plain(node, add, [value, context.plain(last)], result)


@lowering("Mean", description="broadcasting up to 6 axes; float32 arithmetic")
def lower_mean(node: OnnxNode, context: LoweringContext) -> None:
    operands = _operands(node, context)
    if len(operands) == 1:
        context.alias(node, operands[0])
        return
    _, value = _total(node, context, operands)
    count = context.constant(node, "count", np.array(len(operands), np.float32))
    divide = BinaryFunction((0,), "divide")
    context.emit_plain(node, divide, [value, count], context.result(node))


def _operands(node: OnnxNode, context: LoweringContext) -> list[Operand]:
    operands = [context.required(node, index) for index in range(len(node.inputs))]
    for operand in operands:
        require(operand, (DataType.FLOAT32,))
    require_walk(*operands)
    return operands


def _total(
    node: OnnxNode, context: LoweringContext, operands: list[Operand]
) -> tuple[tuple[int, ...], str]:
    """Shape and value of the sum in float32, from the first operand to the last."""
    shape, value = operands[0].shape, context.plain(operands[0])
    for index, operand in enumerate(operands[1:], 1):
        shapes = (shape, operand.shape)
        shape = tuple(int(extent) for extent in np.broadcast_shapes(*shapes))
        full = tuple(side for side, extents in enumerate(shapes) if extents == shape)
        inputs = [value, context.plain(operand)]
        value = context.emit_value(node, f"of_{index + 1}", Arithmetic(full, "add"), inputs)
    return shape, value
