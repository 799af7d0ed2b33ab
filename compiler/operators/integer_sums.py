"""Sums of products of int8 in int32, for results that kernels ending in int8 cannot make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.operators.batched_matmul import BatchedMatMul
from compiler.operators.conv import Conv

HEADER = "tilewright/integer_sums.h"


@dataclass(frozen=True)
class ConvSums(Conv):
    """int8 convolution with sums in int32; taps outside of the input read `input_zero_point`.

    A further input: bias int32 [outputs], with the correction for the input's zero point over all
    taps.
    """

    input_zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (output,) = super().infer(inputs)
        return (TensorType(DataType.INT32, output.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, bias = inputs
        assert x is not None and weights is not None and bias is not None
        (output,) = self.infer([TensorType.of(x), TensorType.of(weights)])
        sums = self.accumulate(x, weights, self.input_zero_point) + bias
        return (np.ascontiguousarray(sums, np.int32).reshape(output.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        parameters = self.window.parameters(x.shape, outputs[0].shape) | {
            "groups": self.groups,
            "input_zero_point": self.input_zero_point,
        }
        return Kernel("tw_conv_sums_s8", HEADER, parameters)


@dataclass(frozen=True)
class MatMulSums(Operation):
    """int8 rows times constant int8 weights, with sums in int32.

    Inputs: x int8 [..., inner]; weights int8 [columns, inner]; bias int32 [columns].
    Output: int32 [..., columns].
    """

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None and x.shape[-1] == weights.shape[1]
        return (TensorType(DataType.INT32, (*x.shape[:-1], weights.shape[0])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, bias = inputs
        assert x is not None and weights is not None and bias is not None
        # float64 products run on BLAS and are exact: no partial sum reaches 2^53.
        sums = x.astype(np.float64) @ weights.T.astype(np.float64) + bias
        return (np.asarray(sums).astype(np.int64).astype(np.int32),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        rows = box.on(-1, 0, x.shape[-1])
        columns = (box.begin[-1], box.end[-1])
        bias = Box(columns[:1], columns[1:])
        return Tile(self, (rows, Box.whole(weights.shape).on(0, *columns), bias), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        weights = inputs[1]
        assert weights is not None
        columns, inner = weights.shape
        rows = outputs[0].elements // columns
        return Kernel(
            "tw_matmul_sums_s8", HEADER, {"rows": rows, "inner": inner, "columns": columns}
        )

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        return x.elements * weights.shape[0]


@dataclass(frozen=True)
class BatchedMatMulSums(BatchedMatMul):
    """int8 product of operands with zero points, with sums in int32."""

    left_zero_point: int
    right_zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (output,) = super().infer(inputs)
        return (TensorType(DataType.INT32, output.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        left, right = inputs
        assert left is not None and right is not None
        # float64 products run on BLAS and are exact: no partial sum reaches 2^53.
        rows = left.astype(np.float64) - self.left_zero_point
        columns = right.astype(np.float64) - self.right_zero_point
        return (np.asarray(rows @ columns.swapaxes(-1, -2)).astype(np.int32),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        zero_points = {
            "left_zero_point": self.left_zero_point,
            "right_zero_point": self.right_zero_point,
        }
        call = self.call("tw_batched_matmul_sums_s8", inputs, {**zero_points})
        return replace(call, header=HEADER)
