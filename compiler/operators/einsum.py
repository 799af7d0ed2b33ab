"""Einsum, where it is a matrix product with constant weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.errors import UnsupportedForm
from compiler.operators.matmul import emit_matmul
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

SUPPORTED = (
    "'...k,kn->...n' and '...k,nk->...n' with a constant second operand, any letters for ..."
)


@lowering("Einsum", description=SUPPORTED)
def lower_einsum(node: OnnxNode, context: LoweringContext) -> None:
    equation = node.attribute("equation", "").replace(" ", "")
    transposed = _transposed(equation)
    if transposed is None:
        raise UnsupportedForm(
            f"its equation is {equation!r}", SUPPORTED, "write it as Transpose, Reshape and MatMul"
        )
    left, right = context.required(node, 0), context.required(node, 1)
    if right.constant is None:
        raise UnsupportedForm(
            f"its second operand {right.name!r} is computed at run time", SUPPORTED
        )
    emit_matmul(node, context, left, right, None, transposed=transposed)


def _transposed(equation: str) -> bool | None:
    """Whether the second operand of a matrix product is [N, K]; None if it is no such product."""
    operands, arrow, output = equation.partition("->")
    terms = operands.split(",")
    if not arrow or len(terms) != 2 or len(terms[1]) != 2 or not terms[0] or not output:
        return None
    left, right = terms
    inner, column = left[-1], output[-1]
    letters = [*left.replace("...", "", 1), column]
    if len(set(letters)) != len(letters) or not "".join(letters).isalpha():
        return None
    if output[:-1] != left[:-1] or right not in (inner + column, column + inner):
        return None
    return right == column + inner
