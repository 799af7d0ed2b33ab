"""ConvInteger and MatMulInteger: exact products of integers with zero points.

What remains has no zero points, and weights of 8 bits: (x - z) * w is x * w - z * sum(w).
"""

from __future__ import annotations

from math import prod
from typing import cast

import numpy as np
from onnx import NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from compiler.errors import Code, UnsupportedForm
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES
from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.products import CONV
from compiler.ir import Array
from compiler.operators.registry import CONTRIB_DOMAIN

BYTES = (TensorProto.INT8, TensorProto.UINT8)


def _has_zero_points(node: Expansion) -> bool:
    return len(node.node.input) > 2


def _has_unsigned_weights(node: Expansion) -> bool:
    return node.has(1) and node.element(node.operand(1)) == TensorProto.UINT8


@expansion(
    "MatMulInteger",
    description="int8 or uint8 operands and zero points, constant or not; any ranks",
    applies=_has_zero_points,
)
def expand_matmul_integer(node: Expansion) -> None:
    integer_matmul(node, node.required(0, "A"), node.required(1, "B"), (2, 3), node.output())


@expansion(
    "MatMulIntegerToFloat",
    domain=CONTRIB_DOMAIN,
    description="int8 or uint8 operands and zero points, constant or not; any scales; with bias",
    attributes=(),
)
def expand_matmul_to_float(node: Expansion) -> None:
    sums = integer_matmul(node, node.required(0, "A"), node.required(1, "B"), (4, 5))
    scales = [node.required(2, "a_scale"), node.required(3, "b_scale")]
    scaled_sums(node, sums, node.make("Mul", *scales), 6)


def scaled_sums(node: Expansion, sums: str, scale: str, bias: int) -> None:
    """The node's result: sums in int32 times a scale, plus operand `bias` if it is there."""
    real = node.make("Cast", sums, to=TensorProto.FLOAT)
    if node.has(bias):
        y = node.make("Mul", real, scale)
        node.make("Add", y, node.operand(bias), output=node.output())
    else:
        node.make("Mul", real, scale, output=node.output())


def integer_matmul(
    node: Expansion,
    left: str,
    right: str,
    zero_points: tuple[int, int],
    output: str = "",
    left_zero_point: str = "",
) -> str:
    """The product in int32 of two matrices less their zero points.

    Args:
        left, right: operands of 8 bits, or made by the rule if `left_zero_point` is given.
        zero_points: indices of those operands that are zero points; absent ones are 0.
        left_zero_point: a scalar tensor of the rule, in place of the first of them.
    """
    _check_bytes(node, [right] if left_zero_point else [left, right])
    rank = len(node.shape(right))
    weights = node.constant_of(right)
    zero = node.constant(zero_points[1]) if node.has(zero_points[1]) else np.zeros((), np.int8)
    if weights is not None and zero is not None:
        # One zero point, or one for each column.
        if zero.size != 1 and zero.shape != weights.shape[-1:]:
            raise UnsupportedForm(
                f"it has zero points {list(zero.shape)} for weights {list(weights.shape)}",
                "one, or one for each column",
                code=Code.UNSUPPORTED_QUANTIZATION,
            )
        centred = weights.astype(np.int64) - zero.astype(np.int64)
        parts = [node.add_constant("weights", part) for part in as_bytes(centred)]
        sums = _added(node, [node.make("MatMulInteger", left, part) for part in parts])
        totals = centred.sum(axis=max(rank - 2, 0), keepdims=rank > 1)
        columns = node.add_constant("column_sums", totals.astype(np.int32))
        rows = ""
    else:
        sums = node.make("MatMulInteger", left, right)
        columns = _sums(node, right, max(rank - 2, 0), keep=rank > 1)
        rows = _row_terms(node, left, right, zero_points[1])
    terms: list[str] = [rows] if rows else []
    z = left_zero_point or _zero_point(node, zero_points[0], len(node.shape(left)), rows=True)
    if z:
        terms.append(node.make("Mul", columns, z))
    if rows and z:
        # What both terms took away.
        inner = node.add_constant(
            "products", np.array(node.shape(right)[max(rank - 2, 0)], np.int32)
        )
        other = _zero_point(node, zero_points[1], rank, rows=False)
        both = node.make("Mul", node.make("Mul", z, other), inner)
        terms.append(node.make("Neg", both))
    for index, term in enumerate(terms):
        last = index == len(terms) - 1
        sums = node.make("Sub", sums, term, output=output if last else "")
    if output and not terms:
        node.make("Identity", sums, output=output)
    return output or sums


def _check_bytes(node: Expansion, operands: list[str]) -> None:
    for name in operands:
        if node.element(name) not in BYTES or not node.shape(name):
            raise UnsupportedForm(
                f"its operand {name!r} is {TensorProto.DataType.Name(node.element(name)).lower()} "
                f"{list(node.shape(name))}",
                "int8 or uint8 with one axis or more",
            )


