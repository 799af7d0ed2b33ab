"""Dumps of a lowered graph: text to read and compare, ONNX to look at in Netron."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from compiler.ir import Graph, Operation, Value

if TYPE_CHECKING:
    import onnx

DOMAIN = "tilewright"
SHOWN_ELEMENTS = 8
"""Constants up to this size are written out; larger ones only by type and range."""


def text_of(graph: Graph) -> str:
    """One line per interface tensor, constant and node."""
    lines = [f"graph {graph.name!r}"]
    states = {state.input for state in graph.states} | {state.output for state in graph.states}
    for role, names in (("input", graph.inputs), ("output", graph.outputs)):
        lines += [
            f"{'state ' if name in states else ''}{role} {_value(graph.values[name])}"
            for name in names
        ]
    lines += [f"state {state.input} = {state.output}" for state in graph.states]
    lines += [f"constant {_value(value)} {_contents(value)}" for value in graph.constants()]
    for node in graph.nodes:
        outputs = ", ".join(_value(graph.values[name]) for name in node.outputs)
        inputs = ", ".join(name or "-" for name in node.inputs)
        lines.append(f"{outputs} = {_operation(node.operation)}({inputs})")
        lines.append(f"    {node.name} from {', '.join(node.origin) or 'nothing in the model'}")
    return "\n".join(lines) + "\n"


def outline_of(graph: Graph) -> str:
    """One short line per node: result, operation, and the operands that are not constant."""
    lines: list[str] = []
    for node in graph.nodes:
        operands = [n for n in node.inputs if n is not None and graph.values[n].constant is None]
        results = ", ".join(node.outputs)
        lines.append(f"{results} = {type(node.operation).__name__}({', '.join(operands)})")
    return "\n".join(lines)


def onnx_of(graph: Graph) -> bytes:
    """A model with one node per operation, in a domain of its own; large constants as inputs."""
    from onnx import helper

    nodes = [
        helper.make_node(
            type(node.operation).__name__,
            [name or "" for name in node.inputs],
            list(node.outputs),
            name=node.name,
            domain=DOMAIN,
            doc_string=", ".join(node.origin),
            **_attributes(node.operation),
        )
        for node in graph.nodes
    ]
    constants = [value.name for value in graph.constants()]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            graph.name or "network",
            [_value_info(graph.values[name]) for name in [*graph.inputs, *constants]],
            [_value_info(graph.values[name]) for name in graph.outputs],
            value_info=[
                _value_info(value)
                for value in graph.values.values()
                if value.constant is None
                and value.name not in graph.inputs
                and value.name not in graph.outputs
            ],
        ),
        opset_imports=[helper.make_opsetid(DOMAIN, 1)],
        producer_name=DOMAIN,
    )
    return model.SerializeToString(deterministic=True)


def _value(value: Value) -> str:
    quantization = value.quantization
    if quantization is None:
        return f"{value.name}: {value.type}"
    return f"{value.name}: {value.type} * {quantization.scale!r} @ {quantization.zero_point}"


def _contents(value: Value) -> str:
    assert value.constant is not None
    if value.constant.size <= SHOWN_ELEMENTS:
        return str(value.constant.tolist())
    return f"{value.constant.min()} .. {value.constant.max()}"


def _attributes(operation: Operation) -> dict[str, Any]:
    """The operation's fields as ONNX can hold them."""
    if not is_dataclass(operation):
        return {}
    return {field.name: _attribute(getattr(operation, field.name)) for field in fields(operation)}


def _attribute(value: object) -> object:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return value if isinstance(value, str) else repr(value)


def _operation(operation: Operation) -> str:
    attributes = ", ".join(f"{name}={value}" for name, value in _attributes(operation).items())
    return f"{type(operation).__name__}<{attributes}>"


def _value_info(value: Value) -> onnx.ValueInfoProto:
    from onnx import helper

    element = helper.np_dtype_to_tensor_dtype(value.type.data_type.numpy)
    return helper.make_tensor_value_info(value.name, element, value.type.shape)
