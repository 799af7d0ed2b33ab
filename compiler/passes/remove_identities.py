"""Removes operations whose result is their operand: slices of everything, padding by nothing."""

from __future__ import annotations

from compiler.ir import Graph, Node
from compiler.operators.broadcast import Broadcast
from compiler.operators.movement import Concatenate, Pad, Slice


def run(graph: Graph) -> None:
    """Readers of such a result read the operand. Interface tensors stay nodes of their own."""
    outputs = set(graph.outputs)
    same: dict[str, str] = {}
    kept: list[Node] = []
    for node in graph.nodes:
        node.inputs = tuple(None if name is None else same.get(name, name) for name in node.inputs)
        operand = node.inputs[0] if node.inputs else None
        if operand is not None and node.outputs[0] not in outputs and _is_identity(graph, node):
            same[node.outputs[0]] = operand
            del graph.values[node.outputs[0]]
        else:
            kept.append(node)
    graph.nodes = kept


def _is_identity(graph: Graph, node: Node) -> bool:
    """Whether output 0 is input 0, for all its values."""
    operation = node.operation
    if graph.input_types(node)[0] != graph.output_types(node)[0]:
        return False
    match operation:
        case Slice():
            return not any(operation.starts)  # so no step but 1 gives as many elements
        case Pad():
            return not any((*operation.before, *operation.after))
        case Concatenate():
            return not any(node.inputs[1:])
        case Broadcast():
            return True
        case _:
            return False
