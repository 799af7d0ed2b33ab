"""Exact products of integers: Conv, MatMul and Gemm of the PULP tools, alone or requantised.

A RequantShift that follows is done by the kernel that makes the sums, where that is the same to
the bit: if nothing can leave int32, or if the addend is a multiple of the factor, so that it can be
added before the 64-bit product. Otherwise sums are stored as int32 and requantised on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Operation
from compiler.numerics.requantisation import Requantisation, half
from compiler.operators.batched_matmul import (
    MAXIMUM_INNER,
    BatchedMatMulInt8,
    batch_fits,
)
from compiler.operators.binary import Arithmetic
from compiler.operators.conv import ConvInt8, pack
from compiler.operators.integer_operand import (
    Stored,
    broadcasts_to,
    constant_integers,
    int32_value,
    required_bytes,
    result_of,
)
from compiler.operators.integer_sums import BatchedMatMulSums, ConvSums, MatMulSums
from compiler.operators.matmul import MatMulInt8
from compiler.operators.movement import Transpose, channels_first, emit_channels_last
from compiler.operators.registry import PULP_DOMAIN, lowering
from compiler.operators.requantise_shift import (
    Requantised,
    absorbed_requantisation,
    emit_sums,
)
from compiler.operators.strides import RANK
from compiler.operators.view import View
from compiler.operators.window import node_window

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

LIMIT = 2**31


@lowering(
    "ConvInteger",
    description="1-D and 2-D; int8 or uint8 input and constant weights, constant zero point of the "
    "weights; groups, strides, dilations, padding",
)
@lowering(
    "IntegerConv",
    description="1-D and 2-D; int8 or uint8 input, constant weights of int8, constant bias; "
    "groups, strides, dilations, padding",
    domain=PULP_DOMAIN,
)
def lower_integer_conv(node: OnnxNode, context: LoweringContext) -> None:
    x, stored = context.required(node, 0), required_bytes(node, context, 0)
    weights = _weights(node, context)
    spatial = len(x.shape) - 2
    if spatial not in (1, 2):
        raise UnsupportedForm(f"it has {spatial} spatial axes", "1-D and 2-D convolutions")
    if not x.type.elements or not weights.size:
        raise UnsupportedForm(
            f"its input is {x.type}, and its weights have shape {list(weights.shape)}",
            "inputs and weights that have elements",
        )
    shape = context.model.tensors[node.output()].type.shape
    window, _ = node_window(node, weights.shape[2:], x.shape[2:], shape[2:])
    groups = node.attribute("group", 1)
    outputs = len(weights)
    bias = constant_integers(node, context, 2) if node.has_input(2) else np.zeros(outputs, np.int64)
    if bias.shape != (outputs,):
        raise UnsupportedForm(f"its bias has shape {list(bias.shape)}", "one number per output")
    last = emit_channels_last(node, context, stored.name)
    wanted = absorbed_requantisation(node, context)
    then = channels_first(len(x.shape))
    sums = _Sums(weights.reshape(outputs, -1), bias, stored)
    fused = None if wanted is None else sums.fused(wanted, 1)
    if wanted is not None and fused is not None:
        signed, constants = fused
        operation = ConvInt8(
            window,
            groups,
            stored.zero_point,
            constants.shift,
            *wanted.stored_bounds,
            constants.wide,
            constants.output_zero_point,
        )
        inputs = [
            last,
            context.constant(node, "weights", pack(signed.reshape(weights.shape))),
            context.constant(node, "scale", constants.scale),
            context.constant(node, "bias", constants.bias),
        ]
        context.emit_stored(node, operation, inputs, wanted.result, then)
        return
    inputs = [
        last,
        context.constant(node, "weights", pack(weights.astype(np.int8))),
        context.constant(node, "bias", sums.bias().astype(np.int32)),
    ]
    emit_sums(node, context, ConvSums(window, groups, stored.zero_point), inputs, wanted, then)


class _Sums:
    """Sums of products of a stored operand with constant weights [outputs, products], plus bias."""

    def __init__(self, weights: Array, bias: Array, operand: Stored) -> None:
        self.weights = weights
        self._bias = bias - operand.zero_point * weights.sum(axis=1)
        positive, negative = np.maximum(weights, 0).sum(1), np.minimum(weights, 0).sum(1)
        self._most: Array = 127 * positive - 128 * negative
        self._least: Array = -128 * positive + 127 * negative
        largest = np.maximum(self._most, -self._least) + np.abs(self._bias)
        if largest.max(initial=0) >= LIMIT:
            raise UnsupportedForm(
                f"its sums can reach {largest.max()}", "sums of 32 bits", "use smaller weights"
            )

    def bias(self) -> Array:
        """What is added to the products of stored values, int64 [outputs]."""
        return self._bias

    def fused(self, wanted: Requantised, axis: int) -> tuple[Array, Requantisation] | None:
        """(int8 weights, constants) of a kernel that ends in int8; None if none is exact.

        `axis`: of the result, along which outputs lie.
        """
        if wanted.result.quantization is None:
            return None
        channels = wanted.channels(axis, len(self.weights))
        if channels is None:
            return None
        sign: Array = np.where(channels[0] < 0, -1, 1)
        signed = self.weights * sign[:, None]
        if signed.max(initial=0) > 127:
            return None
        least: Array = np.where(sign < 0, -self._most, self._least)
        most: Array = np.where(sign < 0, -self._least, self._most)
        factor = np.abs(channels[0])
        constants = exact_requantisation(
            wanted, factor, channels[1], self._bias * sign, least, most
        )
        return None if constants is None else (signed.astype(np.int8), constants)


def exact_requantisation(
    wanted: Requantised, factor: Array, addend: Array, bias: Array, least: Array, most: Array
) -> Requantisation | None:
    """Constants of `docs/numerics.md` that requantise sums exactly as `wanted` does.

    Args:
        factor, addend: int64 [channels], the factor not negative.
        bias: int64 [channels], added to what a kernel sums up before all else.
        least, most: int64 [channels], bounds of what it sums up.
    """
    if np.any(factor >= LIMIT):
        return None
    if wanted.shift <= 31:
        folded = addend + factor * bias + (wanted.zero_point << wanted.shift)
        ends = [factor * least, factor * most, factor * least + folded, factor * most + folded]
        if all(np.abs(end).max(initial=0) < LIMIT for end in (*ends, folded)):
            return Requantisation(
                factor.astype(np.uint32),
                folded.astype(np.int32),
                wanted.shift,
                False,
                wanted.zero_point,
            )
    rest = addend - half(wanted.shift) if wanted.shift < 32 else addend - (1 << wanted.shift - 1)
    divisor = np.maximum(factor, 1)
    if np.any(rest % divisor) or np.any((factor == 0) & (rest != 0)):
        return None
    before = bias + rest // divisor
    if np.abs(before).max(initial=0) >= LIMIT:
        return None
    return Requantisation(
        factor.astype(np.uint32), before.astype(np.int32), wanted.shift, True, wanted.zero_point
    )


def _weights(node: OnnxNode, context: LoweringContext) -> Array:
    """The constant operand 1, int64 in the range of int8."""
    weights = constant_integers(node, context, 1)
    if weights.size and (weights.min() < -128 or weights.max() > 127):
        raise UnsupportedForm(
            f"its weights reach from {weights.min()} to {weights.max()}", "weights of int8"
        )
    return weights


@lowering(
    "MatMulInteger",
    description="int8 or uint8 operands and zero points, constant or not; batches that broadcast",
)
@lowering(
    "IntegerMatMul",
    description="int8 or uint8 operands, constant or not; batches that broadcast",
    domain=PULP_DOMAIN,
)
def lower_integer_matmul(node: OnnxNode, context: LoweringContext) -> None:
    wanted = absorbed_requantisation(node, context)
    _emit_product(node, context, (False, False), wanted)


@lowering(
    "IntegerGemm",
    description="int8 or uint8 operands, constant or not; transA, transB, integers as alpha and "
    "beta; any addend that broadcasts",
    domain=PULP_DOMAIN,
)
def lower_integer_gemm(node: OnnxNode, context: LoweringContext) -> None:
    transposed = bool(node.attribute("transA", 0)), bool(node.attribute("transB", 0))
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    for name, value in (("alpha", alpha), ("beta", beta)):
        if value != np.rint(value) or abs(value) >= LIMIT:
            raise UnsupportedForm(f"its attribute {name!r} is {value}", "integers of 32 bits")
    addend = context.operand(node, 2) if beta else None
    shape = context.model.tensors[node.output()].type.shape
    constant: Array | None = None
    if addend is not None:
        if not broadcasts_to(addend.shape, shape):
            raise UnsupportedForm(
                f"its addend is {addend.type}, its result has shape {list(shape)}",
                "an addend that broadcasts to the result",
            )
        if addend.constant is not None:
            constant = int(beta) * constant_integers(node, context, 2)
            constant = constant.reshape((1,) * (2 - constant.ndim) + constant.shape)
    if addend is None or constant is not None:
        wanted = absorbed_requantisation(node, context)
        if wanted is not None:
            wanted = wanted.shifted(constant) if constant is not None else wanted
            _emit_product(node, context, transposed, wanted.scaled(int(alpha)))
            return
    if addend is None and alpha == 1.0:
        _emit_product(node, context, transposed, None)
        return
    value = _product_value(node, context, transposed, shape)
    if alpha != 1.0:
        value = _times(node, context, value, int(alpha))
    result = result_of(node, context)
    if addend is None:
        context.bind_plain(node.output(), value)
        return
    if constant is not None:
        other = context.constant(node, "addend", constant.astype(np.int32))
    else:
        other = int32_value(node, context, addend)
        other = other if beta == 1.0 else _times(node, context, other, int(beta))
    full = (0, 1) if addend.shape == shape else (0,)
    context.emit_plain(node, Arithmetic(full, "add"), [value, other], result)


def _times(node: OnnxNode, context: LoweringContext, value: str, factor: int) -> str:
    constant = context.constant(node, "factor", np.array(factor, np.int32))
    return context.emit_value(node, "scaled", Arithmetic((0,), "multiply"), [value, constant])


def _product_value(
    node: OnnxNode,
    context: LoweringContext,
    transposed: tuple[bool, bool],
    shape: tuple[int, ...],
) -> str:
    operation, inputs, then, _ = _sums_of(node, context, transposed)
    value = context.emit_value(node, "sums", operation, inputs)
    return value if then is None else context.emit_value(node, "sums", View(shape), [value])


def _emit_product(
    node: OnnxNode,
    context: LoweringContext,
    transposed: tuple[bool, bool],
    wanted: Requantised | None,
) -> None:
    """Emits the product of operands 0 and 1 as the node's result."""
    operation, inputs, then, sums = _sums_of(node, context, transposed)
    if wanted is not None and wanted.result.quantization is not None:
        fused = _fused(node, context, operation, inputs, sums, wanted)
        if fused is not None:
            context.emit_stored(node, *fused, wanted.result, then)
            return
    emit_sums(node, context, operation, inputs, wanted, then)


