"""Quant and Dequant: from numbers to integers and back, with attributes for scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.pulp_dialect.attributes import integer_attribute, real_attribute
from compiler.ir import Array, DataType, Kernel, Quantization, TensorType
from compiler.operators.activation import Pointwise
from compiler.operators.binary import Arithmetic
from compiler.operators.cast import converted
from compiler.operators.integer_operand import STORED, required_attribute, result_of
from compiler.operators.registry import PULP_DOMAIN, lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

MOST_BITS = 8
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class ScaleRound(Pointwise):
    """float32 to int8: `clip(round(x * factor + offset) + zero_point, low, high)`.

    The product and the sum are float32, each rounded; halves are rounded away from zero. What is
    not a number is the lowest.
    """

    factor: float
    offset: float
    low: int
    high: int
    zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type is DataType.FLOAT32
        return (TensorType(DataType.INT8, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        with np.errstate(all="ignore"):
            moved = x * np.float32(self.factor) + np.float32(self.offset)
            away = moved + np.where(moved < 0, np.float32(-0.5), np.float32(0.5))
        low, high = self.low - self.zero_point, self.high - self.zero_point
        bounded = np.where(np.isnan(away), low, np.clip(away, low, high))
        return ((np.trunc(bounded).astype(np.int32) + self.zero_point).astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "elements": outputs[0].elements,
            "factor": self.factor,
            "offset": self.offset,
            "low": self.low,
            "high": self.high,
            "zero_point": self.zero_point,
        }
        return Kernel("tw_scale_round_s8", "tilewright/scale_round.h", parameters)

    @property
    def in_place(self) -> tuple[int, ...]:
        return ()


def _number(node: OnnxNode, name: str) -> float:
    value = real_attribute(node, name)
    if value is None or abs(value) > LARGEST:
        raise UnsupportedForm(
            f"its attribute {name!r} is no number", f"nodes with a number {name!r}"
        )
    return value


@lowering(
    "Quant",
    description="float32 to up to 8 bits, with and without sign; one scale for all elements",
    domain=PULP_DOMAIN,
)
def lower_quant(node: OnnxNode, context: LoweringContext) -> None:
    factor, offset = _number(node, "scale"), _number(node, "zero_point")
    bits = required_attribute(node, "bit_width")
    if not 1 <= bits <= MOST_BITS:
        raise UnsupportedForm(f"its bit_width is {bits}", f"1 to {MOST_BITS} bits")
    signed = integer_attribute(node, "signed") != 0
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    for name, limit in (("min_val", low), ("max_val", high)):
        if integer_attribute(node, name) not in (None, limit):
            raise UnsupportedForm(
                f"its attribute {name!r} is {integer_attribute(node, name)}",
                f"{low} to {high}, which are {bits} bits",
            )
    result = result_of(node, context)
    assert result.quantization is not None
    zero_point = result.quantization.zero_point
    operation = ScaleRound(factor, offset, low + zero_point, high + zero_point, zero_point)
    context.emit_stored(node, operation, [context.plain(context.required(node, 0))], result)


@lowering(
    "Dequant",
    description="of integers of up to 32 bits, to float32; one scale for all elements",
    domain=PULP_DOMAIN,
)
def lower_dequant(node: OnnxNode, context: LoweringContext) -> None:
    scale, offset = _number(node, "scale"), _number(node, "zero_point")
    x = context.required(node, 0)
    if x.constant is None and x.type.data_type in STORED and offset == np.rint(offset):
        zero_point = int(offset) + STORED[x.type.data_type].zero_point
        if scale > 0 and -128 <= zero_point <= 127:
            stored = context.stored_bytes(node, x)
            context.bind_stored(node.output(), stored, Quantization(scale, zero_point))
            return
    value = converted(node, context, x, DataType.FLOAT32)
    full = (0,)
    centre = context.constant(node, "zero_point", np.array(offset, np.float32))
    value = context.emit_value(node, "centred", Arithmetic(full, "subtract"), [value, centre])
    factor = context.constant(node, "scale", np.array(scale, np.float32))
    context.emit_plain(node, Arithmetic(full, "multiply"), [value, factor], context.result(node))
