"""Boxes of tensors, and operations cut into tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from operator import sub
from typing import TYPE_CHECKING

from compiler.ir.data_type import TensorType

if TYPE_CHECKING:
    from compiler.ir.operation import Operation


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a tensor: on every axis the elements from `begin` up to, not including, `end`."""

    begin: tuple[int, ...]
    end: tuple[int, ...]

    @staticmethod
    def whole(shape: Sequence[int]) -> Box:
        return Box((0,) * len(shape), tuple(shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(sub, self.end, self.begin))

    @property
    def elements(self) -> int:
        return prod(map(sub, self.end, self.begin))

    @property
    def slices(self) -> tuple[slice, ...]:
        """For NumPy: `array[box.slices]`."""
        return tuple(slice(b, e) for b, e in zip(self.begin, self.end, strict=True))

    def on(self, axis: int, begin: int, end: int) -> Box:
        """The same box with another range on one axis."""
        axis %= len(self.begin)
        begins, ends = list(self.begin), list(self.end)
        begins[axis], ends[axis] = begin, end
        return Box(tuple(begins), tuple(ends))

    def runs(self, shape: Sequence[int]) -> Runs:
        """Where the box's elements lie in a row-major tensor of the given shape."""
        run = 1
        axis = len(shape)
        extents = self.shape
        while axis and extents[axis - 1] == shape[axis - 1]:
            axis -= 1
            run *= shape[axis]
        strides = [1] * len(shape)
        for a in range(len(shape) - 1, 0, -1):
            strides[a - 1] = strides[a] * shape[a]
        offset = sum(b * stride for b, stride in zip(self.begin, strides, strict=True))
        if axis:
            axis -= 1
            run *= extents[axis]
        outer = [(extents[a], strides[a]) for a in range(axis) if extents[a] > 1]
        return Runs(offset, run, tuple(outer))

    def is_contiguous(self, shape: Sequence[int]) -> bool:
        return not self.runs(shape).outer


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of `elements` consecutive elements, the first at `offset`, in elements of the tensor.

    `outer` are (count, stride) of the axes over which runs repeat, outermost first; empty if the
    box is one run.
    """

    offset: int
    elements: int
    outer: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Tile:
    """A piece of an operation: an operation on parts of the operands.

    Applied to the boxes `inputs` of the operands (None: absent), `operation` gives exactly the box
    `output` of output 0.
    """

    operation: Operation
    inputs: tuple[Box | None, ...]
    output: Box


def tile_types(
    boxes: Sequence[Box | None], types: Sequence[TensorType | None]
) -> list[TensorType | None]:
    """Types of the parts of operands that a tile reads."""
    return [
        None if box is None or type_ is None else TensorType(type_.data_type, box.shape)
        for box, type_ in zip(boxes, types, strict=True)
    ]


def broadcast_box(box: Box, output: Sequence[int], operand: Sequence[int]) -> Box:
    """The part of an operand, broadcast as in NumPy, that belongs to a box of the output."""
    skipped = len(output) - len(operand)
    begin = tuple(
        0 if extent == 1 else box.begin[axis + skipped] for axis, extent in enumerate(operand)
    )
    end = tuple(
        1 if extent == 1 else box.end[axis + skipped] for axis, extent in enumerate(operand)
    )
    return Box(begin, end)
