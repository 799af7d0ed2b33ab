"""The LSTM of onnxruntime's dynamic quantisation: weights of 8 bits, everything else real."""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.ir import Array
from compiler.operators.registry import CONTRIB_DOMAIN

ATTRIBUTES = (
    *("activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size"),
    "input_forget",
)


@expansion(
    "DynamicQuantizeLSTM",
    domain=CONTRIB_DOMAIN,
    description="what LSTM is, of constant int8 or uint8 weights with a scale for each direction "
    "or each row of a gate; inputs stay real, which is more exact than onnxruntime",
    attributes=ATTRIBUTES,
    opset=21,  # from which on DequantizeLinear knows blocks
)
def expand_lstm(node: Expansion) -> None:
    weights = [_weights(node, 1, 8, "W"), _weights(node, 2, 10, "R")]
    further = [node.operand(index) for index in range(3, 8)]
    while further and not further[-1]:
        further.pop()
    operands = [node.required(0, "X"), *weights, *further]
    outputs = [node.output(index) for index in range(len(node.node.output))]
    node.make_all("LSTM", operands, outputs, **node.copied(*ATTRIBUTES))


def _weights(node: Expansion, index: int, parameters: int, name: str) -> str:
    """Operand `index`, [directions, inputs, rows], as LSTM has it: [directions, rows, inputs].

    `parameters`: the index of its scale, which the zero point follows.
    """
    data = node.required_constant(index, name)
    scale = node.required_constant(parameters, f"{name}_scale").astype(np.float32)
    zero_point = node.required_constant(parameters + 1, f"{name}_zero_point")
    if data.ndim != 3 or data.dtype.name not in ("int8", "uint8") or zero_point.dtype != data.dtype:
        raise UnsupportedForm(
            f"its {name} is {data.dtype.name} {list(data.shape)}, its zero point "
            f"{zero_point.dtype.name}",
            "int8 or uint8 [directions, inputs, 4 * hidden_size], and zero points of this type",
        )
    turned = np.ascontiguousarray(data.transpose(0, 2, 1))
    directions, rows, inputs = turned.shape
    if scale.size not in (directions, directions * rows) or zero_point.size != scale.size:
        raise UnsupportedForm(
            f"its {name} has {scale.size} scales and {zero_point.size} zero points",
            f"{directions} or {directions * rows} of both",
        )
    shape: tuple[int, ...] = (directions,)
    attributes: dict[str, Any] = {"axis": 0}
    if scale.size > directions:
        shape, attributes = (directions, rows, 1), {"axis": 2, "block_size": inputs}
    operands: list[tuple[str, Array]] = [
        (name, turned),
        (f"{name}_scale", scale.reshape(shape)),
        (f"{name}_zero_point", zero_point.reshape(shape)),
    ]
    constants = [node.add_constant(*operand) for operand in operands]
    return node.make("DequantizeLinear", *constants, **attributes)
