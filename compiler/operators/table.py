"""Unary functions of one int8 tensor: a table of all 256 results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import (
    Array,
    Box,
    DataType,
    Kernel,
    Operation,
    Quantization,
    TensorType,
    Tile,
)


@dataclass(frozen=True)
class Table(Operation):
    """`y = table[x + 128]`: inputs int8 x of any shape and an int8 table [256]."""

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, table = inputs
        assert x is not None and table == TensorType(DataType.INT8, (256,))
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, table = inputs
        assert x is not None and table is not None
        return (table[x.astype(np.int32) + 128],)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_table", "tilewright/table.h", {"elements": outputs[0].elements})

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(range(len(x.shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


def build_table(
    function: Callable[[Array], Array], source: Quantization, target: Quantization
) -> Array:
    """int8 [256]: `function` of every stored value, in float64, rounded half to even."""
    stored = np.arange(-128, 128, dtype=np.float64)
    real = function((stored - source.zero_point) * source.scale)
    steps = np.rint(real / target.scale) + target.zero_point
    return np.clip(steps, -128, 127).astype(np.int8)


def requantisation_table(source: Quantization, target: Quantization) -> tuple[Table, Array]:
    """The table that turns int8 values of one scale and zero point into those of another."""
    return Table(), build_table(lambda real: real, source, target)
