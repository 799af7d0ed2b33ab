"""TensorScatter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, Reach, TensorType, Tile
from compiler.lowering.operand import Result
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class TensorScatter(Operation):
    """Writes rows into a cache, at an index per batch entry, and leaves all others as they are.

    Inputs: cache of any type [batch, ..., capacity, ...]; update, alike but with `rows` instead of
    `capacity` on `axis`; optional int32 [batch], the first row to write (absent: 0).
    Output: the updated cache, in the cache's memory. Rows outside of the cache are not written; in
    circular mode they are taken modulo the capacity.
    """

    axis: int
    circular: bool

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        cache, update, indices = inputs
        assert cache is not None and update is not None and cache.data_type is update.data_type
        assert 0 < self.axis < len(cache.shape)
        expected = list(cache.shape)
        expected[self.axis] = update.shape[self.axis]
        assert tuple(expected) == update.shape
        assert update.shape[self.axis] <= cache.shape[self.axis]
        assert indices is None or indices == TensorType(DataType.INT32, cache.shape[:1])
        return (cache,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        cache, update, indices = inputs
        assert cache is not None and update is not None
        result = cache.copy()
        capacity, rows = cache.shape[self.axis], update.shape[self.axis]
        # [batch, ..., capacity, ...] with the row axis second: views, not copies
        target, source = (np.moveaxis(array, self.axis, 1) for array in (result, update))
        for batch in range(cache.shape[0]):
            row = np.arange(rows, dtype=np.int64)
            if indices is not None:
                row += int(indices[batch])
            if self.circular:
                row %= capacity
            inside = (row >= 0) & (row < capacity)
            target[batch, row[inside]] = source[batch, inside]
        return (result,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        update, cache = inputs[1], outputs[0]
        assert update is not None
        parameters = {
            "batch": cache.shape[0],
            "outer": prod(cache.shape[1 : self.axis]),
            "capacity": cache.shape[self.axis],
            "rows": update.shape[self.axis],
            "row_bytes": prod(cache.shape[self.axis + 1 :]) * cache.data_type.bytes,
            "circular": int(self.circular),
        }
        return Kernel("tw_tensor_scatter", "tilewright/tensor_scatter.h", parameters)

    @property
    def updates(self) -> int | None:
        return 0

    def reach(self, inputs: Sequence[TensorType | None]) -> Mapping[int, Reach]:
        update = inputs[1]
        if self.circular or inputs[2] is None or update is None:
            return {}
        return {0: Reach(self.axis, 2, update.shape[self.axis])}

    def within(self, inputs: Sequence[TensorType | None], extents: Mapping[int, int]) -> Tile:
        boxes = [None if type_ is None else Box.whole(type_.shape) for type_ in inputs]
        assert boxes[0] is not None
        boxes[0] = boxes[0].on(self.axis, 0, extents[0])
        return Tile(self, tuple(boxes), boxes[0])


@lowering("TensorScatter", description="linear and circular; int8, float32 and all other types")
def lower_tensor_scatter(node: OnnxNode, context: LoweringContext) -> None:
    cache, update = context.required(node, 0), context.required(node, 1)
    axis = node.attribute("axis", -2) % len(cache.shape)
    mode = node.attribute("mode", "linear")
    if axis == 0 or mode not in ("linear", "circular"):
        raise UnsupportedForm(f"axis {axis}, mode {mode}", "axes other than 0; linear and circular")
    written = (*cache.shape[:axis], *update.shape[axis : axis + 1], *cache.shape[axis + 1 :])
    index_operand = context.operand(node, 2)
    index_type = None if index_operand is None else index_operand.type
    if (
        cache.type.data_type is not update.type.data_type
        or update.shape != written
        or update.shape[axis] > cache.shape[axis]
        or (index_type is not None and index_type.shape != cache.shape[:1])
        or (index_type is not None and index_type.data_type not in (DataType.INT64, DataType.INT32))
    ):
        raise UnsupportedForm(
            f"its cache is {cache.type}, its update {update.type}"
            + ("" if index_operand is None else f", its indices {index_operand.type}"),
            f"an update that fits the cache along axis {axis}, and an int64 index for each batch",
        )
    indices = None if index_operand is None else context.plain(index_operand)
    operation = TensorScatter(axis, mode == "circular")
    result = context.result(node)
    quantization = result.quantization
    if quantization is None and cache.quantization == update.quantization:
        quantization = cache.quantization
    if quantization is not None and cache.is_int8 and update.is_int8:
        values = [context.requantised(operand, quantization) for operand in (cache, update)]
        stored = Result(result.name, result.type, quantization, fused=result.fused)
        context.emit_stored(node, operation, [*values, indices], stored)
    else:
        values = [context.plain(operand) for operand in (cache, update)]
        context.emit_plain(node, operation, [*values, indices], result)
