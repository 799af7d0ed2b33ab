"""onnxruntime's own QuantizeLinear and DequantizeLinear, which came before ONNX's had 16 bits."""

from __future__ import annotations

from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN

SIXTEEN_BITS = 21
"""The operator set that has them."""


@expansion(
    "DequantizeLinear",
    "QuantizeLinear",
    domain=CONTRIB_DOMAIN,
    description="what ONNX's operator of this name is",
    opset=SIXTEEN_BITS,
    attributes=("axis", "block_size"),
)
def expand_linear(node: Expansion) -> None:
    operands = [name or "" for name in node.node.input]
    attributes = node.copied("axis", "block_size")
    node.make(node.node.op_type, *operands, output=node.output(), **attributes)
