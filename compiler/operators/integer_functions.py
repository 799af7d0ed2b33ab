"""Functions of one integer: iGELU, iHardswish, TrueIntegerDiv, iNoNorm and IntegerMean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, TensorType, Tile
from compiler.operators.cast import Cast
from compiler.operators.integer_division import RoundedDivide
from compiler.operators.integer_operand import (
    STORED,
    broadcasts_to,
    constant_integers,
    int32_value,
    power_of_two,
    required_attribute,
    required_bytes,
    result_of,
    stored_value,
)
from compiler.operators.reduction import Reduce, neighbouring, reduced_axes
from compiler.operators.registry import PULP_DOMAIN, lowering
from compiler.operators.requantise_shift import Requantised, emit_requantisation
from compiler.operators.view import View

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class WideTable(Operation):
    """`y = table[x + 128]`: inputs int8 x of any shape and an int32 table [256]; output int32."""

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, table = inputs
        assert x is not None and table == TensorType(DataType.INT32, (256,))
        return (TensorType(DataType.INT32, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, table = inputs
        assert x is not None and table is not None
        return (table[x.astype(np.int32) + 128],)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {"elements": outputs[0].elements}
        return Kernel("tw_wide_table", "tilewright/wide_table.h", parameters)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x = inputs[0]
        assert x is not None
        return tuple(range(len(x.shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        return Tile(self, (box, Box((0,), (256,))), box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


def _emit_table(
    node: OnnxNode, context: LoweringContext, function: Callable[[Array], Array]
) -> None:
    """Emits a function of integers, int64 to int64, as a table of all values of operand 0."""
    x = required_bytes(node, context, 0)
    results = function(np.arange(-128, 128, dtype=np.int64) - x.zero_point)
    if results.min() < INT32.min or results.max() > INT32.max:
        raise UnsupportedForm(
            f"its results reach from {results.min()} to {results.max()}", "results of 32 bits"
        )
    table = context.constant(node, "table", results.astype(np.int32))
    context.emit_plain(node, WideTable(), [x.name, table], result_of(node, context))


@lowering("iGELU", description="of int8 or uint8, to int32", domain=PULP_DOMAIN)
def lower_integer_gelu(node: OnnxNode, context: LoweringContext) -> None:
    b, one = required_attribute(node, "b"), required_attribute(node, "one")

    def gelu(x: Array) -> Array:
        magnitude = np.minimum(np.abs(x), -b)
        error = np.sign(x) * (one - (magnitude + b) ** 2)
        return x * ((one + error) >> 1)

    _emit_table(node, context, gelu)


@lowering("iHardswish", description="of int8 or uint8, to int32", domain=PULP_DOMAIN)
def lower_integer_hard_swish(node: OnnxNode, context: LoweringContext) -> None:
    factor, three, six = (
        required_attribute(node, name) for name in ("one_over_six", "three", "six")
    )
    if six < 0:
        raise UnsupportedForm(f"it clips to a range from 0 to {six}", "six of at least 0")
    _emit_table(node, context, lambda x: x * (np.clip(x + three, 0, six) * factor))


@lowering(
    "TrueIntegerDiv",
    description="by a constant, as a product with floor(Delta * eta / (y * eta + eps))",
    domain=PULP_DOMAIN,
)
def lower_true_integer_division(node: OnnxNode, context: LoweringContext) -> None:
    delta, eta, eps, y = (required_attribute(node, name) for name in ("Delta", "eta", "eps", "y"))
    if y * eta + eps == 0:
        raise UnsupportedForm("it divides by y * eta + eps = 0", "divisors that are not zero")
    factor = delta * eta // (y * eta + eps)
    x = context.required(node, 0)
    if stored_value(node, context, x) is not None:
        _emit_table(node, context, lambda x: x * factor)
        return
    result = result_of(node, context)
    wanted = Requantised(
        node,
        np.full((1,) * len(x.shape), factor, np.int64),
        np.zeros((1,) * len(x.shape), np.int64),
        0,
        INT32.min,
        INT32.max,
        result,
    )
    emit_requantisation(node, context, wanted, int32_value(node, context, x))


def _without_leading_ones(data: Array, rank: int) -> Array:
    """Constants without axes of extent 1 in front that the operand of a rank does not have."""
    while data.ndim > rank and data.shape[0] == 1:
        data = data[0]
    return data


@lowering(
    "iNoNorm",
    description="constant weights and bias that broadcast; low 8 bits of the result",
    domain=PULP_DOMAIN,
)
def lower_integer_no_norm(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    shift, factor = power_of_two(node, "D"), required_attribute(node, "mul")
    weights = constant_integers(node, context, 1) * factor
    bias = constant_integers(node, context, 2) * factor
    rank = len(x.shape)
    weights, bias = (_without_leading_ones(data, rank) for data in (weights, bias))
    for data in (weights, bias):
        if data.ndim > rank or not broadcasts_to(data.shape, x.shape):
            raise UnsupportedForm(
                f"its operands have shapes {list(data.shape)} and {list(x.shape)}",
                "weights and bias that broadcast to the input",
            )
    weights, bias = (d.reshape((1,) * (rank - d.ndim) + d.shape) for d in (weights, bias))
    largest = 255 * np.abs(weights).max(initial=0) + np.abs(bias).max(initial=0)
    if largest >> shift > INT32.max:
        raise UnsupportedForm(f"its results reach {largest >> shift}", "results of 32 bits")
    result = result_of(node, context)
    wanted = Requantised(node, weights, bias, shift, INT32.min, INT32.max, result)
    emit_requantisation(node, context, wanted, int32_value(node, context, x))


@lowering(
    "IntegerMean",
    description="constant axes; rounded to nearest; integers of up to 32 bits",
    domain=PULP_DOMAIN,
)
def lower_integer_mean(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    axes = reduced_axes(node, context, x)
    result = result_of(node, context)
    count = prod(x.shape[axis] for axis in axes)
    if not x.type.elements or prod(result.shape) * count != x.type.elements:
        raise UnsupportedForm(
            f"its operand is {x.type}, and its result has shape {list(result.shape)}",
            "operands with elements, and the shape that the axes leave",
        )
    if not axes or count == 1:
        context.emit_moved(node, View(result.shape), [x])
        return
    value, extents = neighbouring(node, context, int32_value(node, context, x), axes)
    sums = context.emit_value(node, "sums", Reduce("sum", *extents, result.shape), [value])
    ones = (1,) * len(result.shape)
    if count & (count - 1) == 0:
        limits = np.iinfo(result.type.data_type.numpy)
        wanted = Requantised(
            node,
            np.ones(ones, np.int64),
            np.full(ones, count // 2, np.int64),
            count.bit_length() - 1,
            int(limits.min),
            int(limits.max),
            result,
        )
        emit_requantisation(node, context, wanted, sums)
        return
    divisor = context.constant(node, "count", np.array(count, np.int32))
    division = RoundedDivide((0,), 1, 1, 0)
    if result.type.data_type is DataType.INT32:
        context.emit_plain(node, division, [sums, divisor], result)
        return
    mean = context.emit_value(node, "mean", division, [sums, divisor])
    if result.type.data_type in STORED:
        shifted = Requantised(
            node, np.ones(ones, np.int64), np.zeros(ones, np.int64), 0, -128, 255, result
        )
        emit_requantisation(node, context, shifted, mean)
        return
    context.emit_plain(node, Cast(result.type.data_type), [mean], result)
