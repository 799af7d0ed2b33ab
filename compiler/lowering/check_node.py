"""Checks of nodes that hold for whole groups of operators, so that no lowering repeats them."""

from __future__ import annotations

import math

from compiler.errors import UnsupportedForm
from compiler.frontend.model import OnnxModel, OnnxNode
from compiler.ir import DataType

REAL_OPERANDS = {
    operator: count
    for count, operators in {
        1: (
            *("AveragePool", "Elu", "Erf", "Exp", "Gelu", "GlobalAveragePool"),
            *("BatchNormalization", "GlobalLpPool", "GroupNormalization", "InstanceNormalization"),
            *(
                "LayerNormalization",
                "LpPool",
                "GlobalMaxPool",
                "HardSigmoid",
                "HardSwish",
                "LeakyRelu",
                "Log",
                "LogSoftmax",
            ),
            *("MaxPool", "Mish", "QuantizeLinear", "Reciprocal", "ReduceMean", "Relu", "Sigmoid"),
            *("Softmax", "Softplus", "Sqrt", "Swish", "Tanh"),
        ),
        2: ("Einsum", "MatMul", "RMSNormalization"),
        3: ("Attention", "Conv", "Gemm", "RotaryEmbedding"),
    }.items()
    for operator in operators
}
"""How many of an operator's first inputs are real numbers: float32, or dequantised."""

REDUCING = frozenset(
    {
        *("AveragePool", "Conv", "GlobalAveragePool", "GlobalMaxPool", "MaxPool", "ReduceMean"),
        *("BatchNormalization", "ConvTranspose", "GlobalLpPool", "GroupNormalization"),
        *("Attention", "InstanceNormalization", "LayerNormalization", "LpPool"),
        "RMSNormalization",
    }
)
"""What these make of nothing is not defined."""

CHANNELS = frozenset(
    {
        *("AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "GlobalAveragePool"),
        *("GlobalLpPool", "GlobalMaxPool", "GroupNormalization", "InstanceNormalization", "LpPool"),
        "MaxPool",
    }
)
"""Their first input is [batch, channels, ...]."""

ALONG_AN_AXIS = frozenset(
    {
        *("ArgMax", "ArgMin", "Concat", "CumSum", "Gather", "GatherElements", "LayerNormalization"),
        *(
            "LogSoftmax",
            "RMSNormalization",
            "ScatterElements",
            "ScatterND",
            "Softmax",
            "Split",
            "TensorScatter",
        ),
        "TopK",
    }
)
"""Their first input has at least one axis, which ONNX's shape inference does not always ask for."""

OTHER_AXES = frozenset({"DequantizeLinear", "Flatten", "QuantizeLinear"})
"""Their attribute `axis` may also be the rank of the input, or means nothing for scalars."""


def check_node(node: OnnxNode, model: OnnxModel) -> None:
    """Raises UnsupportedForm for operands of a type that the operator does not compute with, for
    attributes that are no numbers, for means of nothing, and for axes that the first input does
    not have."""
    for name, value in node.attributes.items():
        if isinstance(value, float) and math.isnan(value):
            raise UnsupportedForm(f"its attribute {name!r} is NaN", "numbers")
        numbers = value if isinstance(value, list) else [value]
        for number in numbers:
            if isinstance(number, int) and not -(2**31) <= number < 2**31:
                raise UnsupportedForm(f"its attribute {name!r} is {value}", "integers of 32 bits")
        if isinstance(value, bytes) and not value.isascii():
            raise UnsupportedForm(f"its attribute {name!r} is {value!r}", "words of ONNX")
    if node.domain:
        return
    for name in node.inputs[: REAL_OPERANDS.get(node.operator, 0)]:
        type_ = model.tensors[name].type if name is not None else None
        if type_ is not None and type_.data_type is not DataType.FLOAT32:
            raise UnsupportedForm(
                f"its operand {name!r} is {type_}",
                "float32, or int8 and uint8 behind a DequantizeLinear",
                "cast it to float32, or quantise it with QDQ nodes",
            )
    if node.operator == "Clip":
        for name in filter(None, node.inputs[1:]):
            if model.tensors[name].type.elements != 1:
                found = f"its bound {name!r} is {model.tensors[name].type}"
                raise UnsupportedForm(found, "bounds of one element")
    if node.operator == "CumSum" and node.inputs[1] is not None:
        axis_type = model.tensors[node.inputs[1]].type
        if axis_type.elements != 1:
            raise UnsupportedForm(f"its axis {node.inputs[1]!r} is {axis_type}", "one axis")
    first = node.inputs[0] if node.inputs else None
    reduces = node.operator in REDUCING or node.operator.startswith(("Reduce", "Arg"))
    if first is not None and reduces:
        type_ = model.tensors[first].type
        if not type_.elements:
            raise UnsupportedForm(f"its input {first!r} is {type_}", "inputs that have elements")
    if first is None or node.operator in OTHER_AXES:
        return
    axis = node.attributes.get("axis")
    if node.operator in CHANNELS and len(model.tensors[first].type.shape) < 2:
        raise UnsupportedForm(
            f"its input {first!r} is {model.tensors[first].type}", "[batch, channels, ...]"
        )
    rank = len(model.tensors[first].type.shape)
    if rank == 0 and node.operator in ALONG_AN_AXIS:
        raise UnsupportedForm(f"its input {first!r} is a scalar", "tensors with axes")
    if isinstance(axis, int) and not -rank <= axis < max(rank, 1):
        raise UnsupportedForm(
            f"its axis is {axis}, and {first!r} has rank {rank}", f"axes from {-rank} to {rank - 1}"
        )
