"""GatherND: slices chosen by tuples of indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.lowering.operand import Operand
from compiler.operators.binary import Arithmetic
from compiler.operators.comparison import Comparison
from compiler.operators.reduction import Reduce
from compiler.operators.registry import lowering
from compiler.operators.view import View
from compiler.operators.where import Where

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class GatherSlices(Operation):
    """Slices of a tensor whose first `axes` axes are one, chosen by index.

    Inputs: data of any type; positions int32, which have the output's first axes. A negative
    position counts from the end; one outside reads the first or last slice.
    """

    axes: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        data, positions = inputs
        assert data is not None and positions is not None
        assert positions.data_type is DataType.INT32
        return (TensorType(data.data_type, (*positions.shape, *data.shape[self.axes :])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        data, positions = inputs
        assert data is not None and positions is not None
        slices = data.reshape(-1, *data.shape[self.axes :])
        wide = positions.astype(np.int64)
        wide = np.where(wide < 0, wide + len(slices), wide)
        return (np.ascontiguousarray(slices[np.clip(wide, 0, len(slices) - 1)]),)

    @property
    def sparsely_read(self) -> tuple[int, ...]:
        return (0,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        data, positions = inputs
        assert data is not None and positions is not None
        parameters = {
            "outer": 1,
            "extent": prod(data.shape[: self.axes]),
            "indices": positions.elements,
            "slice_bytes": prod(data.shape[self.axes :]) * data.data_type.bytes,
        }
        return Kernel("tw_gather", "tilewright/gather.h", parameters)


@lowering("GatherND", description="any batch_dims, constant or run-time indices; all types")
def lower_gather_nd(node: OnnxNode, context: LoweringContext) -> None:
    data, indices = context.required(node, 0), context.required(node, 1)
    batch_rank = node.attribute("batch_dims", 0)
    depth = indices.shape[-1] if indices.shape else 0
    batch, indexed = data.shape[:batch_rank], data.shape[batch_rank : batch_rank + depth]
    fits = len(indexed) == depth > 0 and indices.shape[:batch_rank] == batch
    if not fits or not data.type.elements:
        raise UnsupportedForm(
            f"its indices {indices.name!r} are {indices.type}, its data {data.name!r} {data.type}, "
            f"and batch_dims {batch_rank}",
            "data with elements, equal batch axes, and one index to as many as there are axes",
        )
    if indices.constant is not None:
        _refuse_outside(indices, indexed)
        extents = np.array(indexed, np.int64)
        positive = np.where(indices.constant < 0, indices.constant + extents, indices.constant)
        starts = _starts(indices, batch, indexed)
        flat = np.asarray((positive * _strides(indexed)).sum(-1) + starts, np.int32)
        positions = context.constant(node, "positions", flat)
    else:
        positions = _emit_positions(node, context, indices, batch, indexed)
    context.emit_moved(node, GatherSlices(batch_rank + depth), [data], [positions])


def _strides(indexed: Sequence[int]) -> Array:
    """How many slices lie between neighbours on each of the indexed axes; int64."""
    return np.array([prod(indexed[axis + 1 :]) for axis in range(len(indexed))], np.int64)


def _starts(indices: Operand, batch: Sequence[int], indexed: Sequence[int]) -> Array:
    """The first slice of each batch, shaped to be added to positions; int64."""
    starts = np.arange(prod(batch), dtype=np.int64) * prod(indexed)
    return starts.reshape((*batch, *(1,) * (len(indices.shape) - 1 - len(batch))))


def _refuse_outside(indices: Operand, indexed: Sequence[int]) -> None:
    assert indices.constant is not None
    extents = np.array(indexed, np.int64)
    outside = (indices.constant < -extents) | (indices.constant >= extents)
    if bool(np.any(outside)):
        found = indices.constant[outside.any(-1)].reshape(-1, len(indexed))[0]
        raise UnsupportedForm(
            f"index {found.tolist()} of {indices.name!r} is outside of axes of extents "
            f"{list(indexed)}",
            "indices of elements that exist",
        )


def _emit_positions(
    node: OnnxNode,
    context: LoweringContext,
    indices: Operand,
    batch: Sequence[int],
    indexed: Sequence[int],
) -> str:
    """A value with the number of each slice, as if the axes were one."""
    value, depth, shape = context.plain(indices), len(indexed), indices.shape[:-1]
    if batch or depth > 1:
        # GatherSlices counts from the end of all axes together, an index from that of its own.
        zero = context.constant(node, "zero", np.zeros((), np.int32))
        extents = context.constant(node, "extents", np.array(indexed, np.int32))
        strides = context.constant(node, "strides", _strides(indexed).astype(np.int32))
        is_negative = context.emit_value(node, "is_negative", Comparison((), "less"), [value, zero])
        from_end = context.emit_value(node, "from_end", Arithmetic((0,), "add"), [value, extents])
        value = context.emit_value(node, "positive", Where((1, 2)), [is_negative, from_end, value])
        value = context.emit_value(node, "scaled", Arithmetic((0,), "multiply"), [value, strides])
        rows = Reduce("sum", prod(shape), depth, 1, shape)
        value = context.emit_value(node, "flat", rows, [value])
    else:
        value = context.emit_value(node, "flat", View(shape), [value])
    if not batch:
        return value
    starts = context.constant(node, "starts", _starts(indices, batch, indexed).astype(np.int32))
    return context.emit_value(node, "positions", Arithmetic((0,), "add"), [value, starts])
