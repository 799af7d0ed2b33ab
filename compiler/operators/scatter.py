"""Operators with an index per element or slice: GatherElements, ScatterElements, ScatterND."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.lowering.operand import Operand, Result
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/scatter.h"


@dataclass(frozen=True)
class GatherElements(Operation):
    """`output[i] = data[i with i[axis] replaced by indices[i]]`.

    Inputs: data of any type; indices int32 of the same rank and, on other axes, at most data's
    extents. A negative index counts from the end; one outside of the axis reads its first or last
    element, where ONNX leaves the result open.
    """

    axis: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        data, indices = inputs
        assert data is not None and indices is not None
        assert indices.data_type is DataType.INT32 and len(data.shape) == len(indices.shape)
        return (TensorType(data.data_type, indices.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        data, indices = inputs
        assert data is not None and indices is not None
        extent = data.shape[self.axis]
        wide = indices.astype(np.int64)
        index = np.clip(np.where(wide < 0, wide + extent, wide), 0, extent - 1)
        seen = tuple(
            slice(None) if axis == self.axis else slice(0, wanted)
            for axis, wanted in enumerate(indices.shape)
        )
        return (np.ascontiguousarray(np.take_along_axis(data[seen], index, self.axis)),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        data = inputs[0]
        assert data is not None
        missing = RANK - len(data.shape)
        parameters = {
            "elements": outputs[0].elements,
            "element_bytes": data.data_type.bytes,
            "axis": missing + self.axis,
            "extents": (1,) * missing + outputs[0].shape,
            "data_extents": (1,) * missing + data.shape,
        }
        return Kernel("tw_gather_elements", HEADER, parameters)


REDUCTIONS: Mapping[str, Callable[[Array, Array], Array]] = {
    "none": lambda old, update: update,
    "add": np.add,
    "mul": np.multiply,
    "max": lambda old, update: np.where((old > update) | (old != old), old, update),
    "min": lambda old, update: np.where((old < update) | (old != old), old, update),
}
"""What an update leaves of what is there, as the TW_SCATTER_ numbers of tilewright/scatter.h."""

ARITHMETIC = {DataType.FLOAT32: "f32", DataType.INT32: "s32"}
"""Types with kernels for reductions, and how their names end."""


def _combine(reduction: str, result: Array, places: Iterable[Any], updates: Array) -> None:
    """Updates one after the other: those of equal places meet what the ones before left."""
    combined = REDUCTIONS[reduction]
    with np.errstate(all="ignore"):
        for place, update in zip(places, updates, strict=True):
            result[place] = combined(result[place], update)


@dataclass(frozen=True)
class ScatterND(Operation):
    """A copy of data in which slices are replaced or changed, each at its own index.

    Inputs: data of any type, of float32 or int32 if `reduction` is not none; indices int32
    [..., depth], one index into the first `depth` axes of data for each slice; updates
    [..., slice]. A negative index counts from the end. Slices whose index lies outside of data are
    not written, where ONNX leaves the result open; of several slices with the same index the last
    one stays, or all are combined in order.
    """

    reduction: str = "none"

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        data, indices, updates = inputs
        assert data is not None and indices is not None and updates is not None
        assert indices.data_type is DataType.INT32 and data.data_type is updates.data_type
        assert self.reduction == "none" or data.data_type in ARITHMETIC
        depth = indices.shape[-1]
        assert updates.shape == (*indices.shape[:-1], *data.shape[depth:])
        return (data,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        data, indices, updates = inputs
        assert data is not None and indices is not None and updates is not None
        depth = indices.shape[-1]
        extents = np.array(data.shape[:depth])
        index = indices.reshape(-1, depth).astype(np.int64)
        index = np.where(index < 0, index + extents, index)
        inside = np.all((index >= 0) & (index < extents), axis=1)
        result = data.copy()
        slices = updates.reshape(len(index), *data.shape[depth:])
        _combine(self.reduction, result, map(tuple, index[inside]), slices[inside])
        return (result,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        indices = inputs[1]
        assert indices is not None
        depth, shape = indices.shape[-1], outputs[0].shape
        parameters = {
            "slices": prod(indices.shape[:-1]),
            "depth": depth,
            "extents": shape[:depth] + (1,) * (RANK - depth),
        }
        elements = prod(shape[depth:])
        if self.reduction == "none":
            size = outputs[0].data_type.bytes
            parameters |= {"slice_bytes": elements * size, "data_bytes": outputs[0].bytes}
            return Kernel("tw_scatter_nd", HEADER, parameters)
        parameters |= {
            "slice_elements": elements,
            "data_elements": outputs[0].elements,
            "reduction": list(REDUCTIONS).index(self.reduction),
        }
        return Kernel(f"tw_scatter_nd_{ARITHMETIC[outputs[0].data_type]}", HEADER, parameters)


@dataclass(frozen=True)
class ScatterElements(Operation):
    """A copy of data in which elements are replaced or changed, each at an index on one axis.

    Inputs: data of any type, of float32 or int32 if `reduction` is not none; indices int32 of the
    same rank and, on other axes, at most data's extents; updates of the indices' shape. Indices as
    those of `ScatterND`.
    """

    axis: int
    reduction: str = "none"

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        data, indices, updates = inputs
        assert data is not None and indices is not None and updates is not None
        assert indices.data_type is DataType.INT32 and data.data_type is updates.data_type
        assert self.reduction == "none" or data.data_type in ARITHMETIC
        assert indices.shape == updates.shape and len(indices.shape) == len(data.shape)
        return (data,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        data, indices, updates = inputs
        assert data is not None and indices is not None and updates is not None
        extent = data.shape[self.axis]
        wide = indices.astype(np.int64)
        index = np.where(wide < 0, wide + extent, wide)
        inside = (index >= 0) & (index < extent)
        places: Array = np.argwhere(inside)
        places[:, self.axis] = index[inside]
        result = data.copy()
        _combine(self.reduction, result, map(tuple, places), updates[inside])
        return (result,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        indices = inputs[1]
        assert indices is not None
        missing = (1,) * (RANK - len(indices.shape))
        parameters = {
            "updates": indices.elements,
            "data_elements": outputs[0].elements,
            "axis": len(missing) + self.axis,
            "extents": missing + indices.shape,
            "data_extents": missing + outputs[0].shape,
        }
        data_type = outputs[0].data_type
        if self.reduction == "none":
            parameters["element_bytes"] = data_type.bytes
            return Kernel("tw_scatter_elements", HEADER, parameters)
        parameters["reduction"] = list(REDUCTIONS).index(self.reduction)
        return Kernel(f"tw_scatter_elements_{ARITHMETIC[data_type]}", HEADER, parameters)


@lowering("GatherElements", description="any axis, up to 6 axes; all types")
def lower_gather_elements(node: OnnxNode, context: LoweringContext) -> None:
    data, indices = context.required(node, 0), context.required(node, 1)
    _refuse_rank(data, len(data.shape))
    axis = node.attribute("axis", 0) % len(data.shape)
    _refuse_reach(data, indices, axis)
    if indices.type.elements and not data.type.elements:
        raise UnsupportedForm(f"its input {data.name!r} is {data.type}", "data with elements")
    if indices.constant is not None:
        _refuse_outside(data, indices, indices.constant, [data.shape[axis]])
    context.emit_moved(node, GatherElements(axis), [data], [context.plain(indices)])


@lowering(
    "ScatterND",
    description="indices of up to 6 axes; all types; reductions add, mul, max and min of float32 "
    "and int32",
)
def lower_scatter_nd(node: OnnxNode, context: LoweringContext) -> None:
    data, indices, updates = (context.required(node, index) for index in range(3))
    depth = indices.shape[-1] if indices.shape else 0
    wanted = (*indices.shape[:-1], *data.shape[depth:])
    if not 0 < depth <= len(data.shape) or updates.shape != wanted:
        raise UnsupportedForm(
            f"its data are {data.type}, its indices {indices.type}, its updates {updates.type}",
            "[..., n] indices of the first n axes of the data, and an update for each",
        )
    _refuse_rank(data, depth)
    if indices.constant is not None:
        _refuse_outside(data, indices, indices.constant, data.shape[:depth])
    _emit_scatter(node, context, ScatterND(_reduction(node, data)))


@lowering(
    "ScatterElements",
    description="any axis, up to 6 axes; all types; reductions add, mul, max and min of float32 "
    "and int32",
)
def lower_scatter_elements(node: OnnxNode, context: LoweringContext) -> None:
    data, indices, updates = (context.required(node, index) for index in range(3))
    _refuse_rank(data, len(data.shape))
    axis = node.attribute("axis", 0) % len(data.shape)
    _refuse_reach(data, indices, axis)
    if updates.shape != indices.shape:
        raise UnsupportedForm(
            f"its indices are {indices.type}, its updates {updates.type}", "an update for each"
        )
    if indices.constant is not None:
        _refuse_outside(data, indices, indices.constant, [data.shape[axis]])
    _emit_scatter(node, context, ScatterElements(axis, _reduction(node, data)))


def _reduction(node: OnnxNode, data: Operand) -> str:
    reduction = node.attribute("reduction", "none")
    if reduction not in REDUCTIONS:
        raise UnsupportedForm(f"its reduction is {reduction}", ", ".join(REDUCTIONS))
    computed = DataType.INT32 if data.type.data_type is DataType.INT64 else data.type.data_type
    if reduction != "none" and computed not in ARITHMETIC:
        raise UnsupportedForm(
            f"its reduction is {reduction}, of {computed.value}",
            "reductions of float32, int32 and int64; all types without one",
            "cast its data and updates to int32 or float32",
        )
    return reduction


def _emit_scatter(
    node: OnnxNode, context: LoweringContext, operation: ScatterND | ScatterElements
) -> None:
    data, indices, updates = (context.required(node, index) for index in range(3))
    result = context.result(node)
    quantization = result.quantization
    if quantization is None and data.quantization == updates.quantization:
        quantization = data.quantization
    index = context.plain(indices)
    moved = operation.reduction == "none"
    if moved and quantization is not None and data.is_int8 and updates.is_int8:
        stored = Result(result.name, result.type, quantization, fused=result.fused)
        first, second = (context.requantised(operand, quantization) for operand in (data, updates))
        context.emit_stored(node, operation, [first, index, second], stored)
    else:
        first, second = context.plain(data), context.plain(updates)
        context.emit_plain(node, operation, [first, index, second], result)


def _refuse_reach(data: Operand, indices: Operand, axis: int) -> None:
    """Refuses indices of another rank than data, or with more elements on an axis but `axis`."""
    others = [other for other in range(len(data.shape)) if other != axis]
    fits = len(indices.shape) == len(data.shape)
    if not fits or any(indices.shape[other] > data.shape[other] for other in others):
        raise UnsupportedForm(
            f"its indices {indices.name!r} are {indices.type}, and {data.name!r} is {data.type}",
            f"indices that reach no further than the data on any axis but {axis}",
        )


def _refuse_rank(data: Operand, axes: int) -> None:
    if axes > RANK:
        raise UnsupportedForm(f"it indexes {axes} axes of {data.name!r}", f"up to {RANK} axes")


def _refuse_outside(
    data: Operand, indices: Operand, constant: Array, extents: Sequence[int]
) -> None:
    """Refuses constant indices outside of [-extent, extent); `extents` broadcasts to them."""
    limits = np.array(extents)
    outside = (constant < -limits) | (constant >= limits)
    if bool(np.any(outside)):
        found = constant[outside].reshape(-1)[0]
        raise UnsupportedForm(
            f"index {found} of {indices.name!r} is outside of {data.name!r}, {data.type}",
            "indices from -extent to extent - 1",
        )
