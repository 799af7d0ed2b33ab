"""Softmax of integers: iSoftmax, and the shift-based ITAMax and ITAPartialMax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.operators.integer_operand import (
    required_attribute,
    required_bytes,
    result_of,
)
from compiler.operators.registry import PULP_DOMAIN, lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/integer_softmax.h"
MOST_LEVELS = 256
MOST_ELEMENTS = 2**23
"""Of a row: sums of up to 256 for each stay below 2^31."""


@dataclass(frozen=True)
class RowFunction(Operation):
    """A function of rows: the last axis of int8 x. Output: int8, shaped like x."""

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x = inputs[0]
        assert x is not None and x.data_type is DataType.INT8 and x.shape
        return (x,)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(range(len(x.shape) - 1))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    @property
    def in_place(self) -> tuple[int, ...]:
        return ()


@dataclass(frozen=True)
class TableSoftmax(RowFunction):
    """Exponentials by table, divided by their sum: `floor(e * largest / sum(e)) - 128`.

    Inputs: x int8 of any shape; table int32 [256] of numbers that are not negative, the first one
    positive: `e = table[max(row) - x]`. A row has up to 2^31 elements.
    """

    largest: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, table = inputs
        assert x is not None and table is not None
        wide = x.astype(np.int64)
        e = table.astype(np.int64)[wide.max(axis=-1, keepdims=True) - wide]
        result = e * self.largest // e.sum(axis=-1, keepdims=True) - 128
        return (result.astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (y,) = outputs
        parameters = {
            "rows": y.elements // y.shape[-1],
            "elements": y.shape[-1],
            "largest": self.largest,
        }
        return Kernel("tw_table_softmax_s8", HEADER, parameters)


@dataclass(frozen=True)
class ItaMax(RowFunction):
    """Softmax with powers of two: `(largest * 256 / sum(256 >> s)) >> s) - 128`, where s is
    `(max(row) - x + 16) >> 5`."""

    largest: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        wide = x.astype(np.int64)
        shift = (wide.max(axis=-1, keepdims=True) - wide + 16) >> 5
        total = (256 >> shift).sum(axis=-1, keepdims=True)
        return ((((self.largest * 256) // total >> shift) - 128).astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (y,) = outputs
        parameters = {
            "rows": y.elements // y.shape[-1],
            "elements": y.shape[-1],
            "largest": self.largest,
        }
        return Kernel("tw_ita_max_s8", HEADER, parameters)


@dataclass(frozen=True)
class ItaPartialMax(RowFunction):
    """`ItaMax` of a row that is seen in groups of `group` elements, one after the other.

    The sum so far is shifted right by `(m - M + 16) >> 5` when a group raises the maximum from M
    to m.
    """

    largest: int
    group: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        rows = x.reshape(-1, x.shape[-1]).astype(np.int64)
        maximum = np.full((len(rows), 1), -128, np.int64)
        total = np.zeros((len(rows), 1), np.int64)
        for start in range(0, rows.shape[1], self.group):
            part = rows[:, start : start + self.group]
            raised = np.maximum(maximum, part.max(axis=1, keepdims=True))
            total >>= np.where(raised > maximum, (raised - maximum + 16) >> 5, 0)
            maximum = raised
            total += (256 >> ((maximum - part + 16) >> 5)).sum(axis=1, keepdims=True)
        inverse = (self.largest * 256) // total
        result = (inverse >> ((maximum - rows + 16) >> 5)) - 128
        return (result.astype(np.int8).reshape(x.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (y,) = outputs
        parameters = {
            "rows": y.elements // y.shape[-1],
            "elements": y.shape[-1],
            "largest": self.largest,
            "group": self.group,
        }
        return Kernel("tw_ita_partial_max_s8", HEADER, parameters)


def _levels(node: OnnxNode) -> int:
    levels = required_attribute(node, "n_levels")
    if not 2 <= levels <= MOST_LEVELS:
        raise UnsupportedForm(f"it has {levels} levels", f"2 to {MOST_LEVELS} levels")
    return levels


def _check_row(node: OnnxNode, context: LoweringContext) -> None:
    shape = context.required(node, 0).shape
    if not shape or not 0 < shape[-1] <= MOST_ELEMENTS:
        raise UnsupportedForm(
            f"its input has shape {list(shape)}", f"rows of 1 to {MOST_ELEMENTS} elements"
        )


@lowering(
    "iSoftmax",
    description="the last axis of int8 or uint8, to uint8",
    domain=PULP_DOMAIN,
)
def lower_integer_softmax(node: OnnxNode, context: LoweringContext) -> None:
    _check_row(node, context)
    levels = _levels(node)
    a, b, c, log2 = (
        required_attribute(node, name) for name in ("coeffA", "coeffB", "coeffC", "log2")
    )
    if log2 < 1:
        raise UnsupportedForm(f"its attribute 'log2' is {log2}", "positive integers")
    x = required_bytes(node, context, 0)
    distance = np.arange(256, dtype=np.int64)
    doubled = np.minimum(distance // log2, 31)
    polynomial = [a * (int(doubled[i]) * log2 - i + b) ** 2 + c for i in range(256)]
    table = [value >> int(shift) for value, shift in zip(polynomial, doubled, strict=True)]
    if min(table) < 0 or table[0] == 0 or max(table) >= 2**31:
        raise UnsupportedForm(
            f"its coefficients make exponentials from {min(table)} to {max(table)}, and "
            f"{table[0]} of the maximum",
            "coefficients that make exponentials from 0 to 2^31 - 1, and not 0 of the maximum",
        )
    constant = context.constant(node, "exponentials", np.array(table, np.int32))
    operation = TableSoftmax(levels - 1)
    context.emit_stored(node, operation, [x.name, constant], result_of(node, context))


@lowering(
    "ITAMax",
    description="the last axis of int8 or uint8, to uint8",
    domain=PULP_DOMAIN,
)
def lower_ita_max(node: OnnxNode, context: LoweringContext) -> None:
    _check_row(node, context)
    operation = ItaMax(_levels(node) - 1)
    x = required_bytes(node, context, 0)
    context.emit_stored(node, operation, [x.name], result_of(node, context))


@lowering(
    "ITAPartialMax",
    description="the last axis of int8 or uint8, to uint8",
    domain=PULP_DOMAIN,
)
def lower_ita_partial_max(node: OnnxNode, context: LoweringContext) -> None:
    _check_row(node, context)
    group = required_attribute(node, "group_width")
    if group < 1:
        raise UnsupportedForm(f"its attribute 'group_width' is {group}", "positive integers")
    operation = ItaPartialMax(_levels(node) // 2 - 1, min(group, 2**31 - 1))
    x = required_bytes(node, context, 0)
    context.emit_stored(node, operation, [x.name], result_of(node, context))