def _sums_of(
    node: OnnxNode, context: LoweringContext, transposed: tuple[bool, bool]
) -> tuple[Operation, list[str], View | None, _Sums | None]:
    """(operation with sums in int32, its inputs, what gives the result its shape, weights if the
    right operand is a constant matrix)."""
    left, right = context.required(node, 0), context.required(node, 1)
    result = context.model.tensors[node.output()].type.shape
    a = required_bytes(node, context, 0)
    rows = _matrix(node, context, a.name, left.shape, transposed[0], is_row=True)
    if right.constant is not None and prod(right.shape[:-2]) == 1:
        data = constant_integers(node, context, 1)
        matrix = data.reshape(data.shape[-2:] if data.ndim > 1 else (-1, 1))
        weights = matrix if transposed[1] else matrix.T
        if weights.size == 0 or (weights.min() >= -128 and weights.max() <= 127):
            sums = _Sums(weights, np.zeros(len(weights), np.int64), a)
            inputs = [
                rows,
                context.constant(node, "weights", np.ascontiguousarray(weights, np.int8)),
                context.constant(node, "bias", sums.bias().astype(np.int32)),
            ]
            shape = (*context.graph.values[rows].type.shape[:-1], len(weights))
            return MatMulSums(), inputs, None if shape == result else View(result), sums
    b = required_bytes(node, context, 1)
    columns = _matrix(node, context, b.name, right.shape, not transposed[1], is_row=False)
    types = [context.graph.values[name].type for name in (rows, columns)]
    rank = max(len(type_.shape) for type_ in types)
    values: list[str] = []
    for name, type_ in zip((rows, columns), types, strict=True):
        view = View((1,) * (rank - len(type_.shape)) + type_.shape)
        values.append(
            name if view.shape == type_.shape else context.emit_value(node, "aligned", view, [name])
        )
    types = [context.graph.values[name].type for name in values]
    problem = batch_fits(types[0].shape, types[1].shape)
    inner = types[0].shape[-1]
    if problem is not None or inner > MAXIMUM_INNER:
        raise UnsupportedForm(
            f"its operands are {left.type} and {right.type}",
            f"batches that leave up to {RANK} axes, and sums of up to {MAXIMUM_INNER} products",
        )
    operation = BatchedMatMulSums(a.zero_point, b.zero_point)
    shape = operation.infer(types)[0].shape
    return operation, values, None if shape == result else View(result), None


