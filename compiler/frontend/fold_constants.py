"""Evaluates what does not depend on the network's inputs, with ONNX's reference implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np
from onnx import ModelProto, NodeProto, TypeProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES, check_sizes, static_shape
from compiler.frontend.model import OnnxNode
from compiler.frontend.node_types import is_static, may_be_shape, result_types
from compiler.ir import Array

KEPT = frozenset({"DequantizeLinear"})
"""Dequantised weights stay quantised: that is what the kernels want."""

RANDOM = frozenset(
    {
        *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike"),
        *("RandomUniform", "RandomUniformLike"),
    }
)
"""Their results are not constant; a Dropout that is no identity is refused by its lowering."""

SCALAR_OPERANDS = frozenset({"Range"})
"""Their operands are scalars by the standard; exporters also write vectors of one element, which
onnxruntime takes."""

REDUCING_NOTHING = frozenset(
    {
        *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMin"),
        *("ReduceProd", "ReduceSum", "ReduceSumSquare"),
    }
)
"""Operators for which ONNX says what they make of tensors without elements."""

STEPS = 2.0**17
"""More steps from zero than an integer of 16 bits and its zero point are apart."""


def fold_constants(
    nodes: Sequence[OnnxNode],
    types: Mapping[str, TypeProto.Tensor],
    constants: dict[str, Array],
    opset: int,
) -> list[OnnxNode]:
    """The nodes that remain; results of the others are added to `constants`.

    `Shape` and `Size` of tensors with static shapes are constants too, and so are sums and other
    reductions of tensors without elements. Shapes that follow from what was just folded are
    inferred on the way, so that one walk folds a whole chain of them.
    """
    remaining: list[OnnxNode] = []
    known = dict(types)
    for node in nodes:
        results = _evaluate(node, known, constants, opset)
        if results is None:
            remaining.append(node)
            if not all(is_static(known.get(name)) for name in node.outputs if name is not None):
                known.update(_inferred(node, known, constants, opset))
        else:
            constants.update(results)
    return remaining


def _inferred(
    node: OnnxNode,
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
    opset: int,
) -> dict[str, TypeProto.Tensor]:
    if node.domain or node.has_graphs:
        return {}
    return result_types(_node_proto(node), types, constants, opset)


def _evaluate(
    node: OnnxNode,
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
    opset: int,
) -> dict[str, Array] | None:
    if node.domain or _is_kept(node) or node.has_graphs:
        return None
    if node.operator in ("Shape", "Size"):
        return _shape(node, types, constants)
    node = _with_known_type(node, types, constants)
    names = [name for name in node.inputs if name is not None]
    unknown = [name for name in names if name not in constants]
    empty = _empty_tensors(unknown, types) if node.operator in REDUCING_NOTHING else {}
    if len(empty) < len(unknown):
        return None
    constants = {**{name: constants[name] for name in names if name in constants}, **empty}
    if node.operator == "ReduceMean" and not constants[names[0]].size:
        return None  # ONNX does not say what that is
    if node.operator == "Dropout" and len(names) > 2 and bool(np.any(constants[names[2]])):
        return None
    return evaluate_node(node, constants, opset)


def evaluate_node(
    node: OnnxNode, constants: Mapping[str, Array], opset: int
) -> dict[str, Array] | None:
    """The results of a node of ONNX by their names; None if one is no tensor of numbers.

    `constants` has all operands of the node.

    Raises:
        CompileError: the operands do not fit together, or a result is too large.
    """
    names = [name for name in node.inputs if name is not None]
    outputs = [name for name in node.outputs if name is not None]
    feeds = {name: constants[name] for name in dict.fromkeys(names)}
    if node.operator in SCALAR_OPERANDS:
        feeds = {name: data.reshape(()) if data.size == 1 else data for name, data in feeds.items()}
    model = _single_node_model(node, names, outputs, feeds, opset)
    try:
        if node.operator == "QuantizeLinear":
            feeds[names[0]] = _saturating(node, feeds[names[0]], feeds[names[1]])
        _check_result_sizes(model, feeds)
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(model).run(outputs, feeds)  # pyright: ignore
        arrays = {
            name: np.asarray(result)
            for name, result in zip(outputs, results, strict=True)  # pyright: ignore
        }
        if any(array.dtype == np.object_ for array in arrays.values()):
            return None  # a sequence, or text: no lowering has these
    except CompileError:
        raise
    # What it raises for operands that do not fit is not specified.
    except Exception as error:
        message = " ".join(str(error).split()) or type(error).__name__
        raise CompileError(
            [
                Problem(
                    Code.INVALID_MODEL,
                    f"node {node.name!r} ({node.operator})",
                    f"its inputs are constant, but its result cannot be computed: {message}",
                    advice="export the model again",
                )
            ]
        ) from error
    return arrays


def _with_known_type(
    node: OnnxNode, types: Mapping[str, TypeProto.Tensor], constants: Mapping[str, Array]
) -> OnnxNode:
    """A CastLike as the Cast that it is, if the type of its operand 1 is known."""
    like = node.inputs[1] if node.operator == "CastLike" else None
    if like is None or like in constants or like not in types or not types[like].elem_type:
        return node
    attributes = {**node.attributes, "to": types[like].elem_type}
    return replace(node, operator="Cast", inputs=node.inputs[:1], attributes=attributes)


def _is_kept(node: OnnxNode) -> bool:
    return node.operator in KEPT or node.operator in RANDOM


def _saturating(node: OnnxNode, x: Array, scale: Array) -> Array:
    """`x` no further from zero than `STEPS`, and the lowest for NaN, as the kernels quantise it.

    The reference implementation converts to int32 before it saturates, which wraps.
    """
    if x.dtype.kind != "f":
        return x
    if scale.size > 1:
        axis = node.attribute("axis", 1)
        block = node.attribute("block_size", 0)
        if block:
            scale = np.repeat(scale, block, axis).take(range(x.shape[axis]), axis)
        else:
            scale = scale.reshape(-1, *(1,) * (x.ndim - axis % x.ndim - 1))
    largest = float(np.finfo(x.dtype).max)
    bound = np.minimum(np.abs(scale.astype(np.float64)) * STEPS, largest).astype(x.dtype)
    return np.clip(np.where(np.isnan(x), -bound, x), -bound, bound)


def _empty_tensors(names: Sequence[str], types: Mapping[str, TypeProto.Tensor]) -> dict[str, Array]:
    """Those of the tensors that have a static type and no elements, as arrays."""
    result: dict[str, Array] = {}
    for name in names:
        shape = static_shape(types[name]) if name in types else None
        if shape is not None and 0 in shape and types[name].elem_type:
            element = helper.tensor_dtype_to_np_dtype(types[name].elem_type)
            result[name] = np.empty(shape, element)
    return result


def _check_result_sizes(model: ModelProto, constants: Mapping[str, Array]) -> None:
    """Raises CompileError if a result is too large; whatever cannot be inferred is small."""
    small = {name: data for name, data in constants.items() if may_be_shape(data)}
    shown = ModelProto()
    shown.CopyFrom(model)
    shown.graph.initializer.extend(
        numpy_helper.from_array(data, name) for name, data in small.items()
    )
    del shown.graph.output[:]
    inferred = shape_inference.infer_shapes(shown, strict_mode=True, data_prop=False)
    check_sizes(
        {value.name: value.type.tensor_type for value in inferred.graph.value_info},
        MAXIMUM_FOLDED_BYTES,
    )


def _shape(
    node: OnnxNode, types: Mapping[str, TypeProto.Tensor], constants: Mapping[str, Array]
) -> dict[str, Array] | None:
    name = node.inputs[0]
    assert name is not None
    if name in constants:
        shape = list(constants[name].shape)
    elif name in types and all(d.HasField("dim_value") for d in types[name].shape.dim):
        shape = [int(d.dim_value) for d in types[name].shape.dim]
    else:
        return None
    if node.operator == "Size":
        return {node.output(): np.array(prod(shape), np.int64)}
    start = node.attribute("start", 0)
    end = node.attribute("end", len(shape))
    return {node.output(): np.array(shape[start:end], np.int64)}


def _single_node_model(
    node: OnnxNode,
    names: Sequence[str],
    outputs: Sequence[str],
    constants: Mapping[str, Array],
    opset: int,
) -> ModelProto:
    graph = helper.make_graph(
        [_node_proto(node)],
        "constant",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(constants[name].dtype), constants[name].shape
            )
            for name in dict.fromkeys(names)
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _node_proto(node: OnnxNode) -> NodeProto:
    attributes = {
        key: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for key, value in node.attributes.items()
    }
    return helper.make_node(
        node.operator,
        [name or "" for name in node.inputs],
        [name or "" for name in node.outputs],
        node.name,
        **attributes,  # pyright: ignore[reportArgumentType]
    )
