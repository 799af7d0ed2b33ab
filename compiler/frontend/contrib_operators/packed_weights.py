"""Weights of 2, 4 or 8 bits with a scale for each block, packed as onnxruntime packs them."""

from __future__ import annotations

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.ir import Array
from compiler.operators.registry import CONTRIB_DOMAIN

WIDTHS = (2, 4, 8)


@expansion(
    "MatMulNBits",
    domain=CONTRIB_DOMAIN,
    opset=21,  # from which on DequantizeLinear knows blocks
    description="float32 times constant weights of 2, 4 or 8 bits, with or without zero points, "
    "order of groups and bias; weights stay stored so, unless zero points are real or groups mixed",
    attributes=("K", "N", "accuracy_level", "bits", "block_size", "weight_prepacked"),
)
def expand_matmul(node: Expansion) -> None:
    inner, outputs = node.attribute("K", 0), node.attribute("N", 0)
    bits, block = node.attribute("bits", 4), node.attribute("block_size", 0)
    if bits not in WIDTHS or block < 1 or block * bits % 8 or inner < 1 or outputs < 1:
        raise UnsupportedForm(
            f"its weights have {bits} bits, K {inner}, N {outputs} and block_size {block}",
            "2, 4 or 8 bits, blocks of whole bytes, and positive extents",
        )
    if node.attribute("weight_prepacked", 0):
        raise UnsupportedForm("its weights are packed for another device", "weight_prepacked 0")
    blocks = -(-inner // block)
    packed = node.required_constant(1, "tensor of weights")
    scales = node.required_constant(2, "tensor of scales").astype(np.float32)
    _check_sizes(packed, scales, outputs, blocks, block * bits // 8)
    stored = unpacked(packed.reshape(outputs, -1), bits)[:, : blocks * block]
    zeros = _zero_points(node, outputs, blocks, bits)
    group = _groups(node, inner, block, blocks)
    scales = scales.reshape(outputs, blocks)
    weights = _weights(node, stored[:, :inner], scales, zeros, group, block, bits)
    y = node.required(0, "A")
    if node.has(5):
        product = node.make("MatMul", y, weights)
        node.make("Add", product, node.operand(5), output=node.output())
    else:
        node.make("MatMul", y, weights, output=node.output())


def _check_sizes(packed: Array, scales: Array, outputs: int, blocks: int, size: int) -> None:
    wanted = (outputs * blocks * size, outputs * blocks)
    if packed.dtype != np.uint8:
        raise UnsupportedForm(f"its weights are {packed.dtype.name}", "uint8")
    if (packed.size, scales.size) != wanted:
        raise UnsupportedForm(
            f"it has {packed.size} bytes of weights and {scales.size} scales",
            f"{wanted[0]} bytes and {wanted[1]} scales for its K, N, bits and block_size",
            "export the model again",
        )


def unpacked(data: Array, bits: int) -> Array:
    """Numbers of some bits, from uint8 [rows, bytes] with the lowest bits first, as int64."""
    shifts = np.arange(0, 8, bits)
    parts = data.astype(np.int64)[:, :, None] >> shifts & (1 << bits) - 1
    return parts.reshape(len(data), -1)


def _zero_points(node: Expansion, outputs: int, blocks: int, bits: int) -> Array:
    """[outputs, blocks], integers or not."""
    if not node.has(3):
        return np.full((outputs, blocks), 1 << bits - 1, np.int64)
    data = node.required_constant(3, "tensor of zero points")
    wanted = outputs * (-(-blocks * bits // 8) if data.dtype == np.uint8 else blocks)
    if data.size != wanted:
        raise UnsupportedForm(f"it has {data.size} elements of zero points", f"{wanted}")
    if data.dtype != np.uint8:
        return data.reshape(outputs, blocks).astype(np.float32)
    return unpacked(data.reshape(outputs, -1), bits)[:, :blocks]


def _groups_in_order(inner: int, block: int) -> Array:
    return np.arange(inner) // block


def _groups(node: Expansion, inner: int, block: int, blocks: int) -> Array:
    """The block of each element of a sum."""
    if not node.has(4):
        return _groups_in_order(inner, block)
    group = node.required_constant(4, "order of groups").reshape(-1)[:inner]
    if (
        group.dtype.kind not in "iu"
        or len(group) != inner
        or group.min() < 0
        or group.max() >= blocks
    ):
        raise UnsupportedForm("its g_idx names blocks that there are not", f"0 to {blocks - 1}")
    return group


def _weights(
    node: Expansion,
    stored: Array,
    scales: Array,
    zeros: Array,
    group: Array,
    block: int,
    bits: int,
) -> str:
    """The matrix [K, N]: quantised unless zero points are no integers or blocks are mixed."""
    inner = stored.shape[1]
    if zeros.dtype != np.int64 or not np.array_equal(group, _groups_in_order(inner, block)):
        real = (stored - zeros[:, group]).astype(np.float32) * scales[:, group]
        return node.add_constant("weights", np.ascontiguousarray(real.T, np.float32))
    offset = 1 << bits - 1
    parts = [
        ("stored", (stored - offset).astype(np.int8)),
        ("scale", scales),
        ("zero_point", (zeros - offset).astype(np.int8)),
    ]
    operands = [node.add_constant(role, np.ascontiguousarray(data.T)) for role, data in parts]
    return node.make("DequantizeLinear", *operands, axis=0, block_size=block)