def _zero_point(node: Expansion, index: int, rank: int, *, rows: bool) -> str:
    """Zero point `index` in int32, as it broadcasts to a product; empty if there is none."""
    if not node.has(index):
        return ""
    data = node.constant(index)
    if data is not None and not data.any():
        return ""
    name = node.operand(index)
    shape = node.shape(name)
    wide = node.make("Cast", name, to=TensorProto.INT32)
    if len(shape) == 1 and shape[0] == 1:
        return node.make("Reshape", wide, node.add_constant("scalar", np.zeros(0, np.int64)))
    if rows and len(shape) == 1 and rank > 1:
        return node.make("Unsqueeze", wide, node.integers("axes", 1))
    return wide


def _row_terms(node: Expansion, left: str, right: str, index: int) -> str:
    """What the right operand's zero point takes away from a product; empty if there is none."""
    zero = _zero_point(node, index, len(node.shape(right)), rows=False)
    if not zero:
        return ""
    rank = len(node.shape(left))
    return node.make("Mul", _sums(node, left, rank - 1, keep=rank > 1), zero)


def _sums(node: Expansion, tensor: str, axis: int, *, keep: bool) -> str:
    """The sums of a tensor's elements along an axis, in int32."""
    wide = node.make("Cast", tensor, to=TensorProto.INT32)
    return node.make("ReduceSum", wide, node.integers("axes", axis), keepdims=int(keep))


def _added(node: Expansion, parts: list[str]) -> str:
    total = parts[0]
    for part in parts[1:]:
        total = node.make("Add", total, part)
    return total


def as_bytes(centred: Array) -> list[Array]:
    """Integers as a sum of tensors of int8."""
    parts: list[Array] = []
    rest = centred
    while not parts or rest.any():
        parts.append(np.clip(rest, -128, 127).astype(np.int8))
        rest = rest - parts[-1]
    return parts


@expansion(
    "ConvInteger",
    description="constant weights of int8 or uint8, and their zero points; that of the input may "
    "be computed",
    applies=lambda node: _has_zero_points(node) or _has_unsigned_weights(node),
)
def expand_conv_integer(node: Expansion) -> None:
    x = node.required(0, "x")
    weights = node.required_constant(1, "tensor of weights")
    if not prod(node.shape(x)) or not weights.size:
        raise UnsupportedForm(
            f"its operands have shapes {list(node.shape(x))} and {list(weights.shape)}",
            "an input and weights that have elements",
        )
    zero = np.zeros((), np.int64)
    if node.has(3):
        zero = node.required_constant(3, "zero point of the weights").astype(np.int64)
    if zero.size > 1:
        zero = zero.reshape(-1, *(1,) * (weights.ndim - 1))
    if zero.size not in (1, len(weights)):
        raise UnsupportedForm(
            f"it has {zero.size} zero points for {len(weights)} outputs", "one, or one per output"
        )
    centred = weights.astype(np.int64) - (zero if zero.ndim else zero.reshape(()))
    attributes = node.copied(*CONV)
    parts = [
        node.make("ConvInteger", x, node.add_constant("weights", part), **attributes)
        for part in as_bytes(centred)
    ]
    z = _zero_point(node, 2, 0, rows=False)
    if not z:
        node.make("Identity", _added(node, parts), output=node.output())
        return
    correction = node.add_constant("window_sums", window_sums(node, node.shape(x), centred))
    node.make("Sub", _added(node, parts), node.make("Mul", correction, z), output=node.output())


def window_sums(node: Expansion, shape: tuple[int, ...], weights: Array) -> Array:
    """What a convolution makes of an image of ones, int32 [1, outputs, ...]: padding is zeros."""
    groups = node.attribute("group", 1)
    padding = node.attribute("pads", list[int]())
    extents = [n + sum(padding[axis :: len(shape) - 2]) for axis, n in enumerate(shape[2:])]
    if groups * prod(extents) * np.dtype(np.float64).itemsize > MAXIMUM_FOLDED_BYTES:
        raise UnsupportedForm(
            f"its input has extents {extents} with padding, in {groups} groups",
            f"at most {MAXIMUM_FOLDED_BYTES:,} bytes in float64",
            code=Code.TENSOR_TOO_LARGE,
        )
    ones = np.ones((1, groups, *shape[2:]))
    sums = weights.sum(axis=1, keepdims=True).astype(np.float64)
    conv: NodeProto = helper.make_node("Conv", ["x", "w"], ["y"], **node.copied(*CONV))
    found = ReferenceEvaluator(conv).run(None, {"x": ones, "w": sums})  # pyright: ignore
    return cast(Array, found[0]).astype(np.int32)  # pyright: ignore
