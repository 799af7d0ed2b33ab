"""Padding with a tensor's own elements: along each axis, a Gather with constant indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array
from compiler.lowering.operand import Operand
from compiler.operators.gather import Gather
from compiler.operators.moves import Step, emit_steps

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

MODES = ("reflect", "edge", "wrap")


def emit_padded_by_gather(
    node: OnnxNode,
    context: LoweringContext,
    operand: Operand,
    mode: str,
    before: Sequence[int],
    after: Sequence[int],
) -> None:
    """Emits a Pad in one of `MODES`; `before` and `after` are elements added on each axis.

    Raises UnsupportedForm for other modes, negative amounts, and reflections beyond the far end.
    """
    if mode not in MODES:
        raise UnsupportedForm(f"its mode is {mode}", f"modes constant, {', '.join(MODES)}")
    if min(*before, *after) < 0:
        raise UnsupportedForm(
            f"its pads are negative in mode {mode}", "pads of 0 and more", "slice the tensor first"
        )
    steps: list[Step] = []
    for axis, extent in enumerate(operand.shape):
        added = max(before[axis], after[axis])
        if not added:
            continue
        if mode == "reflect" and added >= extent:
            raise UnsupportedForm(
                f"it reflects {added} elements of axis {axis}, which has {extent}",
                f"at most {extent - 1}, since the end itself is not repeated",
            )
        index = _sources(mode, extent, before[axis], after[axis]).astype(np.int32)
        steps.append((Gather(axis), (context.constant(node, "index", index),)))
    emit_steps(node, context, operand, steps)


def _sources(mode: str, extent: int, before: int, after: int) -> Array:
    """The input's index of every element along a padded axis."""
    position = np.arange(-before, extent + after)
    if mode == "edge":
        return np.clip(position, 0, extent - 1)
    if mode == "wrap":
        return position % extent
    position = np.abs(position)  # reflected at the first element, then at the last one
    return np.where(position >= extent, 2 * (extent - 1) - position, position)
