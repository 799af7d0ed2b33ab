"""RequantShift: integers times a factor, plus an addend, shifted right and saturated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.lowering.operand import Result
from compiler.numerics.requantisation import half
from compiler.operators.cast import emit_narrowed
from compiler.operators.integer_operand import (
    broadcasts_to,
    constant_integers,
    int32_value,
    power_of_two,
    required_attribute,
    result_of,
)
from compiler.operators.registry import PULP_DOMAIN, lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/requantise_shift.h"
INT32 = range(-(2**31), 2**31)
ADDEND_LIMIT = 2**62
"""Addends and products of 32 bits stay below 2^63 together."""
MAXIMUM_SHIFT = 62


@dataclass(frozen=True)
class RequantiseShift(Operation):
    """`clip(((x * factor + addend) >> shift) + zero_point, low, high)`, exact.

    Inputs: x int32; constants int32 [3, channels]: factors, the addends' lower halves and their
    upper halves. An element's channel is its index over `axes` consecutive axes of x from `axis`
    on; one channel is that of all elements. Output: int8 or int32 (`to`), shaped like x.

    Attributes:
        low, high: bounds of what is stored.
        zero_point: -128 for results from 0 to 255 that are stored as int8.
    """

    shift: int
    low: int
    high: int
    zero_point: int = 0
    to: DataType = DataType.INT8
    axis: int = 0
    axes: int = 0

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, constants = inputs
        assert x is not None and constants is not None and constants.shape[0] == 3
        assert x.data_type is DataType.INT32 and constants.data_type is DataType.INT32
        assert constants.shape[1] == self._channels(x.shape)
        return (TensorType(self.to, x.shape),)

    def _channels(self, shape: Sequence[int]) -> int:
        return prod(shape[self.axis : self.axis + self.axes])

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, constants = inputs
        assert x is not None and constants is not None
        along = [1] * x.ndim
        along[self.axis : self.axis + self.axes] = x.shape[self.axis : self.axis + self.axes]
        factor, lower, upper = (row.astype(np.int64).reshape(along) for row in constants)
        addend = (upper << 32) + (lower & 0xFFFFFFFF)
        shifted = ((x.astype(np.int64) * factor + addend) >> self.shift) + self.zero_point
        return (cast(Array, np.clip(shifted, self.low, self.high).astype(self.to.numpy)),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (y,) = outputs
        channels = self._channels(y.shape)
        inner = prod(y.shape[self.axis + self.axes :]) if self.axes else y.elements
        parameters = {
            "elements": y.elements,
            "channels": channels,
            "inner": max(inner, 1),
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
            "zero_point": self.zero_point,
        }
        suffix = "s8" if self.to is DataType.INT8 else "s32"
        return Kernel(f"tw_requantise_shift_{suffix}", HEADER, parameters)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        block = range(self.axis, self.axis + self.axes) if self.axes > 1 else ()
        return tuple(axis for axis in range(len(x.shape)) if axis not in block)

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        constants = inputs[1]
        assert constants is not None
        part = Box.whole(constants.shape)
        if self.axes == 1:
            part = part.on(1, box.begin[self.axis], box.end[self.axis])
        return Tile(self, (box, part), box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        if self.axes > 1:
            return None
        if self.axes == 0:
            return self, (0,)
        return replace(self, axis=permutation.index(self.axis)), (0,)


@dataclass(frozen=True)
class Requantised:
    """What a RequantShift asks for.

    Attributes:
        node: the RequantShift.
        factor, addend: int64, of shapes that broadcast to the operand's; the addend has the
            rounding in it.
        shift: as in `RequantiseShift`.
        low, high: bounds of the result, which is stored with a zero point.
        result: where it goes; quantised with scale 1 if it has 8 bits.
    """

    node: OnnxNode
    factor: Array
    addend: Array
    shift: int
    low: int
    high: int
    result: Result

    @property
    def zero_point(self) -> int:
        quantization = self.result.quantization
        return 0 if quantization is None else quantization.zero_point

    @property
    def stored_bounds(self) -> tuple[int, int]:
        """The bounds of what is stored."""
        return self.low + self.zero_point, self.high + self.zero_point

    def per_tensor(self) -> tuple[int, int] | None:
        """Factor and addend if all elements have the same."""
        if self.factor.size != 1 or self.addend.size != 1:
            return None
        return int(self.factor.item()), int(self.addend.item())

    def channels(self, axis: int, extent: int) -> tuple[Array, Array] | None:
        """Factor and addend [extent] of each index of an axis; None if others matter too.

        A product with a vector has one output, but no axis for it.
        """
        rank = len(self.result.shape)
        found: list[Array] = []
        for data in (self.factor, self.addend):
            shape = (1,) * (rank - data.ndim) + data.shape
            if data.size != 1 and not data.size == shape[axis] == extent:
                return None
            found.append(np.broadcast_to(data.reshape(-1), (extent,)))
        return found[0], found[1]

    def narrow(self, least: int, most: int) -> tuple[int, int, int] | None:
        """(scale, bias, shift) of `clip((sum * scale + bias) >> shift)` in int32, per tensor.

        None unless nothing leaves int32 for sums from `least` to `most`.
        """
        constants = self.per_tensor()
        if constants is None or self.shift > 31:
            return None
        scale, bias = constants[0], constants[1] + (self.zero_point << self.shift)
        ends = [scale * least + bias, scale * most + bias, scale * least, scale * most, bias]
        return (scale, bias, self.shift) if all(int(end) in INT32 for end in ends) else None

    def scaled(self, factor: int) -> Requantised:
        """The same for an operand that is multiplied by a constant first."""
        return replace(self, factor=self.factor * factor)

    def shifted(self, addend: Array) -> Requantised:
        """The same for an operand to which a constant is added first."""
        return replace(self, addend=self.addend + self.factor * addend)


def read_requantisation(
    node: OnnxNode, context: LoweringContext, shape: tuple[int, ...], fused: tuple[str, ...] = ()
) -> Requantised:
    """What a RequantShift node asks for, of an operand of a shape.

    Raises UnsupportedForm for attributes and constants that mean nothing.
    """
    levels = required_attribute(node, "n_levels_out", "n_levels")
    shift = power_of_two(node, "div")
    signed = required_attribute(node, "signed")
    if levels < 2 or levels > 2**31:
        raise UnsupportedForm(f"it has {levels} levels", "2 to 2^31 levels")
    factor = _along_channels(constant_integers(node, context, 1), shape)
    addend = _along_channels(constant_integers(node, context, 2), shape)
    low, high = (-(levels // 2), levels // 2 - 1) if signed else (0, levels - 1)
    if shift > MAXIMUM_SHIFT or int(np.abs(factor).max(initial=0)) not in INT32:
        raise UnsupportedForm(
            f"its factors reach {np.abs(factor).max(initial=0)}, its divisor is 2^{shift}",
            f"factors of 32 bits and divisors up to 2^{MAXIMUM_SHIFT}",
        )
    addend = addend + half(shift) if shift < 32 else addend + (1 << (shift - 1))
    result = result_of(node, context, fused)
    return Requantised(node, factor, addend, shift, low, high, result)


def _along_channels(data: Array, shape: tuple[int, ...]) -> Array:
    """Constants of a RequantShift in a shape that broadcasts to its operand's.

    [C], [C, 1, 1] and the like belong to axis 1 of what has spatial axes, a vector also to the
    last axis of a matrix.
    """
    rank = len(shape)
    if data.size == 1:
        return data.reshape((1,) * rank)
    channels = data.shape[0] == data.size and rank >= 2
    if channels and (data.ndim == 3 or rank > 2) and shape[1] == data.size:
        return data.reshape(1, -1, *(1,) * (rank - 2))
    if not broadcasts_to(data.shape, shape):
        raise UnsupportedForm(
            f"its factor or addend has shape {list(data.shape)}, its operand {list(shape)}",
            "one number, one for each channel, or a shape that broadcasts to the operand's",
        )
    return data.reshape((1,) * (rank - data.ndim) + data.shape)


def absorbed_requantisation(node: OnnxNode, context: LoweringContext) -> Requantised | None:
    """The RequantShift that alone reads a node's result, which the node then does as well.

    Constants that are added in between are in its addend.
    """
    shape = context.model.tensors[node.output()].type.shape
    absorbed: list[OnnxNode] = []
    addends: list[Array] = []
    name = node.output()
    while (reader := context.only_reader(name)) is not None:
        addend = _addend(reader, context, name, shape)
        if addend is None:
            break
        addends.append(addend)
        absorbed.append(reader)
        name = reader.output()
    if reader is None or (reader.domain, reader.operator) != (PULP_DOMAIN, "RequantShift"):
        return None
    if reader.inputs[0] != name or name in reader.inputs[1:]:
        return None
    absorbed.append(reader)
    wanted = read_requantisation(reader, context, shape, tuple(node.name for node in absorbed))
    for reader in absorbed:
        context.absorb(reader)
    for addend in addends:
        wanted = wanted.shifted(addend)
    return wanted


def _addend(
    node: OnnxNode, context: LoweringContext, name: str, shape: tuple[int, ...]
) -> Array | None:
    """The constant that a node adds to tensor `name` of a shape, and that is all it does."""
    if (node.domain, node.operator) != (PULP_DOMAIN, "IntegerAdd"):
        return None
    index = 1 - node.inputs.index(name)
    operand = context.required(node, index)
    if operand.constant is None or len(operand.shape) > len(shape):
        return None
    if not broadcasts_to(operand.shape, shape):
        return None
    data = constant_integers(node, context, index)
    return data.reshape((1,) * (len(shape) - data.ndim) + data.shape)


def emit_requantisation(
    node: OnnxNode, context: LoweringContext, wanted: Requantised, value: str
) -> None:
    """Emits a RequantShift of the int32 value `value`, as the result of `node`."""
    shape = wanted.result.shape
    axis, axes, (factor, addend) = _block(shape, wanted.factor, wanted.addend)
    if np.abs(addend).max(initial=0) >= ADDEND_LIMIT or not np.all(
        (factor >= INT32.start) & (factor < INT32.stop)
    ):
        raise UnsupportedForm("its factors leave 32 bits, or its addends 63", "smaller ones")
    constants = np.stack([factor, addend & 0xFFFFFFFF, addend >> 32]).astype(np.uint32)
    stored = wanted.result.quantization is not None
    operation = RequantiseShift(
        wanted.shift,
        *wanted.stored_bounds,
        wanted.zero_point,
        DataType.INT8 if stored else DataType.INT32,
        axis,
        axes,
    )
    inputs = [value, context.constant(node, "requantisation", constants.view(np.int32))]
    if stored:
        context.emit_stored(node, operation, inputs, wanted.result)
    else:
        emit_narrowed(node, context, operation, inputs, wanted.result)


def _block(shape: tuple[int, ...], *data: Array) -> tuple[int, int, list[Array]]:
    """The axes from the first to the last along which some array has several elements.

    Returns (first axis, count of axes, the arrays [elements of these axes]).
    """
    wide = [axis for axis in range(len(shape)) if any(x.shape[axis] > 1 for x in data)]
    if not wide:
        return 0, 0, [x.reshape(1) for x in data]
    first, count = wide[0], wide[-1] - wide[0] + 1
    whole = shape[first : first + count]
    ones = (1,) * first, (1,) * (len(shape) - first - count)
    full = [np.broadcast_to(x, (*ones[0], *whole, *ones[1])).reshape(-1) for x in data]
    return first, count, full


@lowering(
    "RequantShift",
    description="constant factors and addends, per tensor, per channel or of any shape that "
    "broadcasts; from integers of up to 32 bits to any number of levels",
    domain=PULP_DOMAIN,
)
def lower_requantise_shift(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    wanted = read_requantisation(node, context, x.shape)
    emit_requantisation(node, context, wanted, int32_value(node, context, x))


def emit_sums(
    node: OnnxNode,
    context: LoweringContext,
    operation: Operation,
    inputs: Sequence[str | None],
    wanted: Requantised | None,
    then: Operation | None = None,
) -> None:
    """Emits an operation with results in int32, and what RequantShift makes of them."""
    if wanted is None:
        context.emit_plain(node, operation, inputs, result_of(node, context), then)
        return
    value = context.emit_value(node, "sums", operation, inputs)
    if then is not None:
        value = context.emit_value(node, "sums", then, [value])
    emit_requantisation(node, context, wanted, value)
