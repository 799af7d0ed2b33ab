"""Rows of a quantised table, as language models have of their vocabulary."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from compiler.errors import UnsupportedForm
from compiler.frontend.contrib_operators.packed_weights import WIDTHS, unpacked
from compiler.frontend.expansion import Expansion, expansion
from compiler.ir import Array
from compiler.operators.registry import CONTRIB_DOMAIN

TYPED = ("int4", "uint4")
"""Types of elements that are not packed by the operator's own rule."""


@expansion(
    "GatherBlockQuantized",
    domain=CONTRIB_DOMAIN,
    description="rows (gather_axis 0) of a constant table of int4, uint4 or packed uint8 with "
    "scales for blocks of its last axis; the table stays in 8 bits; other rows are 0",
    attributes=("bits", "block_size", "gather_axis", "quantize_axis"),
)
def expand_gather(node: Expansion) -> None:
    stored, zeros, scales = _table(node)
    block = min(node.attribute("block_size", 128), stored.shape[-1])
    blocks = scales.shape[-1]
    extent = stored.shape[-1]
    # Whole blocks, so that every scale is for as many elements.
    padding = [(0, 0)] * (stored.ndim - 1) + [(0, blocks * block - extent)]
    shape = (*node.shape(node.required(1, "indices")), *stored.shape[1:-1], blocks)
    indices = _row_numbers(node, len(stored))
    rows = _rows_of(node, "table", np.pad(stored, padding), indices)
    real = _reshape(node, node.make("Cast", rows, to=TensorProto.FLOAT), (*shape, block))
    if zeros.any():
        zero = _rows_of(node, "zero_points", zeros, indices)
        zero = node.make("Cast", zero, to=TensorProto.FLOAT)
        real = node.make("Sub", real, _reshape(node, zero, (*shape, 1)))
    scale = _reshape(node, _rows_of(node, "scales", scales, indices), (*shape, 1))
    real = node.make("Mul", real, scale)
    whole = (*shape[:-1], blocks * block)
    if blocks * block == extent:
        _reshape(node, real, whole, node.output())
        return
    bounds = [node.integers(role, value) for role, value in (("start", 0), ("end", extent))]
    axis = node.integers("axis", len(whole) - 1)
    node.make("Slice", _reshape(node, real, whole), *bounds, axis, output=node.output())


def _row_numbers(node: Expansion, count: int) -> str:
    """The indices, from 0 to `count`: the last one is for those beyond the table."""
    indices = node.required(1, "indices")
    known = node.constant(1)
    element = helper.tensor_dtype_to_np_dtype(node.element(indices))
    if known is not None:
        wrapped = np.where(known < 0, known + count, known)
        inside = (wrapped >= 0) & (wrapped < count)
        return node.add_constant("rows", np.where(inside, wrapped, count).astype(element))
    zero, rows = (node.add_constant("row", np.array(n, element)) for n in (0, count))
    raised = node.make("Add", indices, rows)
    wrapped = node.make("Where", node.make("Less", indices, zero), raised, indices)
    beyond = [node.make("Less", wrapped, zero), node.make("GreaterOrEqual", wrapped, rows)]
    return node.make("Where", node.make("Or", *beyond), rows, wrapped)


def _rows_of(node: Expansion, role: str, data: Array, indices: str) -> str:
    """Rows of a constant, with a row of zeros behind its own."""
    behind = np.zeros((1, *data.shape[1:]), data.dtype)
    return node.make("Gather", node.add_constant(role, np.concatenate([data, behind])), indices)


def _reshape(node: Expansion, x: str, shape: tuple[int, ...], output: str = "") -> str:
    return node.make("Reshape", x, node.integers("shape", *shape), output=output)


def _table(node: Expansion) -> tuple[Array, Array, Array]:
    """Stored elements and zero points (int8), and scales (float32), with rows on axis 0."""
    data = node.required_constant(0, "data")
    scales = node.required_constant(2, "scales").astype(np.float32)
    zeros = node.required_constant(3, "zero_points") if node.has(3) else None
    bits, block = node.attribute("bits", 4), node.attribute("block_size", 128)
    axes = (node.attribute("gather_axis", 0), node.attribute("quantize_axis", 1))
    typed = data.dtype.name in TYPED
    if not (typed or data.dtype == np.uint8) or bits not in WIDTHS or block < 1:
        raise UnsupportedForm(
            f"its table is {data.dtype.name}, with {bits} bits and block_size {block}",
            "int4, uint4, and uint8 with 2, 4 or 8 bits; blocks of at least 1",
        )
    if data.ndim < 2 or axes[0] not in (0, -data.ndim) or axes[1] not in (-1, data.ndim - 1):
        raise UnsupportedForm(
            f"its gather_axis is {axes[0]} and its quantize_axis {axes[1]}, of {data.ndim} axes",
            "gather_axis 0 and the last as quantize_axis",
        )
    offset = 0
    if not typed:
        offset = 1 << bits - 1
        data = unpacked(data.reshape(-1, data.shape[-1]), bits).reshape(*data.shape[:-1], -1)
    wanted = (*data.shape[:-1], -(-data.shape[-1] // block))
    if zeros is not None and not typed:
        zeros = unpacked(zeros.reshape(-1, zeros.shape[-1]), bits).reshape(*zeros.shape[:-1], -1)
        zeros = zeros[..., : wanted[-1]]
    if scales.shape != wanted or (zeros is not None and zeros.shape != wanted):
        shapes = [list(each.shape) for each in (scales, zeros) if each is not None]
        raise UnsupportedForm(
            f"its table has shape {list(data.shape)}, its scales (and zero points) "
            f"{' and '.join(map(str, shapes))}",
            f"{list(wanted)}",
            "export the model again",
        )
    centre = np.zeros(wanted, np.int64) if zeros is None else zeros.astype(np.int64) - offset
    return (data.astype(np.int64) - offset).astype(np.int8), centre.astype(np.int8), scales
