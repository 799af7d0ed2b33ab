"""Add, Sub and Mul with broadcasting; what all functions of two operands share."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import (
    Array,
    Box,
    DataType,
    Kernel,
    Operation,
    ParameterValue,
    Quantization,
    TensorType,
    Tile,
    broadcast_box,
)
from compiler.lowering.operand import Operand, Result
from compiler.numerics.addition import choose_addition, choose_multiplication
from compiler.numerics.floating import clip_float
from compiler.operators.cast import INTEGERS, emit_integers
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK, broadcast_strides, collapse
from compiler.operators.table import Table, build_table

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/binary.h"
SUPPORTED = "broadcasting up to 6 axes; quantised, float32 and integers but uint32 and uint64"


@dataclass(frozen=True)
class Binary(Operation):
    """A function of two operands, broadcast as in NumPy.

    Attributes:
        full: indices of the operands that have the output's shape, and may give it their memory.
    """

    full: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        left, right = inputs
        assert left is not None and right is not None and left.data_type == right.data_type
        shape = np.broadcast_shapes(left.shape, right.shape)
        return (TensorType(left.data_type, tuple(int(extent) for extent in shape)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        left, right = inputs
        assert left is not None and right is not None
        return (np.asarray(self.compute(left, right)),)

    @abc.abstractmethod
    def compute(self, left: Array, right: Array) -> Array:
        """The output for operands that NumPy broadcasts."""

    def call(
        self,
        function: str,
        inputs: Sequence[TensorType | None],
        outputs: Sequence[TensorType],
        parameters: dict[str, ParameterValue],
        header: str = HEADER,
    ) -> Kernel:
        """A call of a kernel that walks two operands."""
        left, right = inputs
        assert left is not None and right is not None
        shape = outputs[0].shape
        operands = [broadcast_strides(operand.shape, shape) for operand in (left, right)]
        extents, (left_strides, right_strides) = collapse(shape, operands)
        walk: dict[str, ParameterValue] = {
            "elements": outputs[0].elements,
            "extents": extents,
            "left_strides": left_strides,
            "right_strides": right_strides,
        }
        return Kernel(function, header, walk | parameters)

    @property
    def in_place(self) -> tuple[int, ...]:
        return self.full

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        (output,) = self.infer(inputs)
        parts = (
            None if type_ is None else broadcast_box(box, output.shape, type_.shape)
            for type_ in inputs
        )
        return Tile(self, tuple(parts), box)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0, 1)


@dataclass(frozen=True)
class AddInt8(Binary):
    """`clip((a * left_scale + b * right_scale + bias) >> shift, low, high)` in int32."""

    left_scale: int
    right_scale: int
    bias: int
    shift: int
    low: int
    high: int

    def compute(self, left: Array, right: Array) -> Array:
        total = left.astype(np.int32) * np.int32(self.left_scale)
        total = total + right.astype(np.int32) * np.int32(self.right_scale) + np.int32(self.bias)
        return np.clip(total >> self.shift, self.low, self.high).astype(np.int8)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters: dict[str, ParameterValue] = {
            "left_scale": self.left_scale,
            "right_scale": self.right_scale,
            "bias": self.bias,
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
        }
        return self.call("tw_add_s8", inputs, outputs, parameters)


@dataclass(frozen=True)
class MultiplyInt8(Binary):
    """`clip(((a - z_a) * (b - z_b) * scale + bias) >> shift, low, high)` in int32."""

    left_zero_point: int
    right_zero_point: int
    scale: int
    bias: int
    shift: int
    low: int
    high: int

    def compute(self, left: Array, right: Array) -> Array:
        product = (left.astype(np.int32) - self.left_zero_point) * (
            right.astype(np.int32) - self.right_zero_point
        )
        total = product * np.int32(self.scale) + np.int32(self.bias)
        return np.clip(total >> self.shift, self.low, self.high).astype(np.int8)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters: dict[str, ParameterValue] = {
            "left_zero_point": self.left_zero_point,
            "right_zero_point": self.right_zero_point,
            "scale": self.scale,
            "bias": self.bias,
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
        }
        return self.call("tw_multiply_s8", inputs, outputs, parameters)


@dataclass(frozen=True)
class Arithmetic(Binary):
    """Addition, subtraction or multiplication of float32 or int32.

    Attributes:
        function: "add", "subtract" or "multiply".
        minimum, maximum: bounds of a float32 result; int32 wraps and has none.
    """

    function: str
    minimum: float = -np.inf
    maximum: float = np.inf

    def compute(self, left: Array, right: Array) -> Array:
        result = FUNCTIONS[self.function](left, right)
        if result.dtype == np.float32:
            return clip_float(result, self.minimum, self.maximum)
        return result

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        if outputs[0].data_type.is_float:
            bounds: dict[str, ParameterValue] = {"minimum": self.minimum, "maximum": self.maximum}
            return self.call(f"tw_{self.function}_f32", inputs, outputs, bounds)
        return self.call(f"tw_{self.function}_s32", inputs, outputs, {})


FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "multiply": lambda left, right: left * right,
}


@lowering("Add", description=SUPPORTED)
def lower_add(node: OnnxNode, context: LoweringContext) -> None:
    _lower_arithmetic(node, context, "add")


@lowering("Sub", description=SUPPORTED)
def lower_subtract(node: OnnxNode, context: LoweringContext) -> None:
    _lower_arithmetic(node, context, "subtract")


@lowering("Mul", description=SUPPORTED)
def lower_multiply(node: OnnxNode, context: LoweringContext) -> None:
    _lower_arithmetic(node, context, "multiply")


def _lower_arithmetic(node: OnnxNode, context: LoweringContext, function: str) -> None:
    left, right = binary_operands(node, context)
    data_type = left.type.data_type
    if data_type not in (DataType.FLOAT32, *INTEGERS):
        raise UnsupportedForm(
            f"its operands are {data_type.value}", "float32 and integers but uint32 and uint64"
        )
    result = context.result(node, fuse_clip=data_type.is_float)
    if data_type in INTEGERS:
        integers = Arithmetic(full_operands(left, right, result), function)
        emit_integers(node, context, integers, (left, right), result)
        return
    if emit_scalar_table(node, context, FUNCTIONS[function], left, right, result):
        return
    if _emit_integer(node, context, function, left, right, result):
        return
    operation = Arithmetic(
        full_operands(left, right, result), function, result.minimum, result.maximum
    )
    context.emit_plain(node, operation, [context.plain(left), context.plain(right)], result)


def emit_scalar_table(
    node: OnnxNode,
    context: LoweringContext,
    compute: Callable[[Array, Array], Array],
    left: Operand,
    right: Operand,
    result: Result,
) -> bool:
    """Emits a table if one operand is a quantised tensor and the other a constant scalar.

    `compute` is the function in float64; returns whether that is the node's form.
    """
    target = result.quantization
    for x, scalar, swapped in ((left, right, False), (right, left, True)):
        fits = scalar.constant is not None and scalar.constant.size == 1 and x.shape == result.shape
        if not fits or x.quantization is None or target is None or not x.is_int8:
            continue
        assert scalar.constant is not None
        value = scalar.constant.astype(np.float64).reshape(())
        unary = partial(compute, value) if swapped else partial(_swapped, compute, value)
        table = np.clip(build_table(unary, x.quantization, target), *result.clip).astype(np.int8)
        inputs = [context.stored(x), context.constant(node, "table", table)]
        context.emit_stored(node, Table(), inputs, result)
        return True
    return False


def _swapped(function: Callable[[Array, Array], Array], right: Array, left: Array) -> Array:
    return function(left, right)


def _emit_integer(
    node: OnnxNode,
    context: LoweringContext,
    function: str,
    left: Operand,
    right: Operand,
    result: Result,
) -> bool:
    a, b, y = left.quantization, right.quantization, result.quantization
    if a is None or b is None or y is None or not (left.is_int8 and right.is_int8):
        return False
    full = full_operands(left, right, result)
    low, high = result.clip
    operation: Operation
    if function == "multiply":
        product = choose_multiplication(a.scale * b.scale / y.scale, y.zero_point)
        if product is None:
            return False
        operation = MultiplyInt8(
            full,
            a.zero_point,
            b.zero_point,
            product.scale,
            product.bias,
            product.shift,
            low,
            high,
        )
    else:
        sign = -1.0 if function == "subtract" else 1.0
        addition = choose_addition(
            a.scale / y.scale,
            sign * b.scale / y.scale,
            (a.zero_point, b.zero_point),
            y.zero_point,
        )
        if addition is None:
            return False
        operation = AddInt8(
            full,
            addition.left_scale,
            addition.right_scale,
            addition.bias,
            addition.shift,
            low,
            high,
        )
    context.emit_stored(node, operation, [context.stored(left), context.stored(right)], result)
    return True


def binary_operands(node: OnnxNode, context: LoweringContext) -> tuple[Operand, Operand]:
    """Both operands of a node, if a kernel can walk them together."""
    left, right = context.required(node, 0), context.required(node, 1)
    require_walk(left, right)
    return left, right


def require_walk(*operands: Operand) -> None:
    """Refuses operands that do not broadcast, or over more axes than a kernel can walk."""
    names = " and ".join(f"{operand.name!r} {list(operand.shape)}" for operand in operands)
    try:
        shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    except ValueError as error:
        raise UnsupportedForm(
            f"{names} do not broadcast", "axes with the same extent, or with extent 1"
        ) from error
    try:
        collapse(shape, [broadcast_strides(operand.shape, shape) for operand in operands])
    except ValueError as error:
        raise UnsupportedForm(
            f"{names} broadcast over {error}", f"broadcasting that leaves up to {RANK} axes"
        ) from error


def full_operands(left: Operand, right: Operand, result: Result) -> tuple[int, ...]:
    """Indices of the operands that have the result's shape (`Binary.full`)."""
    return tuple(index for index, x in enumerate((left, right)) if x.shape == result.shape)


def values_as(
    node: OnnxNode, context: LoweringContext, operands: Sequence[Operand], wanted: Quantization
) -> list[str] | None:
    """The operands as int8 values with the parameters `wanted`, exactly rounded.

    For functions that only choose between operands. None unless some operand is quantised and the
    others are quantised too or constant numbers.
    """
    if not any(operand.is_int8 for operand in operands):
        return None
    values: list[str] = []
    for index, operand in enumerate(operands):
        if operand.constant is not None:
            if np.any(np.isnan(operand.constant)):
                return None
            steps = np.rint(operand.constant.astype(np.float64) / wanted.scale) + wanted.zero_point
            stored = np.clip(steps, -128, 127).astype(np.int8)
            values.append(context.constant(node, f"operand_{index}", stored))
        elif operand.is_int8:
            values.append(context.requantised(operand, wanted))
        else:
            return None
    return values
