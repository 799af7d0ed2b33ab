"""Chains of operations that together do one node's moving of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compiler.ir import Operation
from compiler.lowering.operand import Operand, Result

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

Step = tuple[Operation, tuple[str, ...]]
"""An operation and its inputs besides the value that is moved."""


def emit_steps(
    node: OnnxNode, context: LoweringContext, operand: Operand, steps: Sequence[Step]
) -> None:
    """Emits operations one after the other, from the operand to output 0 of the node.

    Elements stay int8 with the operand's parameters if they are int8. Without steps the output is
    the operand.
    """
    if not steps:
        context.alias(node, operand)
        return
    integer = operand.is_int8
    value = context.stored(operand) if integer else context.plain(operand)
    for operation, others in steps[:-1]:
        value = context.emit_value(node, "step", operation, [value, *others])
        context.graph.values[value].quantization = operand.quantization if integer else None
    operation, others = steps[-1]
    name = node.output()
    result = Result(
        name, context.model.tensors[name].type, operand.quantization if integer else None
    )
    if integer:
        context.emit_stored(node, operation, [value, *others], result)
    else:
        context.emit_plain(node, operation, [value, *others], result)
