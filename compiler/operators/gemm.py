"""Gemm: a matrix product with an addend, both with factors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.lowering.operand import Operand
from compiler.operators.binary import Arithmetic
from compiler.operators.contraction import (
    Contraction,
    Side,
    contraction,
    contraction_value,
    emit_contraction,
)
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@lowering(
    "Gemm",
    description="transA, transB, alpha, beta; int8 (a bias per column must be constant) or float32",
)
def lower_gemm(node: OnnxNode, context: LoweringContext) -> None:
    left, right = context.required(node, 0), context.required(node, 1)
    bias = context.operand(node, 2)
    transposed = int(node.attribute("transA", 0)), int(node.attribute("transB", 0))
    plan = contraction(
        Side(left, ("inner", "row") if transposed[0] else ("row", "inner")),
        Side(right, ("column", "inner") if transposed[1] else ("inner", "column")),
        ("row", "column"),
    )
    factor = node.attribute("alpha", 1.0)
    beta = node.attribute("beta", 1.0)
    for name, value in (("alpha", factor), ("beta", beta)):
        if not np.isfinite(np.float32(value)):
            raise UnsupportedForm(f"its attribute {name!r} is {value:g}", "finite factors")
    if bias is None or beta == 0.0:
        emit_contraction(node, context, plan, factor=factor)
        return
    _check_bias(bias, (left.shape[transposed[0]], right.shape[1 - transposed[1]]))
    rows = bias.shape[0] if len(bias.shape) == 2 else 1
    if bias.constant is not None and right.constant is not None and rows == 1:
        row = bias.constant.reshape(-1) * np.float32(beta)
        emit_contraction(node, context, plan, factor=factor, bias=replace(bias, constant=row))
        return
    _emit_sum(node, context, plan, factor, bias, beta)


def _check_bias(bias: Operand, shape: tuple[int, int]) -> None:
    """Refuses a bias that is not repeated to the product's shape, but changes it."""
    fits = len(bias.shape) <= 2 and all(
        extent in (1, wanted) for extent, wanted in zip(bias.shape[::-1], shape[::-1], strict=False)
    )
    if not fits:
        raise UnsupportedForm(
            f"its bias {bias.name!r} is {bias.type}, and the product has shape {list(shape)}",
            "a bias that broadcasts to the product",
        )


def _emit_sum(
    node: OnnxNode,
    context: LoweringContext,
    plan: Contraction,
    factor: float,
    addend: Operand,
    beta: float,
) -> None:
    """The product and what is added to it in float32, one after the other."""
    result = context.result(node, fuse_clip=True)
    product = contraction_value(node, context, plan, factor)
    if addend.constant is not None:
        scaled = np.asarray(addend.constant * np.float32(beta), np.float32)
        other = context.constant(node, "addend", scaled)
    else:
        other = context.plain(addend)
        if beta != 1.0:
            scale = context.constant(node, "beta", np.array(beta, np.float32))
            multiply = Arithmetic((0,), "multiply")
            other = context.emit_value(node, "addend", multiply, [other, scale])
    full = (0, 1) if addend.shape == result.shape else (0,)
    operation = Arithmetic(full, "add", result.minimum, result.maximum)
    context.emit_plain(node, operation, [product, other], result)
