"""Reads an ONNX file into an `OnnxModel`: checked, pinned to static shapes, constants folded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import onnx.checker
import onnx.inliner
import onnx.shape_inference
from onnx import (
    AttributeProto,
    ModelProto,
    NodeProto,
    TypeProto,
    helper,
    numpy_helper,
)

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.added_result_types import (
    added_result_types,
    declare,
    has_added_operators,
    is_added,
)
from compiler.frontend.attribute_operands import attributes_to_operands
from compiler.frontend.check_attributes import ONNX_DOMAINS, check_attributes
from compiler.frontend.check_convolutions import check_convolutions
from compiler.frontend.check_operators import check_known, check_operators
from compiler.frontend.check_sizes import check_sizes, static_shape
from compiler.frontend.check_structure import check_structure, initializers, tensor_data
from compiler.frontend.check_types import check_types
from compiler.frontend.constant_branches import hidden_branches, show_branches, take_branches
from compiler.frontend.expand_functions import expand_functions
from compiler.frontend.expand_operators import adopt_operators, expand_operators, needed_opset
from compiler.frontend.explicit_defaults import write_out_defaults
from compiler.frontend.fold_constants import fold_constants
from compiler.frontend.half_precision import widen_half_precision
from compiler.frontend.input_type import InputType
from compiler.frontend.model import AttributeValue, OnnxModel, OnnxNode, OnnxTensor
from compiler.frontend.narrow_integers import widened
from compiler.frontend.nearest_form import nearest_opset, nearest_type
from compiler.frontend.node_types import check_inference
from compiler.frontend.pin_dimensions import pin_dimensions, runtime_inputs
from compiler.frontend.pulp_dialect.integers import integer_model
from compiler.frontend.pulp_dialect.prepare import pin_shapes, prepare, refuse_operators
from compiler.frontend.read_model import read_model
from compiler.frontend.stand_ins import add_types
from compiler.frontend.upgrade_opset import OLDEST, opset_of, upgrade_opset
from compiler.ir import Array, DataType, TensorType

SUPPORTED_OPSETS = range(13, 26)
ELEMENT_TYPES: dict[int, DataType] = {
    onnx.TensorProto.BOOL: DataType.BOOL,
    onnx.TensorProto.INT8: DataType.INT8,
    onnx.TensorProto.UINT8: DataType.UINT8,
    onnx.TensorProto.INT16: DataType.INT16,
    onnx.TensorProto.UINT16: DataType.UINT16,
    onnx.TensorProto.INT32: DataType.INT32,
    onnx.TensorProto.UINT32: DataType.UINT32,
    onnx.TensorProto.INT64: DataType.INT64,
    onnx.TensorProto.FLOAT: DataType.FLOAT32,
}


def import_model(
    source: Path | ModelProto,
    dimensions: Mapping[str, int] | None = None,
    inputs: Mapping[str, InputType] | None = None,
) -> OnnxModel:
    """Imports a model, with every symbolic dimension in `dimensions` set to the given extent.

    `inputs`: what inputs hold, where the model does not say it or stores integers as float32.

    Raises:
        CompileError: all problems of the first kind that is met: the file cannot be read, the
            model is invalid, its operator set is not supported, an input's dimension is not
            static, a tensor is too large, operators are not supported, another tensor's shape is
            not static, or a tensor has an unsupported element type.
    """
    if isinstance(source, ModelProto):
        proto = ModelProto()
        proto.CopyFrom(source)
    else:
        proto = read_model(source)
    check_structure(proto)
    refuse_operators(proto)
    check_attributes(proto)
    widen_half_precision(proto)
    types = _input_types(proto, inputs or {})
    holds_integers = prepare(proto, types)
    attributes_to_operands(proto)
    adopt_operators(proto)
    proto = upgrade_opset(proto, needed_opset(proto))
    constants = initializers(proto)
    check_known(proto)
    proto = _check(proto)
    opset = _opset(proto)
    pin_dimensions(proto, dimensions or {})
    _name_nodes(proto)
    write_out_defaults(proto)
    while True:
        proto = _infer(proto, opset)
        nodes, found = list(_nodes(proto, opset)), _types(proto)
        check_sizes(found)
        check_types(nodes, _element_types(found, constants))
        check_inference(proto.graph.node, found, constants, opset)
        check_convolutions(nodes, found, constants)
        remaining = fold_constants(nodes, found, constants, opset)
        if len(remaining) == len(nodes):
            if take_branches(proto, constants):
                constants = _with_branches(proto)
                continue
            expanded = expand_operators(proto, found, constants) or expand_functions(proto)
            if expanded is not None:
                proto = expanded
                continue
            # Before types: what an unknown operator makes has none, and that is not the problem.
            check_operators(nodes)
            model = _assemble(proto, nodes, found, constants)
            return integer_model(model, types) if holds_integers else model
        # Shapes that depend on what was just folded are only known after another inference.
        proto = _without_folded(proto, {node.name for node in remaining}, constants)


def _input_types(proto: ModelProto, inputs: Mapping[str, InputType]) -> dict[str, DataType]:
    """The element types of `inputs`; sets their shapes in the model."""
    known = [value.name for value in runtime_inputs(proto)]
    problems = [
        Problem(
            Code.BAD_OPTION,
            f"--input-type {name}",
            "the model has no input of this name",
            f"its inputs: {', '.join(known)}",
        )
        for name in inputs
        if name not in known
    ]
    if problems:
        raise CompileError(problems)
    pin_shapes(proto, {n: i.shape for n, i in inputs.items() if i.shape is not None})
    return {name: given.data_type for name, given in inputs.items()}


def _check(proto: ModelProto) -> ModelProto:
    """The checked model with its local functions inlined."""
    try:
        onnx.checker.check_model(proto)  # pyright: ignore[reportUnknownMemberType]
        return _inlined(proto) if proto.functions else proto
    except (onnx.checker.ValidationError, ValueError, RuntimeError) as error:
        message = str(error).strip().splitlines()[0] if str(error).strip() else "check failed"
        raise CompileError(
            [Problem(Code.INVALID_MODEL, f"model {proto.graph.name!r}", message)]
        ) from error


def _inlined(proto: ModelProto) -> ModelProto:
    """The model without functions: with their bodies, but where an added operator does the work."""
    added = [(f.domain, f.name) for f in proto.functions if is_added(f.domain, f.name)]
    if not added:
        return onnx.inliner.inline_local_functions(proto)
    inlined = onnx.inliner.inline_selected_functions(proto, added, exclude=True)
    del inlined.functions[:]
    return inlined


def _opset(proto: ModelProto) -> int:
    opset = opset_of(proto)
    if opset not in SUPPORTED_OPSETS:
        nearest = nearest_opset(OLDEST, SUPPORTED_OPSETS[-1], opset)
        raise CompileError(
            [
                Problem(
                    Code.UNSUPPORTED_OPSET,
                    f"model {proto.graph.name!r}",
                    f"it uses operator set {opset}",
                    nearest.supported,
                    nearest.advice,
                )
            ]
        )
    return opset


def _with_branches(proto: ModelProto) -> dict[str, Array]:
    """Does to nodes that come of branches what was done to the others; returns all constants."""
    check_structure(proto)
    adopt_operators(proto)
    check_known(proto)
    _name_nodes(proto)
    write_out_defaults(proto)
    return initializers(proto)


def _infer(proto: ModelProto, opset: int) -> ModelProto:
    with hidden_branches(proto):
        inferred = _inferred(proto, opset)
    show_branches(inferred)
    return inferred


def _inferred(proto: ModelProto, opset: int) -> ModelProto:
    nodes = list(_nodes(proto, opset)) if has_added_operators(proto) else []
    try:
        known: dict[str, TensorType] = {}
        while True:
            del proto.graph.value_info[:]
            declare(proto, known, ELEMENT_TYPES)
            inferred = add_types(proto)
            # What an added operator makes can be the operand of the next one.
            added = added_result_types(proto, nodes, known, ELEMENT_TYPES)
            if not added:
                break
            known.update(added)
        try:
            # Folding does what data propagation would, which allocates whatever a shape asks for.
            return onnx.shape_inference.infer_shapes(proto, strict_mode=True)
        except onnx.shape_inference.InferenceError:
            if inferred or not add_types(proto, always=True):
                raise
            return onnx.shape_inference.infer_shapes(proto, strict_mode=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        message = " ".join(str(error).split())
        raise CompileError(
            [
                Problem(
                    Code.INVALID_MODEL,
                    f"model {proto.graph.name!r}",
                    f"shapes do not fit together: {message}",
                )
            ]
        ) from error


def _name_nodes(proto: ModelProto) -> None:
    """Gives every node a unique name: its own, or one made of its operator and first output."""
    names: set[str] = set()
    for node in proto.graph.node:
        base = node.name or f"{node.op_type}({next(iter(node.output), '')})"
        name, suffix = base, 1
        while name in names:
            suffix += 1
            name = f"{base}#{suffix}"
        names.add(name)
        node.name = name


def _nodes(proto: ModelProto, opset: int) -> Iterator[OnnxNode]:
    for node in proto.graph.node:
        yield OnnxNode(
            node.op_type,
            node.name,
            tuple(tensor or None for tensor in node.input),
            tuple(tensor or None for tensor in node.output),
            _attributes(node),
            opset,
            "" if node.domain in ONNX_DOMAINS else node.domain,
            has_graphs=any(
                a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in node.attribute
            ),
        )


def _without_folded(
    proto: ModelProto, remaining: Collection[str], constants: Mapping[str, Array]
) -> ModelProto:
    """The model without its folded nodes, whose results become initialisers."""
    made = [name for n in proto.graph.node if n.name not in remaining for name in n.output if name]
    kept = [node for node in proto.graph.node if node.name in remaining]
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    proto.graph.initializer.extend(
        numpy_helper.from_array(constants[name], name) for name in made if name in constants
    )
    return proto


def _attributes(node: NodeProto) -> dict[str, AttributeValue]:
    result: dict[str, AttributeValue] = {}
    for attribute in node.attribute:
        if attribute.type == AttributeProto.TENSOR:
            result[attribute.name] = tensor_data(attribute.t)
        elif attribute.type == AttributeProto.STRINGS:
            result[attribute.name] = [text.decode() for text in attribute.strings]
        elif attribute.type in (
            AttributeProto.INT,
            AttributeProto.FLOAT,
            AttributeProto.STRING,
            AttributeProto.INTS,
            AttributeProto.FLOATS,
        ):
            value: Any = helper.get_attribute_value(attribute)
            is_list = attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS)
            result[attribute.name] = list(value) if is_list else value
    return result


def _types(proto: ModelProto) -> dict[str, TypeProto.Tensor]:
    values = [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]
    return {value.name: value.type.tensor_type for value in values}


def _element_types(
    types: Mapping[str, TypeProto.Tensor], constants: Mapping[str, Array]
) -> dict[str, int]:
    """ONNX's number of every tensor's element type."""
    constant = {name: helper.np_dtype_to_tensor_dtype(a.dtype) for name, a in constants.items()}
    return {name: int(proto.elem_type) for name, proto in types.items()} | constant


def _assemble(
    proto: ModelProto,
    nodes: list[OnnxNode],
    types: Mapping[str, TypeProto.Tensor],
    constants: Mapping[str, Array],
) -> OnnxModel:
    inputs = [value.name for value in runtime_inputs(proto)]
    outputs = [value.name for value in proto.graph.output]
    model = OnnxModel(proto.graph.name or "network", nodes, {}, inputs, outputs)
    read = [name for node in nodes for name in node.inputs if name is not None]
    made = [name for node in nodes for name in node.outputs if name is not None]
    problems: list[Problem] = []
    for name in dict.fromkeys([*inputs, *read, *made, *outputs]):
        if name in constants:
            data = widened(constants[name])
            problem = _unsupported_type(name, data.dtype.name)
            if problem is None:
                model.tensors[name] = OnnxTensor(name, TensorType.of(data), data)
        else:
            problem = _add_tensor(model, name, types.get(name))
        if problem is not None:
            problems.append(problem)
    if problems:
        # Shapes first: an unsupported element type elsewhere may be its consequence.
        dynamic = [problem for problem in problems if problem.code is Code.DYNAMIC_SHAPE]
        raise CompileError(dynamic or problems)
    return model


def _add_tensor(model: OnnxModel, name: str, proto: TypeProto.Tensor | None) -> Problem | None:
    if proto is None or not proto.elem_type:
        # Optional outputs and outputs of unsupported operators: the lowering reports the operator.
        model.tensors[name] = OnnxTensor(name, TensorType(DataType.FLOAT32, ()))
        return None
    data_type = ELEMENT_TYPES.get(proto.elem_type)
    if data_type is None:
        return _unsupported_type(name, _spelt(proto.elem_type))
    if static_shape(proto) is None:
        spelt = [
            d.dim_param or "?" if not d.HasField("dim_value") else str(d.dim_value)
            for d in proto.shape.dim
        ]
        shown = f"shape [{', '.join(spelt)}]" if proto.HasField("shape") else "number of axes"
        return Problem(
            Code.DYNAMIC_SHAPE,
            f"tensor {name!r}",
            f"its {shown} depends on run-time values",
            "static shapes",
            "make the shape a constant, or export the model with static shapes",
        )
    shape = tuple(int(dimension.dim_value) for dimension in proto.shape.dim)
    model.tensors[name] = OnnxTensor(name, TensorType(data_type, shape))
    return None


def _spelt(element_type: int) -> str:
    known = element_type in onnx.TensorProto.DataType.values()  # pyright: ignore
    if not known:
        return f"of type {element_type}, which ONNX does not define"
    return onnx.TensorProto.DataType.Name(element_type).lower()  # pyright: ignore


def _unsupported_type(name: str, spelt: str) -> Problem | None:
    if spelt in {data_type.value for data_type in DataType}:
        return None
    nearest = nearest_type(spelt)
    reason = f", and {nearest.reason}" if nearest.reason else ""
    return Problem(
        Code.UNSUPPORTED_DATA_TYPE,
        f"tensor {name!r}",
        f"its elements are {spelt}{reason}",
        nearest.supported,
        nearest.advice,
    )
