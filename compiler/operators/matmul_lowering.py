"""Which operation computes a product with constant weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Operation
from compiler.lowering.operand import Operand, Result
from compiler.lowering.quantization import centred_weights, requantise_sums
from compiler.operators.matmul import MatMulInt8
from compiler.operators.weight_only_matmul import ProductWeights

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


def emit_matmul(
    node: OnnxNode,
    context: LoweringContext,
    left: Operand,
    steps: Sequence[Operation],
    weights: Operand,
    bias: Operand | None,
    result: Result,
    then: Operation | None,
) -> None:
    """Emits `left x weights + bias`: integer if all operands are quantised, else float32.

    In float32 too, weights that the model stores in 8 bits or fewer stay so.

    `left` becomes [..., K] by `steps`; `weights` is constant, [N, K]; `bias` is constant, [N] after
    broadcast; `then` brings [..., N] into the result's shape.
    """
    if _emit_integer(node, context, left, steps, weights, bias, result, then):
        return
    assert weights.constant is not None
    rows = _rows(node, context, context.plain(left), steps)
    product = ProductWeights(weights.constant, weights.weights)
    operation, operands = product.product(result.minimum, result.maximum)
    row = None
    if bias is not None and bias.constant is not None:
        broadcast = np.broadcast_to(bias.constant.astype(np.float32), weights.shape[:1])
        row = np.ascontiguousarray(broadcast)
    constants = (
        None if data is None else context.constant(node, role, data)
        for role, data in {**operands, "bias": row}.items()
    )
    context.emit_plain(node, operation, [rows, *constants], result, then)


def _rows(node: OnnxNode, context: LoweringContext, value: str, steps: Sequence[Operation]) -> str:
    for step in steps:
        value = context.emit_value(node, "rows", step, [value])
    return value


def _emit_integer(
    node: OnnxNode,
    context: LoweringContext,
    left: Operand,
    steps: Sequence[Operation],
    weights: Operand,
    bias: Operand | None,
    result: Result,
    then: Operation | None,
) -> bool:
    if left.quantization is None or weights.weights is None or result.quantization is None:
        return False
    centred = centred_weights(weights.weights, 0)
    if centred is None:
        return False
    stored = np.ascontiguousarray(centred[0])
    columns = stored.shape[:1]
    row = None if bias is None or bias.constant is None else np.broadcast_to(bias.constant, columns)
    constants = requantise_sums(stored, centred[1], row, left.quantization, result.quantization)
    if constants is None:
        return False
    low, high = result.clip
    operation = MatMulInt8(constants.shift, low, high, constants.wide, constants.output_zero_point)
    inputs = [
        _rows(node, context, context.stored(left), steps),
        context.constant(node, "weights", stored),
        context.constant(node, "scale", constants.scale),
        context.constant(node, "bias", constants.bias),
    ]
    context.emit_stored(node, operation, inputs, result, then)
    return True
