"""IntegerDiv: quotients of integers, rounded to nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, TensorType
from compiler.operators.binary import Binary, binary_operands
from compiler.operators.integer_operand import int32_value, required_attribute, result_of
from compiler.operators.registry import PULP_DOMAIN, lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/rounded_divide.h"


@dataclass(frozen=True)
class RoundedDivide(Binary):
    """`left * factor / (right * scale + offset)`, int32, to the nearest integer.

    Halves are rounded away from zero, for divisors above zero; a division by zero gives zero.
    Computed in 64 bits; the result is the lower 32.

    Attributes:
        factor: from 0 to 2^32 - 1.
    """

    factor: int
    scale: int
    offset: int

    def compute(self, left: Array, right: Array) -> Array:
        dividend = left.astype(np.int64) * self.factor
        divisor = right.astype(np.int64) * self.scale + self.offset
        rounded = dividend + np.where(dividend < 0, -1, 1) * (divisor >> 1)
        safe = np.where(divisor == 0, 1, divisor)
        quotient = (rounded - np.fmod(rounded, safe)) // safe
        return np.where(divisor == 0, 0, quotient).astype(np.int32)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {"factor": self.factor, "scale": self.scale, "offset": self.offset}
        return self.call("tw_rounded_divide_s32", inputs, outputs, {**parameters}, HEADER)


@lowering(
    "IntegerDiv",
    description="broadcasting up to 6 axes; integers, Delta, eta and eps of up to 32 bits",
    domain=PULP_DOMAIN,
)
def lower_integer_division(node: OnnxNode, context: LoweringContext) -> None:
    left, right = binary_operands(node, context)
    delta, eta, eps = (required_attribute(node, name) for name in ("Delta", "eta", "eps"))
    if not 0 <= delta * eta < 2**32 or not 0 <= eta < 2**31 or not 0 <= eps < 2**31:
        raise UnsupportedForm(
            f"it has Delta = {delta}, eta = {eta} and eps = {eps}",
            "eta and eps of 31 bits, and 32 bits for Delta * eta, none of them negative",
        )
    shape = context.model.tensors[node.output()].type.shape
    full = tuple(index for index, x in enumerate((left, right)) if x.shape == shape)
    inputs = [int32_value(node, context, operand) for operand in (left, right)]
    operation = RoundedDivide(full, delta * eta, eta, eps)
    context.emit_plain(node, operation, inputs, result_of(node, context))
