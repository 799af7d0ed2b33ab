"""Permutes the weights of a MatMul instead of the activation that is flattened before it.

A convolution's output reaches a fully connected layer as transpose to the model's layout, Flatten,
MatMul. The order of the inner axis is free as long as the weights have the same one. A float32 sum
then runs in the order of the kernels' layout.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from compiler.ir import Array, Graph, Node, Value
from compiler.operators.matmul import MatMulFloat, MatMulInt8
from compiler.operators.movement import Transpose, inverse
from compiler.operators.narrow_weights import store_rows, widen_rows
from compiler.operators.view import View
from compiler.operators.weight_only_matmul import MatMulWeightOnly
from compiler.passes import remove_dead_nodes


def run(graph: Graph) -> None:
    """Rewrites every MatMul with constant weights whose rows are flattened transposed images."""
    producers = graph.producers()
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _absorb(graph, producers, node) or [node]
    graph.nodes = nodes
    remove_dead_nodes.run(graph)


def _absorb(graph: Graph, producers: dict[str, Node], node: Node) -> list[Node] | None:
    """The view and the MatMul that stand for `node`, or None if it is not such a MatMul."""
    operation = node.operation
    if not isinstance(operation, MatMulInt8 | MatMulFloat | MatMulWeightOnly):
        return None
    rows, weights = node.inputs[:2]
    flatten = producers.get(rows or "")
    image = None if flatten is None else flatten.inputs[0]
    transpose = producers.get(image or "")
    if rows is None or weights is None or flatten is None or transpose is None or image is None:
        return None
    if not isinstance(flatten.operation, View) or not isinstance(transpose.operation, Transpose):
        return None
    permutation = transpose.operation.permutation
    shape, flat = graph.values[image].type.shape, graph.values[rows].type
    data = graph.values[weights].constant
    if data is None or permutation[0] != 0 or flat.shape != (shape[0], prod(shape[1:])):
        return None
    order = inverse(permutation)
    if isinstance(operation, MatMulWeightOnly):
        count = flat.shape[1]
        if operation.block < count:
            return None  # blocks would be torn apart
        wide = _permute(widen_rows(data, operation.bits, count), 1, shape[1:], order)
        data = store_rows(wide, operation.bits)
    else:
        inner = 1 if isinstance(operation, MatMulInt8) else 0
        data = _permute(data, inner, shape[1:], order)
    permuted = graph.add_constant(f"{node.name}/permuted_weights", data)
    name = graph.unique_name(f"{rows}/kernel_layout")
    graph.add_value(Value(name, flat, quantization=graph.values[rows].quantization))
    return [
        replace(flatten, inputs=transpose.inputs, outputs=(name,)),
        replace(node, inputs=(name, permuted.name, *node.inputs[2:])),
    ]


def _permute(
    weights: Array, inner: int, shape: tuple[int, ...], permutation: tuple[int, ...]
) -> Array:
    """The weights with their inner axis, which runs over `shape`, in another order.

    `permutation` includes the batch axis, which is the first and stays.
    """
    axes = [axis - 1 + inner for axis in permutation[1:]]
    if inner == 1:
        image = weights.reshape(weights.shape[0], *shape).transpose(0, *axes)
    else:
        image = weights.reshape(*shape, weights.shape[1]).transpose(*axes, len(shape))
    return np.ascontiguousarray(image.reshape(weights.shape))
