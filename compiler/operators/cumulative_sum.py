"""CumSum."""

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

HEADER = "tilewright/cumulative_sum.h"


@dataclass(frozen=True)
class CumulativeSum(Operation):
    """Running sums along an axis, from 0; float32, or int32 modulo 2^32.

    Input and output: of any shape, and the same. With `exclusive` an element is not part of its own
    sum; with `reverse` sums run from the end of the axis.
    """

    axis: int
    exclusive: bool
    reverse: bool

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type in (DataType.FLOAT32, DataType.INT32)
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        line = np.moveaxis(x, self.axis, 0)
        line = line[::-1] if self.reverse else line
        start = np.zeros((1, *line.shape[1:]), x.dtype)
        with np.errstate(all="ignore"):
            sums = np.add.accumulate(np.concatenate([start, line]), axis=0, dtype=x.dtype)
        sums = sums[:-1] if self.exclusive else sums[1:]
        sums = sums[::-1] if self.reverse else sums
        return (np.ascontiguousarray(np.moveaxis(sums, 0, self.axis)),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        shape = outputs[0].shape
        parameters = {
            "outer": prod(shape[: self.axis]),
            "extent": shape[self.axis],
            "inner": prod(shape[self.axis + 1 :]),
            "exclusive": int(self.exclusive),
            "reverse": int(self.reverse),
        }
        suffix = "f32" if outputs[0].data_type.is_float else "s32"
        return Kernel(f"tw_cumulative_sum_{suffix}", HEADER, parameters)


@lowering("CumSum", description="constant axis, exclusive, reverse; float32 or int32 (modulo 2^32)")
def lower_cumulative_sum(node: OnnxNode, context: LoweringContext) -> None:
    x, axis = context.required(node, 0), context.required(node, 1)
    if axis.constant is None:
        raise UnsupportedForm(f"its axis {axis.name!r} is computed at run time", "a constant axis")
    if x.type.data_type not in (DataType.FLOAT32, DataType.INT32, DataType.INT64):
        raise UnsupportedForm(f"its operand {x.name!r} is {x.type.data_type.value}")
    operation = CumulativeSum(
        int(axis.constant.item()) % len(x.shape),
        bool(node.attribute("exclusive", 0)),
        bool(node.attribute("reverse", 0)),
    )
    context.emit_plain(node, operation, [context.plain(x)], context.result(node))
