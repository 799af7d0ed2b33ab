"""Reductions that have no kernel of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion

AXES_ARE_OPERANDS = 18
"""The operator set from which reductions read their axes."""

LARGEST = float(np.finfo(np.float32).max)


@expansion("ReduceLogSumExp", description="constant axes; float32")
def expand_log_sum_exp(node: Expansion) -> None:
    """ln(sum of exp(x - m)) + m with the largest m, so that nothing overflows."""
    x = node.required(0, "data")
    rank = len(node.shape(x))
    axes = _axes(node, rank)
    if not axes and node.attribute("noop_with_empty_axes", 0):
        node.make("Identity", x, output=node.output())
        return
    axes = axes or list(range(rank))
    every = node.integers("axes", *axes)
    if node.opset < AXES_ARE_OPERANDS:
        largest = node.make("ReduceMax", x, axes=axes, keepdims=1)
    else:
        largest = node.make("ReduceMax", x, every, keepdims=1)
    # The largest number in place of infinity, whose difference from itself is none.
    bounds = node.real("lowest", -LARGEST), node.real("highest", LARGEST)
    largest = node.make("Clip", largest, *bounds)
    powers = node.make("Exp", node.make("Sub", x, largest))
    total = node.make("Log", node.make("ReduceSum", powers, every, keepdims=1))
    keep = bool(node.attribute("keepdims", 1))
    result = node.make("Add", total, largest, output=node.output() if keep else "")
    if not keep:
        node.make("Squeeze", result, every, output=node.output())


def _axes(node: Expansion, rank: int) -> list[int]:
    axes: list[Any] = list(node.attribute("axes", list[int]()))
    if node.has(1):
        axes = node.required_constant(1, "axes").reshape(-1).tolist()
    if any(not -rank <= axis < rank for axis in axes):
        raise UnsupportedForm(f"its axes are {axes}", f"axes from {-rank} to {rank - 1}")
    return [int(axis) % rank for axis in axes]
