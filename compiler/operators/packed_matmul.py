"""MatMul with weights packed for kernels that compute blocks of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.operators.matmul import HEADER, MatMulInt8
from compiler.target.packed_weights import OUTPUTS, block_bytes, kernel_suffix, unpack_products


@dataclass(frozen=True)
class MatMulPackedInt8(Operation):
    """`MatMulInt8` with weights, scale and bias in one array.

    Inputs: x int8 [..., inner]; packed int8 [blocks, block_bytes(inner, bits)], see
    `pack_products`. Output: int8 [..., columns].
    """

    product: MatMulInt8
    columns: int
    bits: int = 8
    """Of stored weights; with less than 8, `inner` has whole stored words."""

    @property
    def outputs(self) -> int:
        return self.columns

    @staticmethod
    def values(x: TensorType) -> int:
        """How many products an output is the sum of."""
        return x.shape[-1]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, packed = inputs
        assert x is not None and packed is not None
        assert packed.shape == (-(-self.columns // OUTPUTS), block_bytes(x.shape[-1], self.bits))
        return (TensorType(DataType.INT8, (*x.shape[:-1], self.columns)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, packed = inputs
        assert x is not None and packed is not None
        weights, scale, bias = unpack_products(packed, self.columns, x.shape[-1], self.bits)
        return self.product.evaluate([x, weights, scale, bias])

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        x, packed = inputs
        assert x is not None and packed is not None
        begin, end = box.begin[-1], box.end[-1]
        assert begin % OUTPUTS == 0
        blocks = Box.whole(packed.shape).on(0, begin // OUTPUTS, -(-end // OUTPUTS))
        operation = replace(self, columns=end - begin)
        return Tile(operation, (box.on(-1, 0, x.shape[-1]), blocks), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x = inputs[0]
        assert x is not None
        product = self.product
        parameters = {
            "rows": outputs[0].elements // self.columns,
            "inner": x.shape[-1],
            "columns": self.columns,
            "shift": product.shift,
            "low": product.low,
            "high": product.high,
            "wide": int(product.wide),
            "output_zero_point": product.output_zero_point,
        }
        return Kernel(f"tw_matmul_packed_s8{kernel_suffix(self.bits)}", HEADER, parameters)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        x = inputs[0]
        assert x is not None
        return x.elements * self.columns
