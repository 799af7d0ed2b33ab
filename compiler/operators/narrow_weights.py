"""Products with weights of 4 or 2 bits, stored in rows that kernels widen as they go.

For targets without packed blocks (`compiler/target/packed_weights.py`): weights take half or a
quarter of the bytes, and a few instructions each time they are widened, which is once per run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.conv import HEADER as CONV_HEADER
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import HEADER as MATMUL_HEADER
from compiler.operators.matmul import MatMulInt8
from compiler.operators.window import split_shape, with_spatial

BLOCK_OUTPUTS = 4
"""TW_BLOCK_OUTPUTS of tilewright/inner_product.h."""

MOST_WIDENED = 4096
"""Bytes of widened weights of a convolution, unless one block of outputs has more."""


def row_bytes(count: int, bits: int) -> int:
    """Bytes of a row of `count` weights."""
    return -(-count * bits // 8)


def store_rows(weights: Array, bits: int) -> NDArray[np.uint8]:
    """int8 weights [outputs, ...] as uint8 [outputs, row_bytes]: tilewright/narrow_weights.h."""
    outputs = len(weights)
    rows = np.ascontiguousarray(weights).reshape(outputs, -1).view(np.uint8)
    each = 8 // bits
    padded = np.zeros((outputs, row_bytes(rows.shape[1], bits) * each), np.uint8)
    padded[:, : rows.shape[1]] = rows & np.uint8((1 << bits) - 1)
    parts = padded.reshape(outputs, -1, each)
    shifts = (np.arange(each) * bits).astype(np.uint8)
    return np.bitwise_or.reduce(parts << shifts, axis=2)


def widen_rows(stored: Array, bits: int, count: int) -> NDArray[np.int8]:
    """The inverse of `store_rows`: int8 [outputs, count]."""
    shifts = (8 - bits - np.arange(8 // bits) * bits).astype(np.uint8)
    raised = (stored[:, :, None] << shifts).view(np.int8) >> np.int8(8 - bits)
    return np.ascontiguousarray(raised.reshape(len(stored), -1)[:, :count])


@dataclass(frozen=True)
class MatMulNarrowInt8(Operation):
    """`MatMulInt8` with weights of fewer bits.

    Inputs: x int8 [..., inner]; weights uint8 [columns, row_bytes], see `store_rows`; scale uint32
    [columns]; bias int32 [columns]. Output: int8 [..., columns]. `cores` share the work at most:
    each has scratch memory of its own.
    """

    product: MatMulInt8
    bits: int
    cores: int = 1

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        assert weights.shape[1] == row_bytes(x.shape[-1], self.bits)
        return (TensorType(DataType.INT8, (*x.shape[:-1], weights.shape[0])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, scale, bias = inputs
        assert x is not None and weights is not None
        wide = widen_rows(weights, self.bits, x.shape[-1])
        return self.product.evaluate([x, wide, scale, bias])

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        inner = x.shape[-1]
        wide = TensorType(DataType.INT8, (weights.shape[0], inner))
        plain = self.product.kernel([x, wide, *inputs[2:]], outputs)
        assert plain is not None
        return Kernel(
            "tw_matmul_narrow_s8",
            MATMUL_HEADER,
            {**plain.parameters, "weight_bits": self.bits},
            BLOCK_OUTPUTS * inner * self.cores,
        )

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        return x.elements * weights.shape[0]


@dataclass(frozen=True)
class ConvNarrowInt8(Operation):
    """`ConvInt8` with weights of fewer bits, but not depthwise.

    Inputs: x int8 [batch, spatial..., channels]; weights uint8 [outputs, row_bytes], see
    `store_rows`; scale uint32 [outputs]; bias int32 [outputs]. Output: int8 [batch, spatial...,
    outputs]. `cores` as above.
    """

    conv: ConvInt8
    bits: int
    cores: int = 1

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        assert weights.shape[1] == row_bytes(self._values(x), self.bits)
        spatial = self.conv.window.output(split_shape(x.shape)[1])
        return (TensorType(x.data_type, with_spatial(x.shape, spatial, weights.shape[0])),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, scale, bias = inputs
        assert x is not None and weights is not None
        wide = widen_rows(weights, self.bits, self._values(TensorType.of(x)))
        each = x.shape[-1] // self.conv.groups
        shaped = wide.reshape(len(weights), *self.conv.window.kernel, each)
        return self.conv.evaluate([x, shaped, scale, bias])

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x, weights = inputs[:2]
        assert x is not None and weights is not None and not self.conv.is_depthwise(x)
        plain = self.conv.kernel(inputs, outputs)
        assert plain is not None
        values = self._values(x)
        blocks = max(1, MOST_WIDENED // (BLOCK_OUTPUTS * values))
        together = min(weights.shape[0], BLOCK_OUTPUTS * blocks)
        further = {"weight_bits": self.bits, "outputs_together": together}
        return Kernel(
            "tw_conv_narrow_s8",
            CONV_HEADER,
            {**plain.parameters, **further},
            together * values * self.cores,
        )

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x = inputs[0]
        assert x is not None
        (output,) = self.infer(inputs)
        return output.elements * self._values(x)

    def _values(self, x: TensorType) -> int:
        """How many products an output is the sum of."""
        return prod(self.conv.window.kernel) * x.shape[-1] // self.conv.groups
