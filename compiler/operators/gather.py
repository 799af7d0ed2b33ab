"""Gather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.registry import lowering
from compiler.operators.view import View

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class Gather(Operation):
    """Slices of a tensor along an axis, chosen by index.

    Inputs: data of any type and shape; indices int32 of any shape, which replaces the axis in the
    output's shape. A negative index counts from the end; one outside of the axis reads its first
    or last slice, where ONNX leaves the result open.
    """

    axis: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        data, indices = inputs
        assert data is not None and indices is not None
        assert indices.data_type is DataType.INT32
        shape = (*data.shape[: self.axis], *indices.shape, *data.shape[self.axis + 1 :])
        return (TensorType(data.data_type, shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        data, indices = inputs
        assert data is not None and indices is not None
        extent = data.shape[self.axis]
        positive = np.where(indices < 0, indices.astype(np.int64) + extent, indices)
        taken = np.take(data, np.clip(positive, 0, extent - 1), axis=self.axis)
        return (np.ascontiguousarray(taken).reshape(taken.shape),)

    @property
    def sparsely_read(self) -> tuple[int, ...]:
        return (0,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        data, indices = inputs
        assert data is not None and indices is not None
        parameters = {
            "outer": prod(data.shape[: self.axis]),
            "extent": data.shape[self.axis],
            "indices": indices.elements,
            "slice_bytes": prod(data.shape[self.axis + 1 :]) * data.data_type.bytes,
        }
        return Kernel("tw_gather", "tilewright/gather.h", parameters)


@lowering("Gather", description="any axis, constant or run-time indices; all types")
def lower_gather(node: OnnxNode, context: LoweringContext) -> None:
    data, indices = context.required(node, 0), context.required(node, 1)
    axis = node.attribute("axis", 0) % len(data.shape)
    extent = data.shape[axis]
    if not extent and indices.type.elements:
        raise UnsupportedForm(f"its input {data.name!r} is {data.type}", "data with elements")
    if indices.constant is not None:
        outside = (indices.constant < -extent) | (indices.constant >= extent)
        if bool(np.any(outside)):
            found = indices.constant[outside].reshape(-1)[0]
            raise UnsupportedForm(
                f"index {found} of {indices.name!r} is outside of axis {axis} of {data.name!r}, "
                f"which has extent {extent}",
                f"indices from {-extent} to {extent - 1}",
            )
    if extent == 1 and indices.type.elements == 1:
        # Whatever the index is: the only slice, as the only token of a language model's step.
        shape = (*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :])
        context.emit_moved(node, View(shape), [data])
        return
    context.emit_moved(node, Gather(axis), [data], [context.plain(indices)])
