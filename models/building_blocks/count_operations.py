"""Size of a float32 model, as publications count it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import onnx

Shape = tuple[int, ...]


def shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Extents of every tensor of a model without symbolic dimensions."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    result = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        result[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    return result


def multiply_accumulates(model: onnx.ModelProto) -> int:
    """Products in convolutions, dense layers and attention; products with padding count."""
    known = shapes(model)
    return sum(_of_node(node, known) for node in model.graph.node)


def _of_node(node: onnx.NodeProto, known: Mapping[str, Shape]) -> int:
    if node.op_type in ("Conv", "Gemm"):
        # Every element of the result is a sum over all weights of its channel.
        weights = known[node.input[1]]
        assert node.op_type == "Conv" or any(a.name == "transB" and a.i for a in node.attribute)
        return math.prod(known[node.output[0]]) * math.prod(weights[1:])
    if node.op_type == "Attention":
        # [batch, tokens, heads · size]: queries · keys · features of the scores, then of the mean.
        (_, queries, of_query), (_, keys, _) = known[node.input[0]], known[node.input[1]]
        of_result = known[node.output[0]][2]
        return queries * keys * (of_query + of_result)
    return 0


def parameters(model: onnx.ModelProto) -> int:
    """Elements of all float32 constants."""
    return sum(
        math.prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    )
