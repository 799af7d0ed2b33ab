"""Gemm with constant weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.lowering.operand import Operand
from compiler.operators.matmul import emit_matmul
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@lowering(
    "Gemm",
    description="constant weights (transB or not) and bias, alpha, beta; int8 or float32",
)
def lower_gemm(node: OnnxNode, context: LoweringContext) -> None:
    left, right = context.required(node, 0), context.required(node, 1)
    bias = context.operand(node, 2)
    if node.attribute("transA", 0):
        raise UnsupportedForm(
            "its first operand is transposed (transA)",
            "transA 0",
            "put a Transpose before it, or swap the operands",
        )
    for role, operand in (("weights", right), ("bias", bias)):
        if operand is not None and operand.constant is None:
            raise UnsupportedForm(
                f"its {role} {operand.name!r} are computed at run time", f"constant {role}"
            )
    right = _scaled(right, node.attribute("alpha", 1.0))
    if bias is not None:
        bias = _row(_scaled(bias, node.attribute("beta", 1.0)), left.shape[0])
    emit_matmul(node, context, left, right, bias, transposed=bool(node.attribute("transB", 0)))


def _scaled(operand: Operand, factor: float) -> Operand:
    """A constant times a factor; if that is positive, quantised weights only change their scale."""
    if factor == 1.0:
        return operand
    assert operand.constant is not None
    weights = operand.weights
    if weights is not None:
        weights = replace(weights, scale=weights.scale * factor) if factor > 0 else None
    return replace(operand, constant=operand.constant * np.float32(factor), weights=weights)


def _row(bias: Operand, rows: int) -> Operand:
    """The bias as one row, which is added to every row of the product."""
    assert bias.constant is not None
    if len(bias.shape) == 2 and bias.shape[0] != 1:
        raise UnsupportedForm(
            f"its bias {bias.name!r} is {list(bias.shape)}: it differs from row to row",
            "[N], [1, N] and scalars" + (" for more than one row" if rows > 1 else ""),
            "add it with an Add",
        )
    return replace(bias, constant=bias.constant.reshape(-1))
