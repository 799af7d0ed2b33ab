"""Checks the element types of operands, which ONNX's shape inference takes for right."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence

import onnx.defs
from onnx import TensorProto

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.model import OnnxNode

Parameter = onnx.defs.OpSchema.FormalParameter


def check_types(nodes: Sequence[OnnxNode], types: Mapping[str, int]) -> None:
    """Raises CompileError (TW-0101) with every operand of a type that its operator does not take.

    `types`: ONNX's number of the element type by tensor; a tensor without an entry is not checked.
    """
    problems = [problem for node in nodes for problem in _problems(node, types)]
    if problems:
        raise CompileError(problems)


def _problems(node: OnnxNode, types: Mapping[str, int]) -> Iterator[Problem]:
    schema = _schema(node.operator, node.opset, node.domain)
    if schema is None:
        return
    constraints = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    bound: dict[str, tuple[str, str]] = {}
    for name, parameter in _operands(node, schema.inputs):
        spelt = _spelt(types.get(name, 0))
        if spelt is None:
            continue
        allowed = constraints.get(parameter.type_str, {parameter.type_str})
        other, before = bound.setdefault(parameter.type_str, (name, spelt))
        if spelt not in allowed:
            supported = ", ".join(sorted({_shown(entry) for entry in allowed}))
        elif before != spelt and parameter.is_homogeneous:
            supported = f"{_shown(before)}, the type of {other!r}"
        else:
            continue
        yield Problem(
            Code.INVALID_MODEL,
            f"node {node.name!r} ({node.operator})",
            f"its operand {name!r} is {_shown(spelt)}",
            supported,
            "insert a Cast, or export the model again",
        )


@functools.cache
def _schema(operator: str, opset: int, domain: str) -> onnx.defs.OpSchema | None:
    if domain or not onnx.defs.has(operator):
        return None
    try:
        return onnx.defs.get_schema(operator, opset)
    except onnx.defs.SchemaError:
        return None  # added by a later operator set; the lowering says so


def _operands(node: OnnxNode, parameters: Sequence[Parameter]) -> Iterator[tuple[str, Parameter]]:
    for index, name in enumerate(node.inputs):
        # A variadic parameter is the last one, and stands for all further operands.
        if name is not None and parameters:
            yield name, parameters[min(index, len(parameters) - 1)]


def _spelt(element_type: int) -> str | None:
    """As in operators' definitions, such as tensor(float); None for the undefined type."""
    if element_type not in TensorProto.DataType.values() or not element_type:
        return None
    return f"tensor({TensorProto.DataType.Name(element_type).lower()})"


def _shown(spelt: str) -> str:
    """As the compiler's other messages spell it: float32, not tensor(float)."""
    inner = spelt.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64"}.get(inner, inner)
