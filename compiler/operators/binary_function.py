"""Div, Pow, Min, Max, Mod and PRelu with broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, TensorType
from compiler.lowering.operand import Operand
from compiler.numerics.power import power
from compiler.operators.binary import (
    SUPPORTED,
    Arithmetic,
    Binary,
    binary_operands,
    emit_scalar_table,
    full_operands,
    require_walk,
    values_as,
)
from compiler.operators.cast import INTEGERS, converted, emit_integers, emit_narrowed
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/binary_function.h"
SUFFIXES = {DataType.FLOAT32: "f32", DataType.INT32: "s32", DataType.INT8: "s8"}
QUANTISED = "int8 or uint8 between DequantizeLinear and QuantizeLinear"


def _divisor(right: Array) -> Array:
    """int64, so that -2^31 / -1 is defined; 1 in the place of 0."""
    return np.where(right == 0, 1, right).astype(np.int64)


def _divide(left: Array, right: Array) -> Array:
    if left.dtype == np.float32:
        return np.asarray(left / right)
    dividend, divisor = left.astype(np.int64), _divisor(right)
    quotient = (dividend - np.fmod(dividend, divisor)) // divisor
    return np.where(right == 0, 0, quotient).astype(np.int32)


def _modulo(left: Array, right: Array) -> Array:
    return np.mod(left.astype(np.int64), _divisor(right)).astype(np.int32)


def _remainder(left: Array, right: Array) -> Array:
    if left.dtype == np.float32:
        return np.asarray(np.fmod(left, right))
    return np.fmod(left.astype(np.int64), _divisor(right)).astype(np.int32)


def _power(left: Array, right: Array) -> Array:
    if left.dtype == np.float32:
        return power(left, right)
    base, exponent = np.broadcast_arrays(left, right)
    square, remaining = base.astype(np.uint32), np.maximum(exponent, 0).astype(np.uint32)
    result = np.ones(base.shape, np.uint32)
    for _ in range(31):
        result = np.where(remaining & 1, result * square, result)
        square, remaining = square * square, remaining >> 1
    sign = 1 - 2 * (exponent & 1)
    inverse = np.where(base == 1, 1, np.where(base == -1, sign, 0))
    return np.where(exponent < 0, inverse, result.astype(np.int32)).astype(np.int32)


# NaN passes from either operand, and of equal operands the right one is taken: -0 and +0 are equal.


def _minimum(left: Array, right: Array) -> Array:
    return np.where((left < right) | (left != left), left, right)


def _maximum(left: Array, right: Array) -> Array:
    return np.where((left > right) | (left != left), left, right)


def _parametric_relu(left: Array, right: Array) -> Array:
    return np.where(left < 0, left * right, left)


TWINS: dict[str, Callable[[Array, Array], Array]] = {
    "divide": _divide,
    "power": _power,
    "minimum": _minimum,
    "maximum": _maximum,
    "modulo": _modulo,
    "remainder": _remainder,
    "parametric_relu": _parametric_relu,
}
"""What `tw_<name>_<element type>` computes, by name."""


@dataclass(frozen=True)
class BinaryFunction(Binary):
    """A function of two operands without further parameters, by its name in `TWINS`."""

    function: str

    def compute(self, left: Array, right: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(TWINS[self.function](left, right))

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        function = f"tw_{self.function}_{SUFFIXES[outputs[0].data_type]}"
        return self.call(function, inputs, outputs, {}, HEADER)


def _exact(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """For tables: a result that is not a number becomes the lowest step, as in `Quantize`."""

    def bounded(left: Array, right: Array) -> Array:
        with np.errstate(all="ignore"):
            y = function(left, right)
        return np.where(np.isnan(y), -np.inf, y)

    return bounded


def require(operand: Operand, supported: Sequence[DataType]) -> None:
    """Refuses an operand of another element type."""
    if operand.type.data_type not in supported:
        names = [data_type.value for data_type in supported]
        if DataType.FLOAT32 in supported:
            names.append(QUANTISED)
        raise UnsupportedForm(
            f"its operand {operand.name!r} is {operand.type.data_type.value}", ", ".join(names)
        )


def _emit(
    node: OnnxNode,
    context: LoweringContext,
    function: str,
    operands: tuple[Operand, Operand],
    exact: Callable[[Array, Array], Array] | None,
) -> None:
    """Emits a table of `exact` if one operand is a constant scalar and all is int8, else as is."""
    left, right = operands
    result = context.result(node)
    if exact is not None and emit_scalar_table(node, context, _exact(exact), left, right, result):
        return
    operation = BinaryFunction(full_operands(left, right, result), function)
    if left.type.data_type in INTEGERS:
        emit_integers(node, context, operation, operands, result)
        return
    context.emit_plain(node, operation, [context.plain(left), context.plain(right)], result)


@lowering("Div", description=SUPPORTED)
def lower_divide(node: OnnxNode, context: LoweringContext) -> None:
    operands = binary_operands(node, context)
    require(operands[0], (DataType.FLOAT32, *INTEGERS))
    _emit(node, context, "divide", operands, np.divide)


@lowering(
    "Mod",
    description="broadcasting up to 6 axes; integers but uint32 and uint64, with fmod float32 too",
)
def lower_modulo(node: OnnxNode, context: LoweringContext) -> None:
    operands = binary_operands(node, context)
    remainder = bool(node.attribute("fmod", 0))
    require(operands[0], (DataType.FLOAT32, *INTEGERS) if remainder else INTEGERS)
    _emit(node, context, "remainder" if remainder else "modulo", operands, None)


@lowering("PRelu", description="broadcasting up to 6 axes; int8 or float32")
def lower_parametric_relu(node: OnnxNode, context: LoweringContext) -> None:
    operands = binary_operands(node, context)
    x, slope = operands
    require(x, (DataType.FLOAT32,))
    # A table can only be of the operand that is activated.
    exact = _parametric_relu if slope.constant is not None else None
    _emit(node, context, "parametric_relu", operands, exact)


@lowering(
    "Pow",
    description="broadcasting up to 6 axes; quantised, float32 and integers but uint32 and uint64, "
    "for base and exponent",
)
def lower_power(node: OnnxNode, context: LoweringContext) -> None:
    base, exponent = binary_operands(node, context)
    require(base, (DataType.FLOAT32, *INTEGERS))
    integers = base.type.data_type in INTEGERS
    if integers or exponent.constant is None:
        require(exponent, (DataType.FLOAT32, *INTEGERS))
    result = context.result(node)
    operation = BinaryFunction(full_operands(base, exponent, result), "power")
    if integers and exponent.type.data_type in INTEGERS:
        emit_integers(node, context, operation, (base, exponent), result)
        return
    if emit_scalar_table(node, context, _exact(np.power), base, exponent, result):
        return
    value = exponent.constant
    x = converted(node, context, base, DataType.FLOAT32)
    if value is not None and value.size == 1 and value.item() == 2.0 and base.shape == result.shape:
        emit_narrowed(node, context, Arithmetic((0,), "multiply"), [x, x], result)
        return
    if value is not None and exponent.quantization is None:
        y = context.constant(node, "exponent", value.astype(np.float32))
    else:
        y = converted(node, context, exponent, DataType.FLOAT32)
    emit_narrowed(node, context, operation, [x, y], result)


@lowering("Min", description=SUPPORTED)
def lower_minimum(node: OnnxNode, context: LoweringContext) -> None:
    _lower_extremum(node, context, "minimum")


@lowering("Max", description=SUPPORTED)
def lower_maximum(node: OnnxNode, context: LoweringContext) -> None:
    _lower_extremum(node, context, "maximum")


def _lower_extremum(node: OnnxNode, context: LoweringContext, function: str) -> None:
    operands = [context.required(node, index) for index in range(len(node.inputs))]
    for operand in operands:
        require(operand, (DataType.FLOAT32, *INTEGERS))
    require_walk(*operands)
    if len(operands) == 1:
        context.alias(node, operands[0])
        return
    result = context.result(node)
    if len(operands) == 2 and emit_scalar_table(
        node, context, TWINS[function], operands[0], operands[1], result
    ):
        return
    target = result.quantization
    # Rounding to the result's scale keeps the order, so it may come first.
    stored = None if target is None else values_as(node, context, operands, target)
    integers = operands[0].type.data_type in INTEGERS
    if integers:
        values = [converted(node, context, operand, DataType.INT32) for operand in operands]
    else:
        values = stored or [context.plain(operand) for operand in operands]
    shape, value = operands[0].shape, values[0]
    for index in range(1, len(operands)):
        shapes = (shape, operands[index].shape)
        shape = np.broadcast_shapes(*shapes)
        full = tuple(side for side, extents in enumerate(shapes) if extents == shape)
        operation = BinaryFunction(full, function)
        pair = [value, values[index]]
        if index < len(operands) - 1:
            value = context.emit_value(node, f"of_{index + 1}", operation, pair)
        elif integers:
            emit_narrowed(node, context, operation, pair, result)
        elif stored:
            context.emit_stored(node, operation, pair, result)
        else:
            context.emit_plain(node, operation, pair, result)
