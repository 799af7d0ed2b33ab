"""Gives products with constant weights the kernels that take them packed.

Weights whose values allow it may be stored with 4 or 2 bits, whatever type the model gives them:
fewer bytes to keep and to copy, and instructions to unpack them as they are used. What takes fewer
cycles is chosen; `narrow` chooses what takes fewer bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import TensorType
from compiler.operators.accelerated_conv import AcceleratedConvInt8
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.packed_conv import (
    ConvPackedInt8,
    DepthwiseConvPackedInt8,
    is_better_turned,
)
from compiler.operators.packed_matmul import MatMulPackedInt8
from compiler.operators.window import split_shape
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.packed_weights import (
    VALUES,
    WIDTHS,
    block_bytes,
    least_width,
    pack_depthwise,
    pack_products,
    stored_values,
    unpack_products,
)

if TYPE_CHECKING:
    from compiler.ir import Array, Graph, Node, Operation

PackedProduct = MatMulPackedInt8 | ConvPackedInt8

COPIED_PER_CYCLE = 8
"""Bytes of constants, on the clusters that `cluster_cycles` is about."""

MOST_VALUES = 1 << 16
"""Of a sum of products with weights of 4 bits, which is 16 times as large before it is scaled."""


def run(graph: Graph, cores: int) -> None:
    """Replaces operations where a kernel with packed weights exists; `cores` will share it.

    `Node.reason` of nodes whose weights need fewer than 8 bits says with how many they are stored.
    """
    for node in graph.nodes:
        if isinstance(node.operation, AcceleratedConvInt8) and node.operation.weight_bits < 8:
            _explain(node, f"with {node.operation.weight_bits} bits")
        found = packed(graph, node, cores)
        if found is None:
            continue
        operation, data = found
        if isinstance(operation, PackedProduct):
            x = graph.input_types(node)[0]
            assert x is not None
            weights = graph.values[node.inputs[1] or ""].constant
            assert weights is not None
            _explain(node, _reason(operation, x, weights, cores))
        constant = graph.add_constant(f"{node.name}/packed", data)
        node.operation = operation
        node.inputs = (node.inputs[0], constant.name)
    drop_unread_constants(graph)


def narrow(graph: Graph) -> bool:
    """Stores packed weights with as few bits as they need; whether that changed anything."""
    changed = False
    for node in graph.nodes:
        operation = node.operation
        if not isinstance(operation, PackedProduct):
            continue
        x = graph.input_types(node)[0]
        data = graph.values[node.inputs[1] or ""].constant
        assert x is not None and data is not None
        outputs, values = operation.outputs, operation.values(x)
        weights, scale, bias = unpack_products(data, outputs, values, operation.bits)
        bits = _widths(operation, x, weights)[-1]
        if bits == operation.bits:
            continue
        name = graph.add_constant(
            f"{node.name}/packed", pack_products(weights, scale, bias, bits)
        ).name
        node.operation = replace(operation, bits=bits)
        node.inputs = (node.inputs[0], name)
        _explain(node, f"with {bits} bits, because the network does not fit otherwise")
        changed = True
    drop_unread_constants(graph)
    return changed


def packed(graph: Graph, node: Node, cores: int) -> tuple[Operation, Array] | None:
    """The operation with packed weights, and these, if there is one for a node."""
    operation = node.operation
    if not isinstance(operation, (MatMulInt8, ConvInt8)):
        return None
    constants = [graph.values[name].constant if name else None for name in node.inputs[1:]]
    weights, scale, bias = constants
    x = graph.input_types(node)[0]
    if weights is None or scale is None or bias is None or x is None:
        return None
    product = _product(operation, weights.shape[0], cores)
    if product is not None:
        product = replace(product, bits=_fastest(product, x, weights, cores))
        return product, pack_products(weights, scale, bias, product.bits)
    assert isinstance(operation, ConvInt8)
    undilated = operation.window.dilations == (1, 1)
    if not operation.is_depthwise(x) or x.shape[-1] % VALUES or not undilated:
        return None
    turned = is_better_turned(operation.window.output(split_shape(x.shape)[1]))
    taps = weights.swapaxes(1, 2) if turned else weights
    data = pack_depthwise(np.ascontiguousarray(taps), scale, bias)
    return DepthwiseConvPackedInt8(operation, weights.shape[0], turned, cores), data


def _product(operation: MatMulInt8 | ConvInt8, outputs: int, cores: int) -> PackedProduct | None:
    """An operation of one group, with packed weights of 8 bits."""
    if isinstance(operation, MatMulInt8):
        return MatMulPackedInt8(operation, outputs)
    if operation.groups > 1:
        return None
    if not _is_pointwise(operation):
        return ConvPackedInt8(operation, outputs, cores)
    product = MatMulInt8(
        operation.shift,
        operation.low,
        operation.high,
        operation.wide,
        operation.output_zero_point,
    )
    return MatMulPackedInt8(product, outputs)


def _widths(product: PackedProduct, x: TensorType, weights: Array) -> list[int]:
    """Bits that stored weights can have, 8 first."""
    values = product.values(x)
    result: list[int] = []
    for bits in WIDTHS:
        # Rows of a matrix are read in place, and have to end with a stored word.
        fits = isinstance(product, ConvPackedInt8) or values % stored_values(bits) == 0
        if bits == 8 or (bits >= least_width(weights) and fits and values <= MOST_VALUES):
            result.append(bits)
    return result


def _fastest(product: PackedProduct, x: TensorType, weights: Array, cores: int) -> int:
    """The bits of stored weights with which a product takes the fewest cycles."""
    widths = reversed(_widths(product, x, weights))
    return min(widths, key=lambda bits: _cycles(product, x, bits, cores))


def _cycles(product: PackedProduct, x: TensorType, bits: int, cores: int) -> int:
    """Cycles with stored weights of so many bits; half of those for copies are taken not to be
    hidden."""
    blocks = -(-product.outputs // 4)
    data = TensorType(x.data_type, (blocks, block_bytes(product.values(x), bits)))
    product = replace(product, bits=bits)
    outputs = product.infer([x, data])
    kernel = product.kernel([x, data], outputs)
    assert kernel is not None
    copies = data.bytes // COPIED_PER_CYCLE
    return max(kernel_cycles(kernel, outputs, cores), copies) + copies // 2


def _reason(product: PackedProduct, x: TensorType, weights: Array, cores: int) -> str | None:
    """Why weights that need fewer than 8 bits are stored with how many; None for others."""
    needed = least_width(weights)
    if needed == 8:
        return None
    widths = _widths(product, x, weights)
    if len(widths) == 1:
        return (
            f"with 8 bits instead of {needed}: {product.values(x)} values per output are no "
            f"multiple of {stored_values(needed)}"
        )
    cycles = {bits: _cycles(product, x, bits, cores) for bits in widths}
    others = ", ".join(
        f"{count:,} with {bits}" for bits, count in cycles.items() if bits != product.bits
    )
    return f"with {product.bits} bits: {cycles[product.bits]:,} cycles, {others}"


def _explain(node: Node, stored: str | None) -> None:
    """Says in a node's reason how its weights are stored, instead of what it said before."""
    if stored is None:
        return
    others = [part for part in node.reason.split("; ") if part and not part.startswith(_STORED)]
    node.reason = "; ".join([*others, f"{_STORED} {stored}"])


_STORED = "weights are stored"


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
