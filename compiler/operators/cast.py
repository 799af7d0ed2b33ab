"""Cast between element types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.lowering.operand import Operand, Result
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/cast.h"
KERNELS = {
    (DataType.INT32, DataType.FLOAT32): "tw_cast_s32_f32",
    (DataType.INT8, DataType.FLOAT32): "tw_cast_s8_f32",
    (DataType.UINT8, DataType.FLOAT32): "tw_cast_u8_f32",
    (DataType.BOOL, DataType.FLOAT32): "tw_cast_u8_f32",
    (DataType.FLOAT32, DataType.INT32): "tw_cast_f32_s32",
    (DataType.INT8, DataType.INT32): "tw_cast_s8_s32",
    (DataType.UINT8, DataType.INT32): "tw_cast_u8_s32",
    (DataType.BOOL, DataType.INT32): "tw_cast_u8_s32",
    (DataType.INT16, DataType.INT32): "tw_cast_s16_s32",
    (DataType.UINT16, DataType.INT32): "tw_cast_u16_s32",
    (DataType.INT32, DataType.INT8): "tw_cast_s32_s8",
    (DataType.INT32, DataType.UINT8): "tw_cast_s32_u8",
    (DataType.INT32, DataType.INT16): "tw_cast_s32_s16",
    (DataType.INT32, DataType.UINT16): "tw_cast_s32_u16",
    (DataType.INT32, DataType.BOOL): "tw_cast_s32_bool",
    (DataType.FLOAT32, DataType.BOOL): "tw_cast_f32_bool",
}
"""One for each pair of stored types; a stored bool is a uint8. Other pairs meet in int32."""
INTEGERS = (
    *(DataType.INT8, DataType.UINT8, DataType.INT16, DataType.UINT16),
    *(DataType.INT32, DataType.INT64),
)
"""Integers of the model that are computed with as int32, in which int64 exists anyway."""


@dataclass(frozen=True)
class Cast(Operation):
    """The same numbers in another element type.

    Integers become float32 rounded half to even. float32 becomes int32 towards zero and saturates;
    NaN becomes 0. Integers that are too large lose their upper bits. A bool is whether a number is
    not zero.
    """

    to: DataType

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        return (TensorType(self.to, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        if x.dtype == np.float32 and self.to is DataType.INT32:
            real = np.nan_to_num(x.astype(np.float64), nan=0.0)
            return (np.clip(np.trunc(real), -(2**31), 2**31 - 1).astype(np.int32),)
        return (x.astype(self.to.numpy),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        function = KERNELS[x.data_type, self.to]
        return Kernel(function, HEADER, {"elements": outputs[0].elements})

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@lowering(
    "Cast",
    "CastLike",
    description="between float32, bool, int32, int64 (with 32 bits) and integers of 8 and 16 bits",
)
def lower_cast(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    target = context.model.tensors[node.output()].type.data_type
    if x.type.data_type is target:
        context.alias(node, x)
        return
    steps = _steps(_stored(x.type.data_type), _stored(target))
    if steps is None:
        raise UnsupportedForm(f"it casts {x.type.data_type.value} to {target.value}")
    if not steps:
        context.bind_plain(node.output(), context.plain(x))
        return
    value = context.plain(x)
    for step in steps[:-1]:
        value = context.emit_value(node, step.to.value, step, [value])
    context.emit_plain(node, steps[-1], [value], context.result(node))


def converted(node: OnnxNode, context: LoweringContext, operand: Operand, target: DataType) -> str:
    """The value of an operand in another element type; there must be kernels for that."""
    value = context.plain(operand)
    steps = _steps(_stored(operand.type.data_type), target)
    assert steps is not None
    for step in steps:
        value = context.emit_value(node, f"{operand.name}/{step.to.value}", step, [value])
    return value


def emit_integers(
    node: OnnxNode,
    context: LoweringContext,
    operation: Operation,
    operands: Sequence[Operand],
    result: Result,
) -> None:
    """Emits an operation on int32 for operands and a result of any of `INTEGERS`."""
    inputs = [converted(node, context, operand, DataType.INT32) for operand in operands]
    emit_narrowed(node, context, operation, inputs, result)


def emit_narrowed(
    node: OnnxNode,
    context: LoweringContext,
    operation: Operation,
    inputs: Sequence[str | None],
    result: Result,
) -> None:
    """Emits an operation whose result the model has in another element type."""
    (source,) = operation.infer([_type(context, value) for value in inputs])
    steps = _steps(source.data_type, _stored(result.type.data_type))
    assert steps is not None
    if not steps:
        context.emit_plain(node, operation, inputs, result)
        return
    value = context.emit_value(node, source.data_type.value, operation, inputs)
    for step in steps[:-1]:
        value = context.emit_value(node, step.to.value, step, [value])
    context.emit_plain(node, steps[-1], [value], result)


def _type(context: LoweringContext, value: str | None) -> TensorType | None:
    return None if value is None else context.graph.values[value].type


def _stored(data_type: DataType) -> DataType:
    """The type in which numbers exist in the lowered graph."""
    return DataType.INT32 if data_type is DataType.INT64 else data_type


def _steps(source: DataType, target: DataType) -> list[Cast] | None:
    """Conversions with a kernel that lead from one type to another; None if there are none."""
    if source is target:
        return []
    if (source, target) in KERNELS:
        return [Cast(target)]
    hub = DataType.INT32
    if (source, hub) in KERNELS and (hub, target) in KERNELS:
        return [Cast(hub), Cast(target)]
    return None
