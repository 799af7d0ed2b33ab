"""Removes operations whose result is their operand: slices of everything, sums with zeros."""

from __future__ import annotations

from compiler.ir import Graph, Node
from compiler.operators.binary import Arithmetic
from compiler.operators.broadcast import Broadcast
from compiler.operators.movement import Concatenate, Pad, Slice


def run(graph: Graph) -> None:
    """Readers of such a result read the operand. Interface tensors stay nodes of their own."""
    outputs = set(graph.outputs)
    same: dict[str, str] = {}
    kept: list[Node] = []
    for node in graph.nodes:
        node.inputs = tuple(None if name is None else same.get(name, name) for name in node.inputs)
        operand = _same(graph, node) if node.inputs else None
        if operand is not None and node.outputs[0] not in outputs:
            same[node.outputs[0]] = operand
            del graph.values[node.outputs[0]]
        else:
            kept.append(node)
    graph.nodes = kept


def _same(graph: Graph, node: Node) -> str | None:
    """The operand that output 0 is, for all its values; None if there is none."""
    operation, types = node.operation, graph.input_types(node)
    index = 0
    match operation:
        case Slice():
            same = not any(operation.starts)  # so no step but 1 gives as many elements
        case Pad():
            same = not any((*operation.before, *operation.after))
        case Concatenate():
            same = not any(node.inputs[1:])
        case Broadcast():
            same = True
        case Arithmetic(function="add") if not graph.output_types(node)[0].data_type.is_float:
            # Zeros of float32 have signs, which a sum may lose.
            zeros = [_is_zero(graph, name) for name in node.inputs]
            same, index = any(zeros), 1 if zeros[0] else 0
        case _:
            same = False
    return node.inputs[index] if same and types[index] == graph.output_types(node)[0] else None


def _is_zero(graph: Graph, name: str | None) -> bool:
    constant = None if name is None else graph.values[name].constant
    return constant is not None and not constant.any()
