"""Types of the results of one node, as ONNX's shape inference gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import NodeProto, TypeProto, checker, defs, helper, numpy_helper, shape_inference

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.ir import Array

SHAPE_ELEMENTS = 1024
"""Constants of at most as many elements can be shapes, and are shown to the shape inference."""


def is_static(type_: TypeProto.Tensor | None) -> bool:
    """Whether all extents are known."""
    if type_ is None or not type_.HasField("shape"):
        return False
    return all(dimension.HasField("dim_value") for dimension in type_.shape.dim)


def may_be_shape(data: Array) -> bool:
    """Whether the shape inference is to see a constant."""
    return data.size <= SHAPE_ELEMENTS and data.dtype != np.object_


def result_types(
    node: NodeProto,
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
    opset: int,
) -> dict[str, TypeProto.Tensor]:
    """Types of a node's outputs, if they follow from its operands; else nothing.

    What is wrong with a node is not found out here, but by `check_inference`.
    """
    try:
        return _inferred(node, types, constants, opset)
    except (shape_inference.InferenceError, checker.ValidationError, ValueError, RuntimeError):
        return {}


def check_inference(
    nodes: Sequence[NodeProto],
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
    opset: int,
) -> None:
    """Raises CompileError (TW-0101) with all nodes whose operands do not fit together.

    In a model with operators that ONNX does not have, its inference keeps such errors to itself,
    and leaves the results without a type or with that which the file says.
    """
    if all(_has_schema(node, opset) for node in nodes):
        return  # the inference of the model has seen all
    problems: list[Problem] = []
    for node in nodes:
        where = f"node {node.name!r} ({node.op_type})"
        try:
            for name, type_ in _inferred(node, types, constants, opset).items():
                said = types.get(name)
                if is_static(said) and is_static(type_) and _extents(said) != _extents(type_):
                    found = f"its result {name!r} is declared with shape {_extents(said)}"
                    problems.append(Problem(Code.INVALID_MODEL, where, found, f"{_extents(type_)}"))
        except shape_inference.InferenceError as error:
            message = " ".join(str(error).split())
            problems.append(
                Problem(Code.INVALID_MODEL, where, f"shapes do not fit together: {message}")
            )
        except (checker.ValidationError, ValueError, RuntimeError):
            pass  # no error of its operands
    if problems:
        raise CompileError(problems)


def _inferred(
    node: NodeProto,
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
    opset: int,
) -> dict[str, TypeProto.Tensor]:
    """As `result_types`; raises what ONNX does."""
    names = list(dict.fromkeys(name for name in node.input if name))
    static = all(name in constants or is_static(types.get(name)) for name in names)
    has_graphs = any(a.HasField("g") or a.graphs for a in node.attribute)
    if has_graphs or not static or not _has_schema(node, opset):
        return {}
    small = {n: constants[n] for n in names if n in constants and may_be_shape(constants[n])}
    inputs = {
        name: helper.make_tensor_type_proto(
            helper.np_dtype_to_tensor_dtype(constants[name].dtype), constants[name].shape
        )
        if name in constants
        else TypeProto(tensor_type=types[name])
        for name in names
    }
    found = shape_inference.infer_node_outputs(
        defs.get_schema(node.op_type, opset, ""),
        node,
        inputs,
        {name: numpy_helper.from_array(data, name) for name, data in small.items()},
        opset_imports=[helper.make_opsetid("", opset)],
    )
    return {name: type_.tensor_type for name, type_ in found.items()}


def _extents(type_: TypeProto.Tensor | None) -> list[int]:
    return [] if type_ is None else [dimension.dim_value for dimension in type_.shape.dim]


def _has_schema(node: NodeProto, opset: int) -> bool:
    return node.domain in ONNX_DOMAINS and bool(defs.has(node.op_type, opset))
