"""Matrix products with constant weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.numerics.floating import clip_float
from compiler.numerics.requantisation import requantise

HEADER = "tilewright/matmul.h"


@dataclass(frozen=True)
class MatMulInt8(Operation):
    """int8 rows times constant int8 weights, requantised to int8.

    Inputs: x int8 [..., inner]; weights int8 [columns, inner], transposed so that one output's
    weights are consecutive; scale uint32 [columns]; bias int32 [columns].
    Output: int8 [..., columns].
    """

    shift: int
    low: int
    high: int
    wide: bool
    output_zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None and x.shape[-1] == weights.shape[1]
        return (TensorType(DataType.INT8, (*x.shape[:-1], weights.shape[0])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, scale, bias = inputs
        assert x is not None and weights is not None and scale is not None and bias is not None
        # float64 products run on BLAS and are exact: no partial sum reaches 2^53.
        accumulator = x.astype(np.float64) @ weights.T.astype(np.float64)
        return (
            requantise(
                accumulator,
                scale,
                bias,
                self.shift,
                self.low,
                self.high,
                wide=self.wide,
                output_zero_point=self.output_zero_point,
            ),
        )

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        rows = box.on(-1, 0, x.shape[-1])
        columns = (box.begin[-1], box.end[-1])
        parts = (None if type_ is None else Box(columns[:1], columns[1:]) for type_ in inputs[2:])
        return Tile(self, (rows, Box.whole(weights.shape).on(0, *columns), *parts), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        weights = inputs[1]
        assert weights is not None
        columns, inner = weights.shape
        parameters = {
            "rows": outputs[0].elements // columns,
            "inner": inner,
            "columns": columns,
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
            "wide": int(self.wide),
            "output_zero_point": self.output_zero_point,
        }
        return Kernel("tw_matmul_s8", HEADER, parameters)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        return x.elements * weights.shape[0]


@dataclass(frozen=True)
class MatMulFloat(Operation):
    """float32 rows times float32 weights, plus an optional bias.

    Inputs: x float32 [..., inner]; weights float32 [inner, columns]; optional bias float32
    [columns]. Output: float32 [..., columns], clipped to [minimum, maximum]. The sum starts from
    the bias (or zero) and runs over inner in ascending order.
    """

    minimum: float
    maximum: float

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None and x.shape[-1] == weights.shape[0]
        return (TensorType(DataType.FLOAT32, (*x.shape[:-1], weights.shape[1])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, bias = inputs
        assert x is not None and weights is not None
        inner, columns = weights.shape
        rows = x.reshape(-1, inner)
        total = np.zeros((rows.shape[0], columns), np.float32)
        if bias is not None:
            total[...] = bias  # not added: -0.0 must stay
        for index in range(inner):  # fixed order: one rounded product and one rounded sum a step
            total += rows[:, index, None] * weights[index]
        total = clip_float(total, self.minimum, self.maximum)
        return (total.reshape(*x.shape[:-1], columns),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        rows = box.on(-1, 0, x.shape[-1])
        columns = (box.begin[-1], box.end[-1])
        parts = (None if type_ is None else Box(columns[:1], columns[1:]) for type_ in inputs[2:])
        return Tile(self, (rows, Box.whole(weights.shape).on(1, *columns), *parts), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        weights = inputs[1]
        assert weights is not None
        inner, columns = weights.shape
        parameters = {
            "rows": outputs[0].elements // columns,
            "inner": inner,
            "columns": columns,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        return Kernel("tw_matmul_f32", HEADER, parameters)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        return x.elements * weights.shape[1]
