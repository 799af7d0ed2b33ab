"""Where: a choice between two tensors, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.binary import require_walk, values_as
from compiler.operators.registry import lowering
from compiler.operators.strides import broadcast_strides, collapse

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

SUPPORTED = (DataType.FLOAT32, DataType.INT32, DataType.INT64, DataType.BOOL)


@dataclass(frozen=True)
class Where(Operation):
    """`condition ? left : right`: inputs bool, and two of one type that has 8 or 32 bits.

    Attributes:
        full: indices of left (1) and right (2) if they have the output's shape.
    """

    full: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        condition, left, right = inputs
        assert condition is not None and left is not None and right is not None
        assert condition.data_type is DataType.BOOL and left.data_type == right.data_type
        shape = np.broadcast_shapes(condition.shape, left.shape, right.shape)
        return (TensorType(left.data_type, shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        condition, left, right = inputs
        assert condition is not None and left is not None and right is not None
        return (np.where(condition, left, right),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        shape = outputs[0].shape
        operands = [broadcast_strides(x.shape, shape) for x in inputs if x is not None]
        extents, (condition, left, right) = collapse(shape, operands)
        return Kernel(
            f"tw_where_{8 * outputs[0].data_type.bytes}",
            "tilewright/where.h",
            {
                "elements": outputs[0].elements,
                "extents": extents,
                "condition_strides": condition,
                "left_strides": left,
                "right_strides": right,
            },
        )

    @property
    def in_place(self) -> tuple[int, ...]:
        return self.full

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0, 1, 2)


@lowering("Where", description="broadcasting up to 6 axes; int8, float32, int32, int64 and bool")
def lower_where(node: OnnxNode, context: LoweringContext) -> None:
    condition, left, right = (context.required(node, index) for index in range(3))
    if left.type.data_type not in SUPPORTED:
        raise UnsupportedForm(
            f"its operands are {left.type.data_type.value}",
            ", ".join(data_type.value for data_type in SUPPORTED)
            + ", and int8 or uint8 between DequantizeLinear and QuantizeLinear",
        )
    require_walk(condition, left, right)
    result = context.result(node)
    operation = Where(
        tuple(index for index, x in ((1, left), (2, right)) if x.shape == result.shape)
    )
    target = result.quantization
    choice = context.plain(condition)
    stored = None if target is None else values_as(node, context, (left, right), target)
    if stored:
        context.emit_stored(node, operation, [choice, *stored], result)
    else:
        values = [context.plain(operand) for operand in (left, right)]
        context.emit_plain(node, operation, [choice, *values], result)
