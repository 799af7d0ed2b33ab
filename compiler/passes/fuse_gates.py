"""Multiplies with what a table gives as it is looked up: SwiGLU's gate becomes one kernel.

What a table gives is int8 either way, so the bits stay.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.ir import Graph, Node
from compiler.operators.binary import MultiplyInt8
from compiler.operators.table import Table
from compiler.operators.table_product import TableProductInt8


def run(graph: Graph) -> None:
    """Tables move into the product of operands of one shape that alone reads their result."""
    producers, readers = graph.producers(), graph.consumers()
    outputs = set(graph.outputs)
    removed: set[int] = set()
    for node in graph.nodes:
        operation = node.operation
        if not isinstance(operation, MultiplyInt8) or len(operation.full) != 2:
            continue
        for index, name in enumerate(node.inputs):
            table = producers.get(name or "")
            if (
                name is not None
                and table is not None
                and isinstance(table.operation, Table)
                and name not in outputs
                and len(readers[name]) == 1
                and node.inputs[0] != node.inputs[1]
            ):
                _fuse(operation, node, table, index)
                del graph.values[name]
                removed.add(id(table))
                break
    graph.nodes = [node for node in graph.nodes if id(node) not in removed]


def _fuse(operation: MultiplyInt8, node: Node, table: Node, index: int) -> None:
    """Makes a product, whose operand `index` is what the table gives, do the table's work."""
    product = operation
    if index == 1:
        product = replace(
            operation,
            left_zero_point=operation.right_zero_point,
            right_zero_point=operation.left_zero_point,
        )
    node.operation = TableProductInt8(product)
    node.inputs = (*table.inputs, node.inputs[1 - index])
    node.origin = tuple(dict.fromkeys((*table.origin, *node.origin)))
