"""Stores weights with 4 or 2 bits where these hold them, on targets without a cluster.

Such targets are short of memory first: bytes count, whatever the model calls the weights' type.
Depthwise convolutions, which have few weights, keep theirs.
"""

from __future__ import annotations

from compiler.ir import Graph, Node
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.narrow_weights import ConvNarrowInt8, MatMulNarrowInt8, store_rows
from compiler.target.pack_weights import drop_unread_constants
from compiler.target.packed_weights import least_width

LEAST_WEIGHTS = 1024
"""Of a layer for which another kernel is worth its code."""


def run(graph: Graph, least_weights: int = LEAST_WEIGHTS) -> None:
    """Replaces operations; `Node.reason` says how many bits are stored. Idempotent.

    `least_weights`: of a layer whose weights are stored so.
    """
    for node in graph.nodes:
        _store(graph, node, least_weights)
    drop_unread_constants(graph)


def _store(graph: Graph, node: Node, least_weights: int) -> None:
    operation = node.operation
    if not isinstance(operation, (MatMulInt8, ConvInt8)):
        return
    x = graph.input_types(node)[0]
    weights = graph.values[node.inputs[1] or ""].constant
    if x is None or weights is None or weights.size < least_weights:
        return
    if isinstance(operation, ConvInt8) and operation.is_depthwise(x):
        return
    bits = least_width(weights)
    if bits == 8:
        return
    name = graph.add_constant(f"{node.name}/stored", store_rows(weights, bits)).name
    if isinstance(operation, MatMulInt8):
        node.operation = MatMulNarrowInt8(operation, bits)
    else:
        node.operation = ConvNarrowInt8(operation, bits)
    node.inputs = (node.inputs[0], name, *node.inputs[2:])
    node.reason = f"weights are stored with {bits} bits"
