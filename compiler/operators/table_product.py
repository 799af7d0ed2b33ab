"""A table of one int8 tensor, times another tensor: a gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.ir import Array, Box, Kernel, Operation, TensorType, Tile
from compiler.operators.binary import MultiplyInt8
from compiler.operators.table import Table


@dataclass(frozen=True)
class TableProductInt8(Operation):
    """`product` of a `Table`'s result and another tensor of its shape.

    Inputs: x int8; an int8 table [256]; the other tensor, int8 of x's shape. Output: int8 of this
    shape.

    Attributes:
        product: the multiplication, whose left operand is what the table gives.
    """

    product: MultiplyInt8

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, _, other = inputs
        assert x is not None and x == other
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, table, other = inputs
        return self.product.evaluate([*Table().evaluate([x, table]), other])

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        product = self.product
        parameters = {
            "elements": outputs[0].elements,
            "left_zero_point": product.left_zero_point,
            "right_zero_point": product.right_zero_point,
            "scale": product.scale,
            "bias": product.bias,
            "shift": product.shift,
            "low": product.low,
            "high": product.high,
        }
        return Kernel("tw_table_product_s8", "tilewright/table_product.h", parameters)

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0, 2)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(range(len(x.shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        table = inputs[1]
        assert table is not None
        return Tile(self, (box, Box.whole(table.shape), box), box)
