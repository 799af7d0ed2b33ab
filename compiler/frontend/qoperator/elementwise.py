"""Sums, products, functions, choices and joins of quantised tensors."""

from __future__ import annotations

from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.quantised import (
    dequantised,
    dequantised_by,
    quantised,
    result,
)
from compiler.operators.registry import CONTRIB_DOMAIN

AXES_ARE_OPERANDS = 18
"""First operator set in which the axes of ReduceMean are an operand."""

ALONG_ONE_AXIS = 13
"""First operator set in which Softmax is one along a single axis."""


@expansion("QLinearAdd", domain=CONTRIB_DOMAIN, description="what Add is", attributes=())
def expand_add(node: Expansion) -> None:
    result(node, node.make("Add", dequantised(node, 0), dequantised(node, 3)), 6)


@expansion("QLinearMul", domain=CONTRIB_DOMAIN, description="what Mul is", attributes=())
def expand_mul(node: Expansion) -> None:
    result(node, node.make("Mul", dequantised(node, 0), dequantised(node, 3)), 6)


@expansion("QLinearSigmoid", domain=CONTRIB_DOMAIN, description="what Sigmoid is", attributes=())
def expand_sigmoid(node: Expansion) -> None:
    result(node, node.make("Sigmoid", dequantised(node, 0)), 3)


@expansion(
    "QLinearLeakyRelu",
    domain=CONTRIB_DOMAIN,
    description="what LeakyRelu is",
    attributes=("alpha",),
)
def expand_leaky_relu(node: Expansion) -> None:
    result(node, node.make("LeakyRelu", dequantised(node, 0), **node.copied("alpha")), 3)


@expansion(
    "QLinearSoftmax",
    domain=CONTRIB_DOMAIN,
    description="what Softmax is, in either of its definitions",
    attributes=("axis", "opset"),
)
def expand_softmax(node: Expansion) -> None:
    x = dequantised(node, 0)
    shape = node.shape(node.operand(0))
    axis = node.attribute("axis", -1)
    if node.attribute("opset", ALONG_ONE_AXIS) >= ALONG_ONE_AXIS:
        y = node.make("Softmax", x, axis=axis)
    else:
        # All axes from `axis` on are one.
        flat = node.make("Flatten", x, axis=axis)
        y = node.make("Reshape", node.make("Softmax", flat), node.integers("shape", *shape))
    result(node, y, 3)


@expansion(
    "QLinearReduceMean",
    domain=CONTRIB_DOMAIN,
    description="what ReduceMean is",
    attributes=("axes", "keepdims"),
)
def expand_reduce_mean(node: Expansion) -> None:
    x, axes = dequantised(node, 0), node.attribute("axes", list[int]())
    keep = node.attribute("keepdims", 1)
    if not axes:
        y = node.make("ReduceMean", x, keepdims=keep)
    elif node.opset < AXES_ARE_OPERANDS:
        y = node.make("ReduceMean", x, axes=axes, keepdims=keep)
    else:
        y = node.make("ReduceMean", x, node.integers("axes", *axes), keepdims=keep)
    result(node, y, 3)


@expansion("QLinearWhere", domain=CONTRIB_DOMAIN, description="what Where is", attributes=())
def expand_where(node: Expansion) -> None:
    condition = node.required(0, "condition")
    y = node.make("Where", condition, dequantised(node, 1), dequantised(node, 4))
    quantised(node, y, 7, 8, node.element(node.operand(1)), node.output())


@expansion(
    "QLinearConcat",
    domain=CONTRIB_DOMAIN,
    description="what Concat is, of any number of operands",
    attributes=("axis",),
)
def expand_concat(node: Expansion) -> None:
    operands = [
        dequantised_by(node, index, index + 1, index + 2)
        for index in range(2, len(node.node.input), 3)
    ]
    y = node.make("Concat", *operands, **node.copied("axis"))
    quantised(node, y, 0, 1, node.element(node.required(2, "a tensor")), node.output())
