"""Types of what operators make that ONNX does not know, by the rules of those who added them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import onnx.shape_inference
from onnx import ModelProto, TypeProto, helper

from compiler.errors import Code, CompileError, Problem, UnsupportedForm
from compiler.frontend.check_sizes import static_shape
from compiler.frontend.model import OnnxNode
from compiler.ir import DataType, TensorType
from compiler.operators import OPERATORS

ElementTypes = Mapping[int, DataType]
"""The types that tensors can have, by ONNX's number."""


def has_added_operators(proto: ModelProto) -> bool:
    """Whether a model has operators whose results have types by a rule that was added."""
    return any(is_added(node.domain, node.op_type) for node in proto.graph.node)


def declare(proto: ModelProto, types: Mapping[str, TensorType], elements: ElementTypes) -> None:
    """Adds types of inner tensors to a model, and the shapes of outputs that have none."""
    numbers = {data_type: number for number, data_type in elements.items()}
    outputs = {value.name: value.type.tensor_type for value in proto.graph.output}
    for name, type_ in types.items():
        number = numbers[type_.data_type]
        value = helper.make_tensor_value_info(name, number, type_.shape)
        if name not in outputs:
            proto.graph.value_info.append(value)
        elif static_shape(outputs[name]) is None:
            outputs[name].shape.CopyFrom(value.type.tensor_type.shape)


def added_result_types(
    proto: ModelProto,
    nodes: Sequence[OnnxNode],
    known: Mapping[str, TensorType],
    elements: ElementTypes,
) -> dict[str, TensorType]:
    """Results of added operators whose types follow from those of a model, and are not `known`.

    Raises:
        CompileError: TW-0202 for each node whose rule refuses its operands, TW-0203 for each rule
            that fails.
    """
    added = [
        node
        for node in nodes
        if is_added(node.domain, node.operator)
        and any(name and name not in known for name in node.outputs)
    ]
    if not added:
        return {}
    types = _types(proto, elements)
    problems: list[Problem] = []
    found: dict[str, TensorType] = {}
    for node in added:
        inputs = [None if name is None else types.get(name) for name in node.inputs]
        if None in [given for given, name in zip(inputs, node.inputs, strict=True) if name]:
            continue
        try:
            found.update(_results(node, inputs))
        except CompileError as error:
            problems += error.problems
    if problems:
        raise CompileError(problems)
    return found


def is_added(domain: str, operator: str) -> bool:
    """Whether an operator is one whose results have types by a rule that was added."""
    support = OPERATORS.get((domain, operator))
    return support is not None and support.result_types is not None


def _types(proto: ModelProto, elements: ElementTypes) -> dict[str, TensorType]:
    """All that is known of a model's tensors."""
    graph = onnx.shape_inference.infer_shapes(proto, strict_mode=False).graph
    types = {
        tensor.name: TensorType(elements[tensor.data_type], tuple(tensor.dims))
        for tensor in graph.initializer
        if tensor.data_type in elements
    }
    for value in (*graph.input, *graph.output, *graph.value_info):
        tensor_type: TypeProto.Tensor = value.type.tensor_type
        shape = static_shape(tensor_type)
        if shape is not None and tensor_type.elem_type in elements:
            types[value.name] = TensorType(elements[tensor_type.elem_type], tuple(shape))
    return types


def _results(
    node: OnnxNode, inputs: Sequence[TensorType | None]
) -> Iterator[tuple[str, TensorType]]:
    support = OPERATORS[node.domain, node.operator]
    assert support.result_types is not None
    where = f"node {node.name!r} ({node.operator})"
    try:
        types = tuple(support.result_types(node, inputs))
    except UnsupportedForm as error:
        supported = error.supported or support.description
        code = error.code or Code.UNSUPPORTED_FORM
        raise CompileError([Problem(code, where, error.found, supported, error.advice)]) from error
    # The rule is a user's: whatever it raises, it is what is wrong.
    except Exception as error:
        message = " ".join(str(error).split())[:400]
        raise _wrong_rule(where, f"raise {type(error).__name__}: {message}") from error
    if len(types) != len(node.outputs) or not all(isinstance(t, TensorType) for t in types):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _wrong_rule(where, f"are {types}, and the node has {len(node.outputs)} outputs")
    for name, type_ in zip(node.outputs, types, strict=True):
        if name is not None:
            yield name, type_


def _wrong_rule(where: str, found: str) -> CompileError:
    return CompileError(
        [
            Problem(
                Code.OPERATOR_MODULE,
                where,
                f"the result_types of its operator {found}",
                "one TensorType for each output of the node",
                "correct the operator module; docs/adding_an_operator.md has a complete one",
            )
        ]
    )
