"""Replaces operators without a lowering by what ONNX defines them as.

Many of ONNX's operators are functions of others: Selu of Exp, Mul and Where, losses of Gather and
ReduceMean. Attention has kernels, but not for all of its inputs and outputs. A node is expanded if
all that comes of it is supported, or is folded for static shapes; otherwise it stays and is
reported under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import onnx.defs
import onnx.inliner
import onnx.shape_inference
from onnx import (
    FunctionProto,
    ModelProto,
    NodeProto,
    TensorProto,
    TypeProto,
    ValueInfoProto,
    helper,
)

from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.frontend.expansion import EXPANSIONS
from compiler.operators import OPERATORS

FOLDED = frozenset({"Constant", "ConstantOfShape", "Range", "Shape", "Size"})
"""What function bodies make of static shapes and attributes."""

CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
"""What these do is in graphs of their own, not in functions."""

SCORES = 3
"""Output of Attention that its kernels do not store."""


MASK = 3
"""Operand of Attention that its kernels take only if it says which keys come first."""


def _is_supported(node: NodeProto, types: Mapping[str, ValueInfoProto]) -> bool:
    """Whether the node stays: it has a lowering for what it asks for, is expressed by others, or is
    folded."""
    if node.op_type == "Attention":
        mask = types.get(node.input[MASK]) if len(node.input) > MASK else None
        if mask is not None and mask.type.tensor_type.elem_type != TensorProto.BOOL:
            return False  # numbers to add to the scores
        cache = any(node.input[4:6])
        capped = any(a.name == "softcap" and a.f != 0.0 for a in node.attribute)
        return not cache and not capped and not any(node.output[SCORES:])
    key = ("", node.op_type)
    return key in OPERATORS or key in EXPANSIONS or node.op_type in FOLDED


def expand_functions(proto: ModelProto) -> ModelProto | None:
    """The model with every function expanded that is not supported itself; None if there is none.

    Args:
        proto: a model with the types of all tensors, whose nodes have unique names. Nodes that
            come of one are called like it, with their operator and output behind it.
    """
    types = _types(proto)
    nodes: list[NodeProto] = []
    for node in proto.graph.node:
        body = _body(proto, node, types)
        nodes += [node] if body is None else body
    if len(nodes) == len(proto.graph.node):
        return None
    result = ModelProto()
    result.CopyFrom(proto)
    del result.graph.node[:]
    del result.graph.value_info[:]
    result.graph.node.extend(nodes)
    try:
        onnx.shape_inference.infer_shapes(result, strict_mode=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError):
        return None
    return result


def _types(proto: ModelProto) -> dict[str, ValueInfoProto]:
    graph = proto.graph
    types = {value.name: value for value in (*graph.input, *graph.value_info, *graph.output)}
    for tensor in graph.initializer:
        value = helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        types.setdefault(tensor.name, value)
    return types


def _body(
    proto: ModelProto, node: NodeProto, types: Mapping[str, ValueInfoProto]
) -> list[NodeProto] | None:
    """The supported nodes that stand for an unsupported one; None if it stays."""
    names = [name for name in dict.fromkeys((*node.input, *node.output)) if name]
    if (
        node.domain not in ONNX_DOMAINS
        or _is_supported(node, types)
        or node.op_type in CONTROL_FLOW
    ):
        return None
    if any(name not in types for name in names):
        return None
    try:
        inlined = _inlined(proto, _with_defaults(node, proto), types)
        inlined = onnx.shape_inference.infer_shapes(inlined, strict_mode=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError):
        return None
    parts = list(inlined.graph.node)
    if len(parts) == 1 and parts[0].op_type == node.op_type:
        return None
    _rename(parts, node, set(names))
    inner = {_inside(name, node, set(names)): value for name, value in _types(inlined).items()}
    expanded: list[NodeProto] = []
    for part in parts:
        if part.domain in ONNX_DOMAINS and _is_supported(part, inner):
            expanded.append(part)
            continue
        body = _body(proto, part, {name: _called(value, name) for name, value in inner.items()})
        if body is None:
            return None
        expanded += body
    return expanded


def _inlined(proto: ModelProto, node: NodeProto, types: Mapping[str, ValueInfoProto]) -> ModelProto:
    """A model of the node alone, with its body in its place, if it has one."""
    inputs = [types[name] for name in dict.fromkeys(node.input) if name]
    outputs = [types[name] for name in node.output if name]
    opsets = list(proto.opset_import)
    functions: list[FunctionProto] = []
    if not all(node.input):
        # The inliner asks for the type of an absent input; the body's own builder does not.
        functions = [_function(proto, node, types)]
        node.domain = functions[0].domain
        opsets.append(helper.make_opsetid(node.domain, 1))
    graph = helper.make_graph([node], "function", inputs, outputs)
    alone = helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=functions)
    if functions:
        return onnx.inliner.inline_local_functions(alone)
    return onnx.inliner.inline_selected_functions(
        alone, [("", node.op_type)], inline_schema_functions=True
    )


def _function(
    proto: ModelProto, node: NodeProto, types: Mapping[str, ValueInfoProto]
) -> FunctionProto:
    """The body of a node as a function of a domain of its own. Raises ValueError if it has none."""
    opset = _opset(proto)
    schema = cast(Any, onnx.defs.get_schema(node.op_type, opset, ""))  # its stubs are partial
    if opset not in schema.context_dependent_function_opset_versions:
        raise ValueError(f"{node.op_type} has no body for operator set {opset}")
    known = [types[name].type if name else TypeProto() for name in node.input]
    body = FunctionProto()
    body.ParseFromString(
        schema.get_context_dependent_function_with_opset_version(
            opset, node.SerializeToString(), [type_.SerializeToString() for type_ in known]
        )
    )
    body.domain = f"{node.name}/function"
    return body


def _opset(proto: ModelProto) -> int:
    return max(entry.version for entry in proto.opset_import if entry.domain in ONNX_DOMAINS)


def _with_defaults(node: NodeProto, proto: ModelProto) -> NodeProto:
    """The node with all attributes that have defaults: bodies refer to them."""
    result = NodeProto()
    result.CopyFrom(node)
    given = {attribute.name for attribute in node.attribute}
    try:
        schema = onnx.defs.get_schema(node.op_type, _opset(proto), "")
    except onnx.defs.SchemaError:
        return result
    for name, attribute in sorted(schema.attributes.items()):
        if name not in given and attribute.default_value.type:
            result.attribute.append(attribute.default_value)
    return result


def _called(value: ValueInfoProto, name: str) -> ValueInfoProto:
    result = ValueInfoProto()
    result.CopyFrom(value)
    result.name = name
    return result


def _inside(name: str, node: NodeProto, outside: set[str]) -> str:
    """The name of a tensor in the body of a node: behind the node's, so that it is unique."""
    return name if not name or name in outside else f"{node.name}/{name}"


def _rename(parts: list[NodeProto], node: NodeProto, outside: set[str]) -> None:
    """Puts the node's name before those of the nodes and tensors of its body."""
    for part in parts:
        part.input[:] = [_inside(name, node, outside) for name in part.input]
        part.output[:] = [_inside(name, node, outside) for name in part.output]
        part.name = f"{node.name}/{part.op_type}({next(iter(part.output), '')})"
