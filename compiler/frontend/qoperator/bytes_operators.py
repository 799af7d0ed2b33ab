"""ONNX's operators that take int8 and uint8 as they are, between nodes of scale 1.

Quantised files have them where a tensor keeps its scale: a MaxPool of QOperator files, and the
Clip that narrows what Brevitas quantises to fewer than 8 bits. With scale 1 and zero point 0, the
stored numbers are the real ones.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from compiler.frontend.expansion import Expansion, expansion

BYTES = (TensorProto.INT8, TensorProto.UINT8)


def _takes_bytes(node: Expansion) -> bool:
    return node.has(0) and node.element(node.operand(0)) in BYTES and not node.output(1)


@expansion(
    "Clip",
    "MaxPool",
    "Relu",
    description="of int8 and uint8: what it is for real numbers",
    applies=_takes_bytes,
)
def expand_bytes_operator(node: Expansion) -> None:
    x = node.operand(0)
    dtype = helper.tensor_dtype_to_np_dtype(node.element(x))
    parameters = [
        node.real("scale", 1.0),
        node.add_constant("zero_point", np.array(0, dtype)),
    ]
    operands = [node.make("DequantizeLinear", x, *parameters)]
    for index in range(1, len(node.node.input)):
        bound = node.operand(index)
        operands.append(node.make("Cast", bound, to=TensorProto.FLOAT) if bound else "")
    real = node.make(node.node.op_type, *operands)
    node.nodes[-1].attribute.extend(node.node.attribute)
    node.make("QuantizeLinear", real, *parameters, output=node.output())
