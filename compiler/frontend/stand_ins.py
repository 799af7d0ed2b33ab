"""Nodes of ONNX that have the result types of others for which ONNX infers none."""

from __future__ import annotations

from math import prod

import numpy as np
from onnx import ModelProto, NodeProto, TypeProto, helper, numpy_helper
from onnx.shape_inference import infer_shapes

from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.frontend.pulp_dialect.operators import SHAPED_LIKE_INPUT
from compiler.frontend.upgrade_opset import opset_of
from compiler.operators.registry import CONTRIB_DOMAIN, PULP_DOMAIN

LIKE_OPERAND = frozenset(
    {
        *((domain, "GroupNormalization") for domain in ONNX_DOMAINS),
        *((PULP_DOMAIN, operator) for operator in SHAPED_LIKE_INPUT),
        (CONTRIB_DOMAIN, "Gelu"),
    }
)
"""Operators whose output has the type of operand 0."""

AXES_ARE_OPERANDS = 18
"""First operator set in which the axes of ReduceMean are an operand."""


def add_types(proto: ModelProto) -> None:
    """Adds to `value_info` the types of results that ONNX cannot infer by itself.

    What is wrong with the model's types is not reported here, but by the inference of the model
    itself.
    """
    stand_in = ModelProto()
    stand_in.CopyFrom(proto)
    made: list[str] = []
    nodes: list[NodeProto] = []
    for node in proto.graph.node:
        replacement = _stand_in(node, opset_of(proto))
        nodes += [node] if replacement is None else replacement
        if replacement is not None:
            made += node.output[:1]
    if not made:
        return
    del stand_in.graph.node[:]
    stand_in.graph.node.extend(nodes)
    inferred = infer_shapes(stand_in, strict_mode=False)
    types = {value.name: value for value in inferred.graph.value_info}
    proto.graph.value_info.extend(types[name] for name in made if name in types)


def forget_output_shapes(proto: ModelProto) -> None:
    """Takes inferred shapes for outputs that the model declares with as many elements.

    Some tools declare a scalar as [1]. All other contradictions are reported by the inference.
    """
    bare = ModelProto()
    bare.CopyFrom(proto)
    for value in bare.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = infer_shapes(bare, strict_mode=False)
    found = {value.name: value.type.tensor_type for value in inferred.graph.output}
    for value in proto.graph.output:
        declared, shape = _static(value.type.tensor_type), _static(found[value.name])
        if declared is None or shape is None or declared == shape:
            continue
        if prod(declared) == prod(shape):
            value.type.tensor_type.CopyFrom(found[value.name])


def _static(type_: TypeProto.Tensor) -> tuple[int, ...] | None:
    if not type_.HasField("shape") or not all(d.HasField("dim_value") for d in type_.shape.dim):
        return None
    return tuple(d.dim_value for d in type_.shape.dim)


def _stand_in(node: NodeProto, opset: int) -> list[NodeProto] | None:
    key = (node.domain, node.op_type)
    if key in LIKE_OPERAND:
        return [helper.make_node("Identity", node.input[:1], node.output[:1], node.name)]
    if key == (PULP_DOMAIN, "IntegerDiv"):
        return [helper.make_node("Div", node.input[:2], node.output[:1], node.name)]
    if key != (PULP_DOMAIN, "IntegerMean"):
        return None
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    axes = list(attributes.get("axes", ()))
    keep = int(attributes.get("keepdims", 1))
    mean = helper.make_node(
        "ReduceMean", node.input[:1], node.output[:1], node.name, keepdims=keep
    )
    if opset < AXES_ARE_OPERANDS or not axes:
        if axes:
            mean.attribute.append(helper.make_attribute("axes", axes))
        return [mean]
    name = f"{node.name}/axes"
    mean.input.append(name)
    value = numpy_helper.from_array(np.array(axes, np.int64))
    return [helper.make_node("Constant", [], [name], name, value=value), mean]
