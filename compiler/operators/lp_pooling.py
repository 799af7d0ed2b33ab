"""LpPool and GlobalLpPool: the norm of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, TensorType
from compiler.lowering.operand import Operand
from compiler.numerics import elementary
from compiler.operators.movement import channels_first, emit_channels_last
from compiler.operators.pooling import HEADER, Pool, global_window, pool_window, refuse_rank
from compiler.operators.registry import lowering
from compiler.operators.window import Window, split_shape

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class LpPool(Pool):
    """float32: the `norm`-th root of the sum of |x|^norm over each window.

    The sum starts from 0 and runs over kernel rows and kernel columns; padding adds nothing. Powers
    are repeated products; roots from the third on are exp(log(sum) / norm).
    """

    norm: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        batches, extents, channels = split_shape(x.shape)
        with np.errstate(all="ignore"):
            magnitude = np.abs(x)
            terms = magnitude
            for _ in range(self.norm - 1):
                terms = terms * magnitude
            image = terms.reshape(batches, *extents, channels)
            total = np.zeros((batches, *self.window.output(extents), channels), np.float32)
            for _, _, (rows, columns), (in_rows, in_columns) in self.window.taps(extents):
                total[:, rows, columns] += image[:, in_rows, in_columns]
            if self.norm == 2:
                total = np.sqrt(total)
            elif self.norm > 2:
                total = elementary.exp(elementary.log(total) / np.float32(self.norm))
        return (total.reshape(output.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        parameters = self.window.parameters(x.shape, outputs[0].shape)
        return Kernel("tw_lp_pool_f32", HEADER, parameters | {"norm": self.norm})


@lowering(
    "LpPool",
    description="1-D, 2-D and 3-D, any p; strides, dilations, padding, ceil_mode; float32 "
    "arithmetic",
)
def lower_lp_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    window, _ = pool_window(node, context, x)
    _emit(node, context, x, window)


@lowering("GlobalLpPool", description="1-D, 2-D and 3-D, any p; float32 arithmetic")
def lower_global_lp_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    refuse_rank(x)
    _emit(node, context, x, global_window(x.shape[2:]))


def _emit(node: OnnxNode, context: LoweringContext, x: Operand, window: Window) -> None:
    norm = node.attribute("p", 2)
    if norm < 1:
        raise UnsupportedForm(f"its p is {norm}", "p from 1 on")
    inputs = [emit_channels_last(node, context, context.plain(x))]
    then = channels_first(len(x.shape))
    context.emit_plain(node, LpPool(window, norm), inputs, context.result(node), then)
