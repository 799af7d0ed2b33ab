"""Evaluates operations on constants with the twins of their kernels.

The import folds what ONNX itself defines. What is left are operations on dequantised weights and on
constants that lowering made; their twins give what the kernels would, to the last bit.
"""

from __future__ import annotations

from compiler.ir import Graph, Node, Value, present

SMALL = 1024
"""Bytes that a folded constant may always have. Larger ones must not outgrow what they replace:
weights stay in memory for ever, and a broadcast of them need not."""


def run(graph: Graph) -> None:
    """Replaces the results of nodes that read constants only. Interface tensors stay computed."""
    outputs = set(graph.outputs)
    kept: list[Node] = []
    for node in graph.nodes:
        if outputs.isdisjoint(node.outputs) and _is_worthwhile(graph, node):
            _fold(graph, node)
        else:
            kept.append(node)
    graph.nodes = kept


def _is_worthwhile(graph: Graph, node: Node) -> bool:
    operands = [graph.values[name] for name in dict.fromkeys(present(node.inputs))]
    results = [graph.values[name].type for name in node.outputs]
    if node.operation.updates is not None or not all(type_.elements for type_ in results):
        return False
    limit = max(SMALL, sum(value.type.bytes for value in operands))
    constant = all(value.constant is not None for value in operands)
    return constant and sum(type_.bytes for type_ in results) <= limit


def _fold(graph: Graph, node: Node) -> None:
    operands = [None if name is None else graph.values[name].constant for name in node.inputs]
    for name, data in zip(node.outputs, node.operation.evaluate(operands), strict=True):
        old = graph.values[name]
        graph.values[name] = Value(name, old.type, data, old.quantization)
