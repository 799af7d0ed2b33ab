"""Matrix products in float32 with weights that stay as the model stores them: 8, 4 or 2 bits.

That is weight-only quantisation, as of language models whose activations are real. Weights become
float32 a few at a time, while they are multiplied, so a product is what it is with all of them in
float32, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.lowering.operand import QuantizedConstant
from compiler.operators.matmul import HEADER, MatMulFloat
from compiler.operators.narrow_weights import row_bytes, store_rows, widen_rows

WIDTHS = (2, 4, 8)


@dataclass(frozen=True)
class MatMulWeightOnly(Operation):
    """`MatMulFloat` with weights `(stored - zero_point) * scale`, rounded to float32.

    Inputs: x float32 [..., inner]; weights uint8 [columns, row_bytes], see `store_rows`; scale
    float32 [columns, blocks]; optional zero_point int8 [columns, blocks]; optional bias float32
    [columns]. Output: float32 [..., columns].

    Attributes:
        bits: of a weight: 8, 4 or 2.
        block: how many weights of a column have a scale in common; the last block may be shorter.
    """

    product: MatMulFloat
    bits: int
    block: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, weights, scale = inputs[:3]
        assert x is not None and weights is not None and scale is not None
        columns, inner = weights.shape[0], x.shape[-1]
        assert weights.shape == (columns, row_bytes(inner, self.bits))
        assert scale.shape == (columns, -(-inner // self.block))
        return (TensorType(DataType.FLOAT32, (*x.shape[:-1], columns)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, weights, scale, zero_point, bias = inputs
        assert x is not None and weights is not None and scale is not None
        inner = x.shape[-1]
        centred = widen_rows(weights, self.bits, inner).astype(np.float32)
        if zero_point is not None:
            centred -= self._spread(zero_point, inner).astype(np.float32)
        real = centred * self._spread(scale, inner)
        return self.product.evaluate([x, real.T, bias])

    def _spread(self, data: Array, inner: int) -> Array:
        return np.repeat(data, self.block, axis=1)[:, :inner]

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x = inputs[0]
        assert x is not None
        columns = (box.begin[-1], box.end[-1])
        parts = (
            None if type_ is None else Box.whole(type_.shape).on(0, *columns)
            for type_ in inputs[1:]
        )
        return Tile(self, (box.on(-1, 0, x.shape[-1]), *parts), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        columns = outputs[0].shape[-1]
        parameters = {
            "rows": outputs[0].elements // columns,
            "inner": x.shape[-1],
            "columns": columns,
            "weight_bits": self.bits,
            "block": self.block,
            "minimum": self.product.minimum,
            "maximum": self.product.maximum,
        }
        return Kernel("tw_matmul_weight_only_f32", HEADER, parameters)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x, weights = inputs[:2]
        assert x is not None and weights is not None
        return x.elements * weights.shape[0]


@dataclass(frozen=True)
class ProductWeights:
    """Constant weights [columns, inner] of a product in float32.

    Attributes:
        real: float32.
        stored: the same as the model stores them, if it does.
    """

    real: Array
    stored: QuantizedConstant | None

    def columns(self, begin: int, end: int) -> ProductWeights:
        """Those of some columns."""
        stored = None if self.stored is None else self.stored.rows(begin, end)
        return ProductWeights(self.real[begin:end], stored)

    def product(
        self, minimum: float, maximum: float
    ) -> tuple[Operation, Mapping[str, Array | None]]:
        """The operation, and its operands between the first and the bias by their roles."""
        product = MatMulFloat(minimum, maximum)
        stored = None if self.stored is None else store_weights(self.stored)
        if stored is None:
            return product, {"weights": np.ascontiguousarray(self.real.T, np.float32)}
        return MatMulWeightOnly(product, stored.bits, stored.block), stored.operands


@dataclass(frozen=True)
class StoredWeights:
    """Operands 1 to 3 of a `MatMulWeightOnly` by their roles, and its attributes."""

    operands: Mapping[str, Array | None]
    bits: int
    block: int


def store_weights(weights: QuantizedConstant) -> StoredWeights | None:
    """Weights [columns, inner] in as few bits as hold them.

    None if they are not of 8 bits, or their scales are for other axes than columns or blocks of the
    inner one.
    """
    if weights.stored.dtype != np.int8 or not weights.stored.size:
        return None
    columns, inner = weights.stored.shape
    if weights.block:
        if weights.axis != 1:
            return None
        scale, zero_point, block = weights.scale, weights.zero_point, weights.block
    else:
        channels = weights.per_channel(0)
        if channels is None:
            return None
        scale, zero_point = (data[:, None] for data in channels)
        block = inner
    shift, bits = _narrowest(weights.stored.astype(np.int64), zero_point)
    zeros = zero_point - shift
    rows = store_rows((weights.stored.astype(np.int64) - shift).astype(np.int8), bits)
    assert rows.shape == (columns, row_bytes(inner, bits))
    operands = {
        "weights": rows,
        "scale": np.ascontiguousarray(scale, np.float32),
        "zero_point": np.ascontiguousarray(zeros, np.int8) if zeros.any() else None,
    }
    return StoredWeights(operands, bits, block)


def _narrowest(stored: Array, zero_point: Array) -> tuple[int, int]:
    """(what to subtract from stored values and zero points, bits of a value then).

    Of two ways with as few bits the one that leaves zero points of zero.
    """
    low, high = int(stored.min()), int(stored.max())
    for bits in WIDTHS:
        half = 1 << bits - 1
        for shift in (int(zero_point.flat[0]), 0, low + half):
            zeros = zero_point - shift
            if (
                -half <= low - shift
                and high - shift < half
                and -128 <= zeros.min() <= zeros.max() < 128
            ):
                return shift, bits
    raise AssertionError("values of 8 bits fit as they are")
