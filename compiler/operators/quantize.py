"""QuantizeLinear and DequantizeLinear at the borders of integer arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, Quantization, TensorType
from compiler.lowering.operand import QuantizedConstant
from compiler.lowering.quantization import (
    SIXTEEN_BITS,
    AxisQuantization,
    node_quantization,
    stored_constant,
    stored_type,
)
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/quantize.h"
SUFFIXES = {DataType.INT8: "", DataType.INT16: "_s16", DataType.UINT16: "_u16"}
"""How the kernels for each stored type are called."""


@dataclass(frozen=True)
class Quantize(Operation):
    """float32 to integers: `clip(round_half_even(x / scale) + zero_point)`; NaN is the lowest.

    Attributes:
        to: INT8, INT16 or UINT16; the zero point is one of its values.
    """

    scale: float
    zero_point: int
    to: DataType = DataType.INT8

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        return (TensorType(self.to, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        range_ = np.iinfo(self.to.numpy)
        limit = 2.0 ** (range_.bits + 1)
        steps = x / np.float32(self.scale)
        bounded = np.clip(np.where(np.isnan(steps), -limit, steps), -limit, limit)
        stored = np.clip(np.rint(bounded) + self.zero_point, range_.min, range_.max)
        return (stored.astype(self.to.numpy),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "elements": outputs[0].elements,
            "scale": self.scale,
            "zero_point": self.zero_point,
        }
        return Kernel(f"tw_quantize{SUFFIXES[self.to]}", HEADER, parameters)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@dataclass(frozen=True)
class Dequantize(Operation):
    """int8, int16 or uint16 to float32: `(x - zero_point) * scale`, one float32 product."""

    scale: float
    zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        return (TensorType(DataType.FLOAT32, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        centred = (x.astype(np.int32) - self.zero_point).astype(np.float32)
        return (centred * np.float32(self.scale),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "elements": outputs[0].elements,
            "scale": self.scale,
            "zero_point": self.zero_point,
        }
        (x,) = inputs
        assert x is not None
        return Kernel(f"tw_dequantize{SUFFIXES[x.data_type]}", HEADER, parameters)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@dataclass(frozen=True)
class Recode(Operation):
    """uint8 to int8 of the same real values, or back: every byte `x ^ 0x80`."""

    to: DataType

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        return (TensorType(self.to, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return ((x.view(np.uint8) ^ np.uint8(0x80)).view(self.to.numpy),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_recode", HEADER, {"elements": outputs[0].elements})

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@lowering(
    "QuantizeLinear",
    description="per tensor, constant scale; to int8 or uint8, and to int16 or uint16 around "
    "float32 arithmetic",
)
def lower_quantize(node: OnnxNode, context: LoweringContext) -> None:
    quantization = node_quantization(node, context.model)
    if not isinstance(quantization, Quantization):
        raise _not_per_tensor(quantization, "an activation")
    operand = context.required(node, 0)
    stored = stored_type(node, context.model)
    if stored in SIXTEEN_BITS:
        operation = Quantize(quantization.scale, quantization.zero_point, stored)
        context.emit_plain(node, operation, [context.plain(operand)], context.result(node))
        return
    context.quantise(node, operand, quantization)


@lowering(
    "DequantizeLinear",
    description="per tensor; per channel or block for constant weights, which may have 4 or 2 bits",
)
def lower_dequantize(node: OnnxNode, context: LoweringContext) -> None:
    operand = context.required(node, 0)
    parameters = node_quantization(node, context.model)
    if operand.constant is not None:
        stored = stored_constant(operand.constant)
        if isinstance(parameters, Quantization):
            scale = np.array([parameters.scale])
            zero_point = np.array([parameters.zero_point], np.int64)
            weights = QuantizedConstant(stored, scale, zero_point, None)
        else:
            weights = QuantizedConstant(
                stored, parameters.scale, parameters.zero_point, parameters.axis, parameters.block
            )
        context.bind_weights(node.output(), weights)
        return
    if not isinstance(parameters, Quantization):
        raise _not_per_tensor(parameters, f"the activation {operand.name!r}")
    if operand.type.data_type in SIXTEEN_BITS:
        operation = Dequantize(parameters.scale, parameters.zero_point)
        context.emit_plain(node, operation, [context.plain(operand)], context.result(node))
        return
    if operand.type.data_type not in (DataType.INT8, DataType.UINT8):
        raise UnsupportedForm(
            f"the activation {operand.name!r} is {operand.type.data_type.value}",
            "int8, uint8, int16 and uint16",
        )
    context.bind_stored(node.output(), context.stored_bytes(node, operand), parameters)


def _not_per_tensor(parameters: AxisQuantization, what: str) -> UnsupportedForm:
    return UnsupportedForm(
        f"{what} is quantised per {'block' if parameters.block else 'channel'}",
        "per-tensor activations; weights also per channel or block",
        "quantise activations with one scale",
    )
