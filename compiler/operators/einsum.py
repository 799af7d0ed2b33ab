"""Einsum of two operands: a matrix product of what is left after sums over axes of one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.errors import UnsupportedForm
from compiler.ir import DataType, TensorType
from compiler.lowering.operand import Operand
from compiler.operators.contraction import (
    Labels,
    Side,
    contraction,
    emit_contraction,
)
from compiler.operators.reduction import Reduce, neighbouring
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

SUPPORTED = "two operands, no label twice in a term"
"""Sums over axes of one operand alone are made before the product."""


@lowering(
    "Einsum",
    description=f"sums of products over any axes: {SUPPORTED}; int8 or float32",
)
def lower_einsum(node: OnnxNode, context: LoweringContext) -> None:
    equation = node.attribute("equation", "").replace(" ", "")
    operands, arrow, output = equation.partition("->")
    terms = operands.split(",")
    present = [index for index in range(len(node.inputs)) if node.has_input(index)]
    if len(terms) != 2 or len(present) != 2:
        raise _unsupported(equation)
    left, right = context.required(node, 0), context.required(node, 1)
    sides = [
        Side(operand, _labels(equation, term, len(operand.shape)))
        for operand, term in ((left, terms[0]), (right, terms[1]))
    ]
    if arrow:
        rank = len(context.model.tensors[node.output()].type.shape)
        result = _labels(equation, output, rank)
    else:
        result = _implicit(sides[0].labels, sides[1].labels)
    if not set(result) <= {*sides[0].labels, *sides[1].labels}:
        raise _unsupported(equation)
    first, second = (
        _summed(node, context, side, {*other.labels, *result})
        for side, other in (sides, sides[::-1])
    )
    emit_contraction(node, context, contraction(first, second, result))


def _summed(node: OnnxNode, context: LoweringContext, side: Side, needed: set[str]) -> Side:
    """The operand after the sum over axes that nothing else has, which is made in float32."""
    extents, operand = side.extents, side.operand
    alone = [i for i, label in enumerate(side.labels) if label not in needed and extents[label] > 1]
    if not alone:
        return side
    kept = tuple(label for i, label in enumerate(side.labels) if i not in alone)
    shape = tuple(extents[label] for label in kept)
    name = context.graph.unique_name(f"{node.name}/{operand.name}/sum")
    type_ = TensorType(DataType.FLOAT32, shape)
    value, walk = neighbouring(node, context, context.plain(operand), alone)
    context.bind_plain(name, context.emit_value(node, "sum", Reduce("sum", *walk, shape), [value]))
    return Side(Operand(name, type_, None, None, None), kept)


def _labels(equation: str, term: str, rank: int) -> Labels:
    """One label for each of `rank` axes; those of an ellipsis are counted from the last one."""
    before, ellipsis, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden > 0 and not ellipsis) or not (before + after + "a").isalpha():
        raise _unsupported(equation)
    middle = [f"...{axis}" for axis in range(hidden, 0, -1)]
    labels = (*before, *middle, *after)
    if len(set(labels)) != len(labels):
        raise _unsupported(equation)
    return labels


def _implicit(left: Labels, right: Labels) -> Labels:
    """The result's labels if the equation names none: those that occur once, sorted."""
    hidden = max((left, right), key=lambda labels: sum(len(label) > 1 for label in labels))
    once = [x for x in (*left, *right) if len(x) == 1 and (*left, *right).count(x) == 1]
    return (*(label for label in hidden if len(label) > 1), *sorted(once))


def _unsupported(equation: str) -> UnsupportedForm:
    return UnsupportedForm(
        f"its equation is {equation!r}", SUPPORTED, "write it as Transpose, Reshape and MatMul"
    )
