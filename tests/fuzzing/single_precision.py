"""A model of float16 or bfloat16 as one of float32, which is what the compiler computes."""

from __future__ import annotations

import numpy as np
from onnx import AttributeProto, ModelProto, TensorProto, numpy_helper

HALF = (TensorProto.FLOAT16, TensorProto.BFLOAT16)


def in_single_precision(model: ModelProto) -> ModelProto:
    """The model itself if it has no half precision.

    Raises ValueError or TypeError if a tensor's data is damaged.
    """
    if not any(element in HALF for element in _elements(model)):
        return model
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type in HALF:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    for tensor in (*graph.initializer, *(a.t for a in attributes if a.HasField("t"))):
        if tensor.data_type in HALF:
            data = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(data, tensor.name))
    for attribute in attributes:
        if _is_type(attribute) and attribute.i in HALF:
            attribute.i = TensorProto.FLOAT
    return result


def _elements(model: ModelProto) -> list[int]:
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info)
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    return [
        *(value.type.tensor_type.elem_type for value in values),
        *(tensor.data_type for tensor in graph.initializer),
        *(attribute.t.data_type for attribute in attributes if attribute.HasField("t")),
        *(attribute.i for attribute in attributes if _is_type(attribute)),
    ]


def _is_type(attribute: AttributeProto) -> bool:
    """Whether an attribute is an element type, such as `to` of Cast or `dtype`."""
    return attribute.name in ("dtype", "to") or attribute.name.endswith(("precision", "stash_type"))
