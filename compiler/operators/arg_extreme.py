"""ArgMax and ArgMin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/arg_extreme.h"
SUFFIXES = {DataType.FLOAT32: "f32", DataType.INT32: "s32", DataType.INT8: "s8"}


@dataclass(frozen=True)
class ArgExtreme(Operation):
    """Index of the largest or smallest element along an axis, int32.

    Input: int8, int32 or float32 of any shape. Output: int32, in the input's shape with extent 1
    along `axis`, or without it. NaN is more extreme than any number.

    Attributes:
        smallest: of the smallest element, instead of the largest.
        last: the last of equal elements, instead of the first.
    """

    axis: int
    smallest: bool
    last: bool
    keep: bool

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type in SUFFIXES
        middle = (1,) if self.keep else ()
        return (
            TensorType(DataType.INT32, x.shape[: self.axis] + middle + x.shape[self.axis + 1 :]),
        )

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        line = np.flip(x, self.axis) if self.last else x
        find = np.argmin if self.smallest else np.argmax
        index = np.asarray(find(line, axis=self.axis, keepdims=self.keep), np.int32)
        return (np.int32(x.shape[self.axis] - 1) - index if self.last else index,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        parameters = {
            "outer": prod(x.shape[: self.axis]),
            "extent": x.shape[self.axis],
            "inner": prod(x.shape[self.axis + 1 :]),
            "smallest": int(self.smallest),
            "last": int(self.last),
        }
        return Kernel(f"tw_arg_extreme_{SUFFIXES[x.data_type]}", HEADER, parameters)


@lowering(
    "ArgMax",
    "ArgMin",
    description="any axis, keepdims, select_last_index; int8, uint8, int32 or float32",
)
def lower_arg_extreme(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    if not x.shape:
        raise UnsupportedForm(f"its operand {x.name!r} is a scalar", "at least one axis")
    operation = ArgExtreme(
        node.attribute("axis", 0) % len(x.shape),
        node.operator == "ArgMin",
        bool(node.attribute("select_last_index", 0)),
        bool(node.attribute("keepdims", 1)),
    )
    if x.is_int8:
        value = context.stored(x)  # in the same order as the real values
    elif x.type.data_type in (DataType.INT8, DataType.UINT8):
        value = context.stored_bytes(node, x)
    elif x.type.data_type in (DataType.FLOAT32, DataType.INT32, DataType.INT64):
        value = context.plain(x)
    else:
        raise UnsupportedForm(f"its operand {x.name!r} is {x.type.data_type.value}")
    context.emit_plain(node, operation, [value], context.result(node))
