"""Operations that move elements: transposes, slices, concatenation, padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, Quantization, TensorType, Tile
from compiler.lowering.operand import Operand, Result
from compiler.operators.padding import emit_padded_by_gather
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK, collapse, dense_strides

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/movement.h"
CONCATENATED = 4
"""Operands of one call of the concatenation kernel."""


@dataclass(frozen=True)
class Transpose(Operation):
    """Axis i of the output is axis `permutation[i]` of the input; any element type."""

    permutation: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and len(x.shape) == len(self.permutation)
        return (TensorType(x.data_type, permute(x.shape, self.permutation)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (np.ascontiguousarray(x.transpose(self.permutation)),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        return strided_copy(outputs[0], permute(dense_strides(x.shape), self.permutation), 0)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.permutation)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        (x,) = inputs
        assert x is not None
        part = Box.whole(x.shape)
        for axis, source in enumerate(self.permutation):
            part = part.on(source, box.begin[axis], box.end[axis])
        return Tile(self, (part,), box)

    def is_view(self, shape: Sequence[int]) -> bool:
        """Whether a tensor of this shape keeps its order: only extents of 1 change places."""
        moved = [axis for axis in self.permutation if shape[axis] != 1]
        return moved == sorted(moved)


@dataclass(frozen=True)
class Slice(Operation):
    """`output[i] = input[starts + i * steps]` along every axis; steps may be negative."""

    starts: tuple[int, ...]
    steps: tuple[int, ...]
    extents: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and len(x.shape) == len(self.extents)
        return (TensorType(x.data_type, self.extents),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        indices = [
            start + step * np.arange(extent)
            for start, step, extent in zip(self.starts, self.steps, self.extents, strict=True)
        ]
        return (np.ascontiguousarray(x[np.ix_(*indices)]),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        dense = dense_strides(x.shape)
        strides = tuple(stride * step for stride, step in zip(dense, self.steps, strict=True))
        offset = sum(stride * start for stride, start in zip(dense, self.starts, strict=True))
        return strided_copy(outputs[0], strides, offset)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        del inputs
        return tuple(range(len(self.extents)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        ends = [
            (start + step * begin, start + step * (end - 1))
            for start, step, begin, end in zip(
                self.starts, self.steps, box.begin, box.end, strict=True
            )
        ]
        read = Box(tuple(map(min, ends)), tuple(max(pair) + 1 for pair in ends))
        starts = tuple(first - low for (first, _), low in zip(ends, read.begin, strict=True))
        return Tile(Slice(starts, self.steps, box.shape), (read,), box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        moved = (permute(axes, permutation) for axes in (self.starts, self.steps, self.extents))
        return Slice(*moved), (0,)


@dataclass(frozen=True)
class Concatenate(Operation):
    """Up to four tensors one after the other along `axis`; absent operands come last."""

    axis: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        assert len(inputs) == CONCATENATED
        first = inputs[0]
        assert first is not None
        shape = list(first.shape)
        shape[self.axis] = sum(x.shape[self.axis] for x in inputs if x is not None)
        return (TensorType(first.data_type, tuple(shape)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        return (np.concatenate([x for x in inputs if x is not None], axis=self.axis),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        rows = int(np.prod(outputs[0].shape[: self.axis], dtype=np.int64))
        row_bytes = tuple(0 if x is None else x.bytes // max(1, rows) for x in inputs)
        return Kernel("tw_concatenate", HEADER, {"rows": rows, "row_bytes": row_bytes})

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return Concatenate(permutation.index(self.axis)), tuple(range(CONCATENATED))


@dataclass(frozen=True)
class Pad(Operation):
    """Surrounds a tensor with a constant; negative amounts cut off.

    Attributes:
        before, after: elements added on each axis.
        fill: the bits of the constant, an unsigned integer as wide as one element.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    fill: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        extents = zip(self.before, x.shape, self.after, strict=True)
        return (TensorType(x.data_type, tuple(map(sum, extents))),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        fill = np.array([self.fill], f"uint{8 * x.dtype.itemsize}").view(x.dtype)[0]
        result = np.full(output.shape, fill, x.dtype)
        target: list[slice] = []
        source: list[slice] = []
        for before, extent, wanted in zip(self.before, x.shape, output.shape, strict=True):
            begin, end = max(0, before), min(wanted, before + extent)
            if end <= begin:
                return (result,)
            target.append(slice(begin, end))
            source.append(slice(begin - before, end - before))
        result[tuple(target)] = x[tuple(source)]
        return (result,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        missing = RANK - len(x.shape)
        parameters = {
            "elements": outputs[0].elements,
            "element_bytes": x.data_type.bytes,
            "fill": self.fill,
            "extents": (1,) * missing + outputs[0].shape,
            "begins": (0,) * missing + self.before,
            "input_extents": (1,) * missing + x.shape,
        }
        return Kernel("tw_pad", HEADER, parameters)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        before, after = permute(self.before, permutation), permute(self.after, permutation)
        return Pad(before, after, self.fill), (0,)


def permute(axes: Sequence[int], permutation: Sequence[int]) -> tuple[int, ...]:
    """What a transpose makes of anything that has one entry for each axis."""
    return tuple(axes[axis] for axis in permutation)


def inverse(permutation: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(sorted(range(len(permutation)), key=lambda axis: permutation[axis]))


def strided_copy(output: TensorType, strides: Sequence[int], offset: int) -> Kernel:
    """The kernel call that reads its operand with `strides` (in elements) from `offset` on."""
    extents, (walked,) = collapse(output.shape, [strides])
    parameters = {
        "elements": output.elements,
        "element_bytes": output.data_type.bytes,
        "offset": offset,
        "extents": extents,
        "strides": walked,
    }
    return Kernel("tw_strided_copy", HEADER, parameters)


def channels_last(rank: int) -> Transpose:
    """From [batch, channels, spatial...], the model's, to [batch, spatial..., channels]."""
    return Transpose((0, *range(2, rank), 1))


def channels_first(rank: int) -> Transpose:
    """From [batch, spatial..., channels], the kernels', to [batch, channels, spatial...]."""
    return Transpose((0, rank - 1, *range(1, rank - 1)))


def emit_channels_last(node: OnnxNode, context: LoweringContext, value: str) -> str:
    """Emits the transpose of a node's activation to [batch, spatial..., channels]."""
    rank = len(context.graph.values[value].type.shape)
    return context.emit_value(node, "channels_last", channels_last(rank), [value])


@lowering("Transpose", description="any constant permutation, up to 6 axes")
def lower_transpose(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _refuse_rank(x)
    permutation = tuple(node.attribute("perm", list(reversed(range(len(x.shape))))))
    if sorted(permutation) != list(range(len(x.shape))):
        raise UnsupportedForm(
            f"its perm is {list(permutation)}, and {x.name!r} has {len(x.shape)} axes",
            "each axis once",
        )
    context.emit_moved(node, Transpose(permutation), [x])


@lowering("Slice", description="constant starts, ends, axes and steps; up to 6 axes")
def lower_slice(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _refuse_rank(x)
    rank = len(x.shape)
    starts, ends = _integers(node, context, 1, "starts"), _integers(node, context, 2, "ends")
    axes = _integers(node, context, 3, "axes", list(range(len(starts))))
    steps = _integers(node, context, 4, "steps", [1] * len(starts))
    firsts, strides, extents = [0] * rank, [1] * rank, list(x.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= rank
        firsts[axis], stop, strides[axis] = slice(start, end, step).indices(x.shape[axis])
        extents[axis] = len(range(firsts[axis], stop, step))
    _emit_slice(node, context, x, Slice(tuple(firsts), tuple(strides), tuple(extents)), 0)


@lowering("Split", description="constant sizes; up to 6 axes")
def lower_split(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _refuse_rank(x)
    rank = len(x.shape)
    axis = node.attribute("axis", 0) % rank
    sizes = _integers(node, context, 1, "split", _even_sizes(node, x.shape[axis]))
    if len(sizes) != len(node.outputs) or min(sizes) < 0 or sum(sizes) != x.shape[axis]:
        raise UnsupportedForm(
            f"it splits {x.shape[axis]} elements into {sizes} for {len(node.outputs)} outputs",
            "a size for each output, with the sum of the axis",
        )
    start = 0
    for index, (name, size) in enumerate(zip(node.outputs, sizes, strict=True)):
        if name is not None:
            starts = tuple(start if a == axis else 0 for a in range(rank))
            shape = tuple(size if a == axis else extent for a, extent in enumerate(x.shape))
            _emit_slice(node, context, x, Slice(starts, (1,) * rank, shape), index)
        start += size


@lowering("Concat", description="any number of operands, up to 6 axes")
def lower_concat(node: OnnxNode, context: LoweringContext) -> None:
    operands = [context.required(node, index) for index in range(len(node.inputs))]
    axis = node.attribute("axis", 0) % len(operands[0].shape)
    result = context.result(node)
    quantization = result.quantization
    if quantization is None and len({operand.quantization for operand in operands}) == 1:
        quantization = operands[0].quantization
    integer = quantization is not None and all(operand.is_int8 for operand in operands)
    if integer and quantization is not None:
        values = [context.requantised(operand, quantization) for operand in operands]
    else:
        values = [context.plain(operand) for operand in operands]
    while len(values) > CONCATENATED:
        group, values = values[:CONCATENATED], values[CONCATENATED:]
        values.insert(0, context.emit_value(node, "part", Concatenate(axis), group))
    inputs = (*values, *(None,) * (CONCATENATED - len(values)))
    if integer:
        stored = Result(result.name, result.type, quantization, fused=result.fused)
        context.emit_stored(node, Concatenate(axis), inputs, stored)
    else:
        context.emit_plain(node, Concatenate(axis), inputs, result)


@lowering(
    "Pad",
    description="constant amounts and value; modes constant (up to 6 axes), reflect, edge, wrap",
)
def lower_pad(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    rank = len(x.shape)
    mode = node.attribute("mode", "constant")
    amounts = _integers(node, context, 1, "pads")
    axes = _integers(node, context, 3, "axes", list(range(rank)))
    before, after = [0] * rank, [0] * rank
    for index, axis in enumerate(axes):
        before[axis % rank], after[axis % rank] = amounts[index], amounts[index + len(axes)]
    if mode != "constant":
        emit_padded_by_gather(node, context, x, mode, before, after)
        return
    _refuse_rank(x)
    value = context.operand(node, 2)
    if value is not None and value.constant is None:
        raise UnsupportedForm(f"its value {value.name!r} is computed at run time", "constants")
    real = 0.0 if value is None or value.constant is None else value.constant.item()
    amount = (tuple(before), tuple(after))
    if x.quantization is None or _is_stored(real, x.quantization):
        context.emit_moved(node, Pad(*amount, _bits(real, x.type, x.quantization)), [x])
        return
    # The operand's int8 cannot hold the value; the result's may, or at least rounds it once.
    result = context.result(node)
    target = result.quantization
    if target is None:
        pad = Pad(*amount, _bits(real, x.type, None))
        context.emit_plain(node, pad, [context.plain(x)], result)
    else:
        pad = Pad(*amount, _bits(real, x.type, target))
        context.emit_stored(node, pad, [context.requantised(x, target)], result)


def _is_stored(value: float, quantization: Quantization) -> bool:
    """Whether some stored int8 stands for exactly this float32 value."""
    stored = np.arange(-128, 128) - quantization.zero_point
    return bool(np.any(stored.astype(np.float32) * np.float32(quantization.scale) == value))


def _bits(value: float, type_: TensorType, quantization: Quantization | None) -> int:
    """The stored bits of a real value among the elements of a tensor."""
    if quantization is not None:
        steps = np.rint(value / quantization.scale) + quantization.zero_point
        return int(
            np.clip(np.nan_to_num(steps, nan=-128.0), -128, 127).astype(np.int8).view(np.uint8)
        )
    element = np.dtype(np.int32 if type_.data_type is DataType.INT64 else type_.data_type.numpy)
    return int(np.array(value, element).view(f"uint{8 * element.itemsize}"))


def _emit_slice(
    node: OnnxNode, context: LoweringContext, operand: Operand, operation: Slice, output: int
) -> None:
    if 0 in operation.extents:
        raise UnsupportedForm(f"its result {node.output(output)!r} is empty", "non-empty results")
    context.emit_moved(node, operation, [operand], output=output)


def _even_sizes(node: OnnxNode, extent: int) -> list[int]:
    count = len(node.outputs)
    size = -(-extent // count)
    return [min(size, max(0, extent - index * size)) for index in range(count)]


def _integers(
    node: OnnxNode,
    context: LoweringContext,
    index: int,
    role: str,
    default: list[int] | None = None,
) -> list[int]:
    """A constant operand that is a list of integers."""
    operand = context.operand(node, index)
    if operand is None and default is not None:
        return default
    if operand is None or operand.constant is None:
        raise UnsupportedForm(f"its {role} are computed at run time", f"constant {role}")
    return [int(value) for value in operand.constant.reshape(-1)]


def _refuse_rank(operand: Operand) -> None:
    if len(operand.shape) > RANK:
        raise UnsupportedForm(
            f"its operand {operand.name!r} has {len(operand.shape)} axes", f"up to {RANK} axes"
        )
