"""Gives products with constant weights the kernels that take them packed.

Weights whose values allow it may be stored with 4 or 2 bits, whatever type the model gives them:
fewer bytes to keep and to copy, and instructions to unpack them as they are used. Copies run beside
kernels, so that fewer bits are faster as long as all copies of a graph take longer than all its
kernels, by the models of cycles. They are also chosen where a network does not fit otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    OUTPUTS,
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
    from collections.abc import Sequence

    from compiler.ir import Array, Graph, Node, Operation

PackedProduct = MatMulPackedInt8 | ConvPackedInt8

COPIED_PER_CYCLE = 8
"""Bytes of constants, on the clusters that `cluster_cycles` is about."""

MOST_OF_L2 = 0.75
"""What constants may take of L2, where code, states and other tensors lie too."""

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
        node.operation, data = found
        constant = graph.add_constant(f"{node.name}/packed", data)
        node.inputs = (node.inputs[0], constant.name)
    _balance(graph, cores)
    drop_unread_constants(graph)


def make_fit(graphs: Sequence[Graph], l2_bytes: int) -> None:
    """Stores all weights with as few bits as they need if constants take too much of L2."""
    constants: set[bytes] = set()
    for graph in graphs:
        for node in graph.nodes:
            for position, name in enumerate(node.inputs):
                data = graph.values[name].constant if name is not None else None
                if data is not None and position not in node.operation.weight_memory_inputs:
                    constants.add(data.tobytes())
    if sum(map(len, constants)) <= l2_bytes * MOST_OF_L2:
        return
    for graph in graphs:
        narrow(graph)


def narrow(graph: Graph) -> bool:
    """Stores packed weights with as few bits as they need; whether that changed anything."""
    changed = False
    for node in graph.nodes:
        operation = node.operation
        if not isinstance(operation, PackedProduct):
            continue
        bits = _widths(operation, *_operands(graph, node, operation))[-1]
        if bits != operation.bits:
            _store(graph, node, operation, bits)
            _explain(node, f"with {bits} bits, because constants take too much memory otherwise")
            changed = True
    drop_unread_constants(graph)
    return changed


def _balance(graph: Graph, cores: int) -> None:
    """Stores weights with fewer bits while copies take longer than kernels.

    What saves most cycles of copies for a cycle of unpacking comes first.
    """
    kernels, copies = _totals(graph, cores)
    choices: list[_Choice] = []
    for index, node in enumerate(graph.nodes):
        operation = node.operation
        if not isinstance(operation, PackedProduct):
            continue
        x, weights = _operands(graph, node, operation)
        widths = _widths(operation, x, weights)
        if least_width(weights) < 8 and len(widths) == 1:
            values, needed = operation.values(x), least_width(weights)
            _explain(
                node,
                f"with 8 bits instead of {needed}: {values} values per output are no multiple of "
                f"{stored_values(needed)}",
            )
        whole = _cycles(operation, x, 8, cores)
        for bits in widths[1:]:
            fewer = _cycles(operation, x, bits, cores)
            choices.append(_Choice(index, bits, fewer[0] - whole[0], whole[1] - fewer[1]))
    chosen: dict[int, _Choice] = {}
    for choice in sorted(
        choices, key=lambda choice: (choice.unpacking / max(1, choice.saved), choice)
    ):
        before = chosen.get(choice.node, _Choice(choice.node, 8, 0, 0))
        slower = kernels + choice.unpacking - before.unpacking
        less = copies - choice.saved + before.saved
        if max(slower, less) < max(kernels, copies):
            kernels, copies = slower, less
            chosen[choice.node] = choice
    compared = f"copies of constants take {copies:,} cycles, kernels {kernels:,}"
    for index in dict.fromkeys(choice.node for choice in choices):
        node = graph.nodes[index]
        assert isinstance(node.operation, PackedProduct)
        if index in chosen:
            _store(graph, node, node.operation, chosen[index].bits)
        _explain(node, f"with {node.operation.bits} bits: all {compared}")


@dataclass(frozen=True, order=True)
class _Choice:
    """Stored weights of so many bits for node number `node`: cycles that this costs and saves."""

    node: int
    bits: int
    unpacking: int
    saved: int


def _totals(graph: Graph, cores: int) -> tuple[int, int]:
    """Cycles of all kernels, and of copying all constants that they read in L1."""
    kernels, copied = 0, dict[str, int]()
    for node in graph.nodes:
        types, outputs = graph.input_types(node), graph.output_types(node)
        kernel = node.operation.kernel(types, outputs) if node.operation.view_of is None else None
        if kernel is None:
            continue
        kernels += kernel_cycles(kernel, outputs, cores)
        elsewhere = {*node.operation.weight_memory_inputs, *node.operation.sparsely_read}
        for position, name in enumerate(node.inputs):
            if name is not None and position not in elsewhere:
                value = graph.values[name]
                copied[name] = value.type.bytes if value.constant is not None else 0
    return kernels, sum(copied.values()) // COPIED_PER_CYCLE


def _operands(graph: Graph, node: Node, operation: PackedProduct) -> tuple[TensorType, Array]:
    """The type of a product's input, and its weights int8 [outputs, values]."""
    x = graph.input_types(node)[0]
    data = graph.values[node.inputs[1] or ""].constant
    assert x is not None and data is not None
    return x, unpack_products(data, operation.outputs, operation.values(x), operation.bits)[0]


def _store(graph: Graph, node: Node, operation: PackedProduct, bits: int) -> None:
    """Packs a product's constants again."""
    x = graph.input_types(node)[0]
    data = graph.values[node.inputs[1] or ""].constant
    assert x is not None and data is not None
    unpacked = unpack_products(data, operation.outputs, operation.values(x), operation.bits)
    name = graph.add_constant(f"{node.name}/packed", pack_products(*unpacked, bits)).name
    node.operation = replace(operation, bits=bits)
    node.inputs = (node.inputs[0], name)


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
        return product, pack_products(weights, scale, bias)
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


def _cycles(product: PackedProduct, x: TensorType, bits: int, cores: int) -> tuple[int, int]:
    """Cycles of the kernel with stored weights of so many bits, and of copying these."""
    blocks = -(-product.outputs // OUTPUTS)
    data = TensorType(x.data_type, (blocks, block_bytes(product.values(x), bits)))
    product = replace(product, bits=bits)
    outputs = product.infer([x, data])
    kernel = product.kernel([x, data], outputs)
    assert kernel is not None
    return kernel_cycles(kernel, outputs, cores), data.bytes // COPIED_PER_CYCLE


def _explain(node: Node, stored: str) -> None:
    """Says in a node's reason how its weights are stored, instead of what it said before."""
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
