"""QuantizeLinear and DequantizeLinear at the borders of integer arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, Quantization, TensorType
from compiler.lowering.operand import QuantizedConstant
from compiler.lowering.quantization import node_quantization, stored_constant
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/quantize.h"


@dataclass(frozen=True)
class Quantize(Operation):
    """float32 to int8: `clip(round_half_even(x / scale) + zero_point)`; NaN becomes the lowest."""

    scale: float
    zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        return (TensorType(DataType.INT8, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        steps = x / np.float32(self.scale)
        bounded = np.clip(np.where(np.isnan(steps), -512.0, steps), -512.0, 512.0)
        return (np.clip(np.rint(bounded) + self.zero_point, -128, 127).astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "elements": outputs[0].elements,
            "scale": self.scale,
            "zero_point": self.zero_point,
        }
        return Kernel("tw_quantize", HEADER, parameters)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@dataclass(frozen=True)
class Dequantize(Operation):
    """int8 to float32: `(x - zero_point) * scale`, one float32 product."""

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
        return Kernel("tw_dequantize", HEADER, parameters)

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


@lowering("QuantizeLinear", description="per tensor, to int8 or uint8, constant scale")
def lower_quantize(node: OnnxNode, context: LoweringContext) -> None:
    quantization = node_quantization(node, context.model)
    if not isinstance(quantization, Quantization):
        raise UnsupportedForm(
            "an activation is quantised per channel",
            "per-tensor activations; per-channel weights",
            "quantise activations with one scale",
        )
    context.quantise(node, context.required(node, 0), quantization)


@lowering("DequantizeLinear", description="per tensor; per channel for constant weights")
def lower_dequantize(node: OnnxNode, context: LoweringContext) -> None:
    operand = context.required(node, 0)
    parameters = node_quantization(node, context.model)
    per_tensor = isinstance(parameters, Quantization)
    if operand.constant is not None:
        if isinstance(parameters, Quantization):
            scale, zero_point, axis = (
                np.array([parameters.scale]),
                np.array([parameters.zero_point], np.int64),
                None,
            )
        else:
            scale, zero_point, axis = parameters
        weights = QuantizedConstant(stored_constant(operand.constant), scale, zero_point, axis)
        context.bind_weights(node.output(), weights)
        return
    if not per_tensor:
        raise UnsupportedForm(
            f"the activation {operand.name!r} is quantised per channel",
            "per-tensor activations; per-channel weights",
            "quantise activations with one scale",
        )
    assert isinstance(parameters, Quantization)
    if operand.type.data_type not in (DataType.INT8, DataType.UINT8):
        raise UnsupportedForm(
            f"the activation {operand.name!r} is {operand.type.data_type.value}", "int8 and uint8"
        )
    context.bind_stored(node.output(), context.stored_bytes(node, operand), parameters)
