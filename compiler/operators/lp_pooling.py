"""LpPool and GlobalLpPool: the norm of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, TensorType
from compiler.lowering.operand import Operand
from compiler.operators.movement import channels_first, emit_channels_last
from compiler.operators.pooling import HEADER, Pool, global_window, pool_window, refuse_rank
from compiler.operators.registry import lowering
from compiler.operators.window import Window, split_shape

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class LpPool(Pool):
    """float32: sum of magnitudes (norm 1), or root of the sum of squares (norm 2), of each window.

    The sum starts from 0 and runs over kernel rows and kernel columns; padding adds nothing.
    """

    norm: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        batches, extents, channels = split_shape(x.shape)
        with np.errstate(all="ignore"):
            terms = np.abs(x) if self.norm == 1 else x * x
            image = terms.reshape(batches, *extents, channels)
            total = np.zeros((batches, *self.window.output(extents), channels), np.float32)
            for _, _, (rows, columns), (in_rows, in_columns) in self.window.taps(extents):
                total[:, rows, columns] += image[:, in_rows, in_columns]
            total = total if self.norm == 1 else np.sqrt(total)
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
    description="1-D and 2-D, p 1 or 2; strides, dilations, padding, ceil_mode; float32 arithmetic",
)
def lower_lp_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    window, _ = pool_window(node, context, x)
    _emit(node, context, x, window)


@lowering("GlobalLpPool", description="1-D and 2-D, p 1 or 2; float32 arithmetic")
def lower_global_lp_pool(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    refuse_rank(x)
    _emit(node, context, x, global_window(x.shape[2:]))


def _emit(node: OnnxNode, context: LoweringContext, x: Operand, window: Window) -> None:
    norm = node.attribute("p", 2)
    if norm not in (1, 2):
        raise UnsupportedForm(f"its p is {norm}", "p 1 and 2")
    inputs = [emit_channels_last(node, context, context.plain(x))]
    then = channels_first(len(x.shape))
    context.emit_plain(node, LpPool(window, norm), inputs, context.result(node), then)
