"""Cast between element types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/cast.h"
TARGETS: dict[int, DataType] = {
    TensorProto.FLOAT: DataType.FLOAT32,
    TensorProto.INT32: DataType.INT32,
    TensorProto.INT64: DataType.INT32,  # int64 exists as int32 (LoweringContext.plain)
    TensorProto.BOOL: DataType.BOOL,
}
KERNELS = {
    (DataType.INT32, DataType.FLOAT32): "tw_cast_s32_f32",
    (DataType.INT8, DataType.FLOAT32): "tw_cast_s8_f32",
    (DataType.UINT8, DataType.FLOAT32): "tw_cast_u8_f32",
    (DataType.BOOL, DataType.FLOAT32): "tw_cast_u8_f32",
    (DataType.FLOAT32, DataType.INT32): "tw_cast_f32_s32",
    (DataType.INT8, DataType.INT32): "tw_cast_s8_s32",
    (DataType.UINT8, DataType.INT32): "tw_cast_u8_s32",
    (DataType.BOOL, DataType.INT32): "tw_cast_u8_s32",
    (DataType.INT32, DataType.BOOL): "tw_cast_s32_bool",
}
"""One for each pair of stored types; a stored bool is a uint8."""


@dataclass(frozen=True)
class Cast(Operation):
    """The same numbers in another element type.

    Integers become float32 rounded half to even. float32 becomes int32 towards zero and saturates;
    NaN becomes 0. A bool is whether a number is not zero.
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
    "Cast", description="between float32, int32 and int64; from int8, uint8 and bool; to bool"
)
def lower_cast(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    code = node.attribute("to", 0)
    target = TARGETS.get(code)
    if x.type == context.model.tensors[node.output()].type:
        context.alias(node, x)
        return
    source = DataType.INT32 if x.type.data_type is DataType.INT64 else x.type.data_type
    if source is target:
        context.bind_plain(node.output(), context.plain(x))
        return
    if target is None or (source, target) not in KERNELS:
        raise UnsupportedForm(
            f"it casts {x.type.data_type.value} to {TensorProto.DataType.Name(code).lower()}"
        )
    context.emit_plain(node, Cast(target), [context.plain(x)], context.result(node))
