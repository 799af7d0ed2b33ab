"""TopK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Node, Operation, TensorType
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/top_k.h"
SUFFIXES = {DataType.FLOAT32: "f32", DataType.INT32: "s32", DataType.INT8: "s8"}


@dataclass(frozen=True)
class TopK(Operation):
    """The `count` largest (or smallest) elements along an axis, and their indices.

    Input: int8, int32 or float32 of any shape. Outputs: values like the input, with extent `count`
    along `axis`; indices int32, alike. The most extreme element comes first, NaN before any number,
    equal ones by ascending index.
    """

    axis: int
    count: int
    smallest: bool

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type in SUFFIXES and 1 <= self.count <= x.shape[self.axis]
        shape = (*x.shape[: self.axis], self.count, *x.shape[self.axis + 1 :])
        return TensorType(x.data_type, shape), TensorType(DataType.INT32, shape)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        key = x if x.dtype == np.float32 else x.astype(np.int64)
        # A stable sort by whether it is a number, then by value.
        order = np.lexsort((key if self.smallest else -key, ~np.isnan(key)), axis=self.axis)
        indices = np.take(order, np.arange(self.count), axis=self.axis)
        return np.take_along_axis(x, indices, self.axis), indices.astype(np.int32)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        parameters = {
            "outer": prod(x.shape[: self.axis]),
            "extent": x.shape[self.axis],
            "inner": prod(x.shape[self.axis + 1 :]),
            "count": self.count,
            "smallest": int(self.smallest),
        }
        return Kernel(f"tw_top_k_{SUFFIXES[x.data_type]}", HEADER, parameters)


@lowering("TopK", description="any axis, constant k, largest or smallest; int8, int32 or float32")
def lower_top_k(node: OnnxNode, context: LoweringContext) -> None:
    x, k = context.required(node, 0), context.required(node, 1)
    if k.constant is None:
        raise UnsupportedForm(f"its K {k.name!r} is computed at run time", "a constant K")
    axis = node.attribute("axis", -1) % len(x.shape)
    count = int(k.constant.item())
    if not 1 <= count <= x.shape[axis]:
        raise UnsupportedForm(f"its K is {count}", f"1 to the axis' extent, {x.shape[axis]}")
    quantization = x.quantization if x.is_int8 else None
    if quantization is None and x.type.data_type not in (
        DataType.FLOAT32,
        DataType.INT32,
        DataType.INT64,
    ):
        raise UnsupportedForm(f"its operand {x.name!r} is {x.type.data_type.value}")
    # Stored values are in the order of the real ones, and keep their parameters.
    value = context.plain(x) if quantization is None else context.stored(x)
    operation = TopK(axis, count, not node.attribute("largest", 1))
    outputs = (*node.outputs, None)[:2]
    names = [
        context.graph.unique_name(name or f"{node.name}/{role}")
        for name, role in zip(outputs, ("values", "indices"), strict=True)
    ]
    values, indices = context.graph.append(
        Node(node.name, operation, (value,), tuple(names), (node.name, *node.absorbed))
    )
    if outputs[0] is not None and quantization is not None:
        values.quantization = quantization
        context.bind_stored(outputs[0], values.name, quantization)
    elif outputs[0] is not None:
        context.bind_plain(outputs[0], values.name)
    if outputs[1] is not None:
        context.bind_plain(outputs[1], indices.name)
