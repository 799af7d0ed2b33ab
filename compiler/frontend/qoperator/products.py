"""Quantised convolutions and matrix products."""

from __future__ import annotations

import numpy as np

from compiler.errors import Code, UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.channels_last import channels_first, made_channels_last
from compiler.frontend.qoperator.quantised import bias, dequantised, quantised, result
from compiler.operators.registry import CONTRIB_DOMAIN

CONV = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
"""Attributes of Conv."""


@expansion("QLinearConv", description="what Conv is; scales of weights per tensor or per output")
def expand_conv(node: Expansion) -> None:
    _conv(node, last=False)


@expansion(
    "QLinearConv",
    domain=CONTRIB_DOMAIN,
    description="what Conv is, channels first or last; scales of weights per tensor or per output",
    attributes=(*CONV, "channels_last"),
)
def expand_any_conv(node: Expansion) -> None:
    _conv(node, last=bool(node.attribute("channels_last", 0)))


def _conv(node: Expansion, *, last: bool) -> None:
    x = channels_first(node, dequantised(node, 0), len(node.shape(node.operand(0))), last=last)
    operands = [x, dequantised(node, 3, axis=0)]
    if node.has(8):
        operands.append(bias(node, 8, (1, 4)))
    rank = len(node.shape(node.operand(0)))
    real = made_channels_last(
        node, node.make("Conv", *operands, **node.copied(*CONV)), rank, last=last
    )
    result(node, real, 6)


@expansion("QLinearMatMul", description="what MatMul is; scales of weights per tensor or column")
def expand_matmul(node: Expansion) -> None:
    left, right = node.operand(0), node.operand(3)
    rows = int(np.prod(node.shape(node.operand(1)), dtype=np.int64))
    if rows > 1:
        raise UnsupportedForm(
            f"its operand {left!r} has {rows} scales, one for each row",
            "one scale for the left operand",
            "quantise activations per tensor",
            Code.UNSUPPORTED_QUANTIZATION,
        )
    rank = len(node.shape(right))
    columns = dequantised(node, 3, axis=rank - 1 if rank > 1 else None)
    result(node, node.make("MatMul", dequantised(node, 0), columns), 6)


@expansion(
    "QGemm",
    domain=CONTRIB_DOMAIN,
    description="what Gemm is, with a quantised or real result; scales of B per tensor or column",
    attributes=("alpha", "transA", "transB"),
)
def expand_gemm(node: Expansion) -> None:
    if node.has(7) != node.has(8):
        # Its definition makes the result real if either is absent; onnxruntime divides by y_scale.
        raise UnsupportedForm("it has one of y_scale and y_zero_point", "both or none")
    alpha = node.attribute("alpha", 1.0)
    transposed = node.attribute("transB", 0)
    operands = [dequantised(node, 0), dequantised(node, 3, axis=0 if transposed else 1)]
    if node.has(6):
        operands.append(bias(node, 6, (1, 4), alpha))
    attributes = node.copied("alpha", "transA", "transB")
    if not node.has(7):
        node.make("Gemm", *operands, output=node.output(), **attributes)
        return
    real = node.make("Gemm", *operands, **attributes)
    quantised(node, real, 7, 8, node.element(node.operand(0)), node.output())
