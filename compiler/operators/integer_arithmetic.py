"""Exact sums and products of two integer tensors, alone or requantised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Operation
from compiler.operators.binary import (
    AddInt8,
    Arithmetic,
    MultiplyInt8,
    binary_operands,
)
from compiler.operators.integer_operand import int32_value, result_of, stored_value
from compiler.operators.registry import PULP_DOMAIN, lowering
from compiler.operators.requantise_shift import (
    Requantised,
    absorbed_requantisation,
    emit_requantisation,
)

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext
    from compiler.operators.integer_operand import Stored

FUNCTIONS = {"IntegerAdd": "add", "IntegerMul": "multiply", "IntegerSub": "subtract"}


@lowering(
    *FUNCTIONS,
    description="broadcasting up to 6 axes; integers of up to 32 bits",
    domain=PULP_DOMAIN,
)
def lower_integer_arithmetic(node: OnnxNode, context: LoweringContext) -> None:
    left, right = binary_operands(node, context)
    function = FUNCTIONS[node.operator]
    shape = context.model.tensors[node.output()].type.shape
    full = tuple(index for index, x in enumerate((left, right)) if x.shape == shape)
    wanted = absorbed_requantisation(node, context)
    if wanted is not None and wanted.result.quantization is not None:
        stored = [stored_value(node, context, operand) for operand in (left, right)]
        if stored[0] is not None and stored[1] is not None:
            operation = _fused(function, full, wanted, stored[0], stored[1])
            if operation is not None:
                inputs = [stored[0].name, stored[1].name]
                context.emit_stored(node, operation, inputs, wanted.result)
                return
    inputs = [int32_value(node, context, operand) for operand in (left, right)]
    operation = Arithmetic(full, function)
    if wanted is None:
        context.emit_plain(node, operation, inputs, result_of(node, context))
        return
    value = context.emit_value(node, "exact", operation, inputs)
    emit_requantisation(node, context, wanted, value)


def _fused(
    function: str, full: tuple[int, ...], wanted: Requantised, left: Stored, right: Stored
) -> Operation | None:
    """The function and its requantisation in one operation; None if something leaves int32."""
    low, high = wanted.stored_bounds
    if function == "multiply":
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        constants = wanted.narrow(min(corners), max(corners))
        if constants is None:
            return None
        scale, bias, shift = constants
        return MultiplyInt8(full, left.zero_point, right.zero_point, scale, bias, shift, low, high)
    sign = -1 if function == "subtract" else 1
    largest = 256 + abs(left.zero_point) + abs(right.zero_point)
    zero_points = np.array(left.zero_point + sign * right.zero_point)
    constants = wanted.shifted(-zero_points).narrow(-largest, largest)
    if constants is None:
        return None
    scale, bias, shift = constants
    return AddInt8(full, scale, sign * scale, bias, shift, low, high)
