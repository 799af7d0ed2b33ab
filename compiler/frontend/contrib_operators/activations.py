"""Activation functions, with what is added before them."""

from __future__ import annotations

from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN

GELU = 20
"""The operator set that has Gelu."""


@expansion(
    "BiasGelu", domain=CONTRIB_DOMAIN, description="Gelu of a sum", opset=GELU, attributes=()
)
def expand_bias_gelu(node: Expansion) -> None:
    total = node.make("Add", node.required(0, "A"), node.required(1, "B"))
    node.make("Gelu", total, output=node.output())


@expansion(
    "FastGelu",
    domain=CONTRIB_DOMAIN,
    description="Gelu with tanh, with or without a bias",
    opset=GELU,
    attributes=(),
)
def expand_fast_gelu(node: Expansion) -> None:
    x = node.required(0, "X")
    if node.has(1):
        x = node.make("Add", x, node.operand(1))
    node.make("Gelu", x, output=node.output(), approximate="tanh")


@expansion(
    "QuickGelu",
    domain=CONTRIB_DOMAIN,
    description="x * sigmoid(alpha * x)",
    attributes=("alpha",),
)
def expand_quick_gelu(node: Expansion) -> None:
    x = node.required(0, "X")
    scaled = node.make("Mul", x, node.real("alpha", node.attribute("alpha", 1.702)))
    node.make("Mul", x, node.make("Sigmoid", scaled), output=node.output())
