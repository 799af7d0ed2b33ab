"""Nodes of ONNX that have the result types of others for which ONNX infers none."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx.shape_inference
from onnx import ModelProto, NodeProto, TypeProto, helper, numpy_helper

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


def add_types(proto: ModelProto, *, always: bool = False) -> bool:
    """Adds the types of results that ONNX cannot infer by itself, and outputs' shapes.

    Types of inner tensors go to `value_info`. An output gets the inferred shape where the model
    leaves extents open, or declares another shape with as many elements, such as [1] for a scalar.

    What else is wrong with the model's types is not reported here, but by the inference of the
    model itself.

    Args:
        always: also if ONNX knows all operators.

    Returns: whether anything was inferred.

    Raises onnx.shape_inference.InferenceError if an output that ONNX does not infer is declared
    with another number of elements.
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
    if not made and not always:
        return False
    del stand_in.graph.node[:]
    stand_in.graph.node.extend(nodes)
    for value in stand_in.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(stand_in, strict_mode=False).graph
    types = {value.name: value for value in inferred.value_info}
    proto.graph.value_info.extend(types[name] for name in made if name in types)
    for value, found in zip(proto.graph.output, inferred.output, strict=True):
        _take_shape(value.type.tensor_type, found.type.tensor_type)
        shape, said = _static(found.type.tensor_type), _static(value.type.tensor_type)
        if value.name in made and shape is not None and said is not None and shape != said:
            raise onnx.shape_inference.InferenceError(
                f"output {value.name!r} is declared with shape {list(said)}, it has {list(shape)}"
            )
    return True


def _take_shape(declared: TypeProto.Tensor, inferred: TypeProto.Tensor) -> None:
    """Gives an output its inferred shape, unless that contradicts the model; a type if it has
    none."""
    if not declared.elem_type:
        declared.elem_type = inferred.elem_type
    shape, said = _static(inferred), _static(declared)
    if shape is None or shape == said:
        return
    if said is None and declared.HasField("shape") and len(declared.shape.dim) != len(shape):
        return
    if said is None or prod(said) == prod(shape):
        declared.shape.CopyFrom(inferred.shape)


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
    mean = helper.make_node("ReduceMean", node.input[:1], node.output[:1], node.name, keepdims=keep)
    if opset < AXES_ARE_OPERANDS or not axes:
        if axes:
            mean.attribute.append(helper.make_attribute("axes", axes))
        return [mean]
    name = f"{node.name}/axes"
    mean.input.append(name)
    value = numpy_helper.from_array(np.array(axes, np.int64))
    return [helper.make_node("Constant", [], [name], name, value=value), mean]
