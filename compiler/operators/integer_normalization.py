"""iLayerNorm and iRMSNorm: rows divided by a root in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, TensorType
from compiler.operators.integer_operand import (
    constant_integers,
    int32_value,
    power_of_two,
    required_bytes,
    result_of,
)
from compiler.operators.integer_softmax import RowFunction
from compiler.operators.registry import PULP_DOMAIN, lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/integer_normalization.h"
MOST_ELEMENTS = 32768
"""Of a row: sums of squares of 9 bits stay below 2^31."""


def _truncated(dividend: Array, divisor: Array | int) -> Array:
    """The quotient rounded towards zero; the divisor is positive."""
    return np.sign(dividend) * (np.abs(dividend) // divisor)


def _root(mean: Array) -> Array:
    """floor(sqrt(mean)), for numbers below 2^31."""
    return np.sqrt(mean.astype(np.float64)).astype(np.int64)


@dataclass(frozen=True)
class IntegerNormalization(RowFunction):
    """What both have in common. Further inputs are int32 [elements of a row]."""

    input_zero_point: int
    shift: int

    def call(self, function: str, y: TensorType) -> Kernel:
        parameters = {
            "rows": y.elements // y.shape[-1],
            "elements": y.shape[-1],
            "input_zero_point": self.input_zero_point,
            "shift": self.shift,
        }
        return Kernel(function, HEADER, parameters)


@dataclass(frozen=True)
class IntegerLayerNormalization(IntegerNormalization):
    """`((x - m) * weight / s + bias) >> shift`, the lower 8 bits.

    m is the row's mean, s the floor of the root of 1 plus the mean of (x - m)^2, rounded down;
    m and the quotient by s are rounded towards zero.
    """

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weight, bias = inputs
        assert x is not None and weight is not None and bias is not None
        real = x.astype(np.int64) - self.input_zero_point
        count = x.shape[-1]
        centred = real - _truncated(real.sum(axis=-1, keepdims=True), count)
        root = _root((centred * centred).sum(axis=-1, keepdims=True) // count + 1)
        quotient = _truncated(centred * weight.astype(np.int64), root)
        return (((quotient + bias) >> self.shift).astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return self.call("tw_integer_layer_normalization_s8", outputs[0])


@dataclass(frozen=True)
class IntegerRmsNormalization(IntegerNormalization):
    """`clip((x * weight / s) >> shift, -128, 127)`, s the floor of the root of 1 plus the mean of
    x^2, rounded down; the quotient is rounded towards zero."""

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weight = inputs
        assert x is not None and weight is not None
        real = x.astype(np.int64) - self.input_zero_point
        root = _root((real * real).sum(axis=-1, keepdims=True) // x.shape[-1] + 1)
        quotient = _truncated(real * weight.astype(np.int64), root)
        return (np.clip(quotient >> self.shift, -128, 127).astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return self.call("tw_integer_rms_normalization_s8", outputs[0])


def _row(node: OnnxNode, context: LoweringContext, index: int, elements: int) -> str:
    """Operand `index` as int32 [elements]."""
    operand = context.required(node, index)
    if operand.type.elements not in (1, elements) or (
        operand.constant is None and operand.shape[-1:] != (elements,)
    ):
        raise UnsupportedForm(
            f"its operand {operand.name!r} is {operand.type}",
            f"one number for each of a row's {elements} elements",
        )
    if operand.constant is None:
        return int32_value(node, context, operand)
    data = constant_integers(node, context, index).reshape(-1)
    if np.any((data < -(2**31)) | (data >= 2**31)):
        raise UnsupportedForm(f"its operand {operand.name!r} leaves 32 bits", "integers of 32 bits")
    row = np.ascontiguousarray(np.broadcast_to(data, (elements,)), np.int32)
    return context.constant(node, operand.name, row)


def _elements(node: OnnxNode, context: LoweringContext) -> int:
    shape = context.required(node, 0).shape
    if not shape or not 0 < shape[-1] <= MOST_ELEMENTS:
        raise UnsupportedForm(
            f"its input has shape {list(shape)}", f"rows of 1 to {MOST_ELEMENTS} elements"
        )
    return shape[-1]


@lowering(
    "iLayerNorm",
    description="the last axis of int8 or uint8, to int8; weights and bias of 32 bits",
    domain=PULP_DOMAIN,
)
def lower_integer_layer_norm(node: OnnxNode, context: LoweringContext) -> None:
    elements, shift = _elements(node, context), power_of_two(node, "D")
    x = required_bytes(node, context, 0)
    rows = [_row(node, context, index, elements) for index in (1, 2)]
    operation = IntegerLayerNormalization(x.zero_point, shift)
    context.emit_stored(node, operation, [x.name, *rows], result_of(node, context))


@lowering(
    "iRMSNorm",
    description="the last axis of int8 or uint8, to int8; weights of 32 bits",
    domain=PULP_DOMAIN,
)
def lower_integer_rms_norm(node: OnnxNode, context: LoweringContext) -> None:
    elements, shift = _elements(node, context), power_of_two(node, "D")
    x = required_bytes(node, context, 0)
    operation = IntegerRmsNormalization(x.zero_point, shift)
    inputs = [x.name, _row(node, context, 1, elements)]
    context.emit_stored(node, operation, inputs, result_of(node, context))
