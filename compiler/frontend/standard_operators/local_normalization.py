"""Normalisations by a norm, or by what is around an element on the axis of channels."""

from __future__ import annotations

from math import prod

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion


@expansion("LpNormalization", description="p 1 and 2, any axis")
def expand_lp_normalization(node: Expansion) -> None:
    """A quotient; where the norm is 0, so is the result."""
    x = node.required(0, "input")
    order = node.attribute("p", 2)
    if order not in (1, 2):
        raise UnsupportedForm(f"its p is {order}", "p 1 and 2")
    axis = node.integers("axis", node.attribute("axis", -1))
    terms = node.make("Abs", x) if order == 1 else node.make("Mul", x, x)
    norm = node.make("ReduceSum", terms, axis, keepdims=1)
    if order == 2:
        norm = node.make("Sqrt", norm)
    nothing = node.make("Equal", norm, node.real("zero", 0.0))
    divisor = node.make("Where", nothing, node.real("one", 1.0), norm)
    node.make("Div", x, divisor, output=node.output())


@expansion("LRN", description="any odd or even size; [batch, channels, ...]")
def expand_lrn(node: Expansion) -> None:
    """x / (bias + alpha * m)^beta, with m the mean of squares in a window of `size` channels."""
    x = node.required(0, "X")
    size = node.attribute("size", 0)
    shape = node.shape(x)
    if size < 1 or len(shape) < 2:
        raise UnsupportedForm(
            f"its size is {size}, and {x!r} has {len(shape)} axes",
            "positive sizes and [batch, channels, ...]",
        )
    before = (size - 1) // 2
    planes = node.integers("planes", shape[0], 1, shape[1], prod(shape[2:]))
    squares = node.make("Reshape", node.make("Mul", x, x), planes)
    # Channels outside of the tensor count as zeros.
    means = node.make(
        "AveragePool",
        squares,
        kernel_shape=[size, 1],
        pads=[before, 0, size - 1 - before, 0],
        count_include_pad=1,
    )
    means = node.make("Reshape", means, node.integers("shape", *shape))
    scaled = node.make("Mul", means, node.real("alpha", node.attribute("alpha", 1e-4)))
    biased = node.make("Add", scaled, node.real("bias", node.attribute("bias", 1.0)))
    exponent = node.real("beta", node.attribute("beta", 0.75))
    node.make("Div", x, node.make("Pow", biased, exponent), output=node.output())


@expansion("Shrink", description="float32")
def expand_shrink(node: Expansion) -> None:
    """x + bias below -lambd, x - bias above lambd, else 0."""
    x = node.required(0, "input")
    limit, bias = np.float32(node.attribute("lambd", 0.5)), node.attribute("bias", 0.0)
    above = node.make("Greater", x, node.real("limit", float(limit)))
    below = node.make("Less", x, node.real("negative_limit", float(-limit)))
    lower = node.make("Sub", x, node.real("bias", bias))
    upper = node.make("Add", x, node.real("bias", bias))
    zero = node.real("zero", 0.0)
    inner = node.make("Where", below, upper, zero)
    node.make("Where", above, lower, inner, output=node.output())