def _matrix(
    node: OnnxNode,
    context: LoweringContext,
    value: str,
    shape: Sequence[int],
    transpose: bool,
    *,
    is_row: bool,
) -> str:
    """A value as [..., rows or columns, inner]: a vector gets an axis, a matrix is transposed."""
    role = "rows" if is_row else "columns"
    if len(shape) == 1:
        return context.emit_value(node, role, View((1, *shape)), [value])
    if not transpose:
        return value
    rank = len(shape)
    permutation = (*range(rank - 2), rank - 1, rank - 2)
    return context.emit_value(node, role, Transpose(permutation), [value])


def _fused(
    node: OnnxNode,
    context: LoweringContext,
    operation: Operation,
    inputs: list[str],
    sums: _Sums | None,
    wanted: Requantised,
) -> tuple[Operation, list[str]] | None:
    """The product with its requantisation in one operation; None if that is not exact."""
    low, high = wanted.stored_bounds
    if sums is not None:
        fused = sums.fused(wanted, -1)
        if fused is None:
            return None
        weights, constants = fused
        product = MatMulInt8(
            constants.shift, low, high, constants.wide, constants.output_zero_point
        )
        roles = {"weights": weights, "scale": constants.scale, "bias": constants.bias}
        made = [context.constant(node, f"fused_{role}", data) for role, data in roles.items()]
        return product, [inputs[0], *made]
    assert isinstance(operation, BatchedMatMulSums)
    constants_of_all = wanted.per_tensor()
    if constants_of_all is None or constants_of_all[0] < 0:
        return None
    inner = context.graph.values[inputs[0]].type.shape[-1]
    left, right = (
        max(127 - zero_point, zero_point + 128)
        for zero_point in (operation.left_zero_point, operation.right_zero_point)
    )
    most = np.array([inner * left * right])
    factor, addend = (np.array([value], np.int64) for value in constants_of_all)
    found = exact_requantisation(wanted, factor, addend, np.zeros(1, np.int64), -most, most)
    if found is None:
        return None
    product = BatchedMatMulInt8(
        operation.left_zero_point,
        operation.right_zero_point,
        int(found.scale[0]),
        int(found.bias[0]),
        found.shift,
        low,
        high,
        found.wide,
        found.output_zero_point,
    )
    return product, inputs
