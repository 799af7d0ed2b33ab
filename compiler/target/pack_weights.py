"""Gives products with constant weights the kernels that take them packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.packed_conv import (
    ConvPackedInt8,
    DepthwiseConvPackedInt8,
    is_better_turned,
)
from compiler.operators.packed_matmul import MatMulPackedInt8
from compiler.operators.window import split_shape
from compiler.target.packed_weights import VALUES, pack_depthwise, pack_products

if TYPE_CHECKING:
    from compiler.ir import Array, Graph, Node, Operation


def run(graph: Graph, cores: int) -> None:
    """Replaces operations where a kernel with packed weights exists; `cores` will share it."""
    for node in graph.nodes:
        found = packed(graph, node, cores)
        if found is None:
            continue
        operation, data = found
        constant = graph.add_constant(f"{node.name}/packed", data)
        node.operation = operation
        node.inputs = (node.inputs[0], constant.name)
    drop_unread_constants(graph)


def packed(graph: Graph, node: Node, cores: int) -> tuple[Operation, Array] | None:
    """The operation with packed weights, and these, if there is one for a node."""
    operation = node.operation
    if not isinstance(operation, (MatMulInt8, ConvInt8)):
        return None
    constants = [graph.values[name].constant if name else None for name in node.inputs[1:]]
    weights, scale, bias = constants
    if weights is None or scale is None or bias is None:
        return None
    if isinstance(operation, MatMulInt8):
        data = pack_products(weights, scale, bias)
        return MatMulPackedInt8(operation, weights.shape[0]), data
    x = graph.input_types(node)[0]
    assert x is not None
    outputs = weights.shape[0]
    if operation.groups == 1:
        data = pack_products(weights, scale, bias)
        if _is_pointwise(operation):
            product = MatMulInt8(
                operation.shift,
                operation.low,
                operation.high,
                operation.wide,
                operation.output_zero_point,
            )
            return MatMulPackedInt8(product, outputs), data
        return ConvPackedInt8(operation, outputs, cores), data
    undilated = operation.window.dilations == (1, 1)
    if not operation.is_depthwise(x) or x.shape[-1] % VALUES or not undilated:
        return None
    turned = is_better_turned(operation.window.output(split_shape(x.shape)[1]))
    taps = weights.swapaxes(1, 2) if turned else weights
    data = pack_depthwise(np.ascontiguousarray(taps), scale, bias)
    return DepthwiseConvPackedInt8(operation, outputs, turned, cores), data


def _is_pointwise(conv: ConvInt8) -> bool:
    """Whether every output pixel is the product of the input's pixel at the same place."""
    window = conv.window
    return (
        window.kernel == (1, 1)
        and window.strides == (1, 1)
        and window.begins == (0, 0)
        and window.ends == (0, 0)
    )


def drop_unread_constants(graph: Graph) -> None:
    """Removes constants that no node reads any more."""
    read = {name for node in graph.nodes for name in node.inputs}
    read |= {*graph.outputs, *(state.output for state in graph.states)}
    for name in [value.name for value in graph.constants()]:
        if name not in read:
            del graph.values[name]
