"""What operators of ONNX make of the dialect's numbers, and whether that is integers again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx.defs
from onnx import NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

NEWEST = onnx.defs.onnx_opset_version()

Numbers = npt.NDArray[Any]
"""Of dtype object: Python's integers."""

MEANS = {"IntegerMean": "ReduceMean", "MatMulInteger": "MatMul"}
"""What operators of the dialect are for numbers that are no integers."""

FIRST_OPSET = 13
"""In which the models are; operators that it does not have are those of the newest."""

CHOOSING = frozenset(
    {
        *("Abs", "Clip", "Concat", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather"),
        *("GatherElements", "GlobalMaxPool", "Identity", "Max", "MaxPool", "Min", "Neg", "Pad"),
        *("ReduceMax", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Sign", "Slice"),
        *("SpaceToDepth", "Split", "Squeeze", "Sum", "Tile", "Transpose", "Unsqueeze", "Where"),
    }
)
"""Operators that choose, move or add numbers, so that integers stay integers. All others make real
numbers, even where these are whole."""

REAL_TYPES = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)


def exact(data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array of whole numbers as Python's integers; another one as it is."""
    if data.dtype.kind == "f" and not (np.all(np.isfinite(data)) and np.all(data == np.rint(data))):
        return data
    result = np.empty(data.shape, object)
    for index in np.ndindex(data.shape):
        result[index] = int(data[index])
    return result


def is_standard(node: NodeProto) -> bool:
    """Whether ONNX has the operator, so that nodes of constants are computed before all others."""
    return onnx.defs.has(node.op_type)


def gives_integers(node: NodeProto) -> bool:
    """Whether what a node makes of integers is integers."""
    if node.op_type == "Cast":
        return not any(a.name == "to" and a.i in REAL_TYPES for a in node.attribute)
    return node.op_type in CHOOSING


def evaluated(node: NodeProto, operands: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """What ONNX's own reference makes of numbers: in float64, with a result that float32 has.

    It is as large and as small as numbers of the model are, so that infinities and zeros are those
    of float32, and what is made of them.
    """
    if node.op_type == "LogSoftmax":
        return _log_softmax(node, operands[0].astype(np.float64))
    if node.op_type == "GlobalMaxPool":  # the reference of onnx 1.23 is right for two axes alone
        return operands[0].max(tuple(range(2, operands[0].ndim)), keepdims=True)
    plain = NodeProto()
    plain.CopyFrom(node)
    plain.domain, plain.op_type = "", MEANS.get(node.op_type, node.op_type)
    opset = FIRST_OPSET if onnx.defs.has(plain.op_type, FIRST_OPSET, "") else NEWEST
    inputs = [helper.make_tensor_value_info(name, 11, None) for name in node.input]
    result = helper.make_tensor_value_info(node.output[0], 11, None)
    graph = helper.make_graph([plain], "node", inputs, [result])
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=imports)
    schema = onnx.defs.get_schema(plain.op_type, opset)
    feeds: dict[str, npt.NDArray[Any]] = {}
    for index, (name, data) in enumerate(zip(node.input, operands, strict=True)):
        kind = schema.inputs[min(index, len(schema.inputs) - 1)].type_str
        feeds[name] = data.astype(np.int64 if kind in ("tensor(int64)", "Tind") else np.float64)
    made = np.asarray(ReferenceEvaluator(model).run(None, feeds)[0])
    return made.astype(np.float32).astype(np.float64) if made.dtype.kind == "f" else made


def _log_softmax(node: NodeProto, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """By hand: the reference of onnx 1.23 takes the logarithm of a quotient that is 0 soon."""
    axis = next((a.i for a in node.attribute if a.name == "axis"), -1)
    below = x - x.max(axis, keepdims=True)
    return below - np.log(np.exp(below).sum(axis, keepdims=True))
