"""Add, Sub, Mul and comparisons with broadcasting."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, ParameterValue, TensorType
from compiler.lowering.operand import Operand, Result
from compiler.numerics.addition import choose_addition, choose_multiplication
from compiler.numerics.floating import clip_float
from compiler.operators.registry import lowering
from compiler.operators.strides import RANK, broadcast_strides, collapse
from compiler.operators.table import Table, build_table

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/binary.h"


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
        return Kernel(function, HEADER, walk | parameters)

    @property
    def in_place(self) -> tuple[int, ...]:
        return self.full

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


@dataclass(frozen=True)
class Comparison(Binary):
    """int32 `a < b` as bool, or `a <= b` if `or_equal`."""

    or_equal: bool

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (output,) = super().infer(inputs)
        return (TensorType(DataType.BOOL, output.shape),)

    def compute(self, left: Array, right: Array) -> Array:
        return left <= right if self.or_equal else left < right

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        function = "tw_less_or_equal_s32" if self.or_equal else "tw_less_s32"
        return self.call(function, inputs, outputs, {})


@lowering("Add", description="broadcasting up to 6 axes; int8, float32, int32 and int64")
def lower_add(node: OnnxNode, context: LoweringContext) -> None:
    _lower_arithmetic(node, context, "add")


@lowering("Sub", description="broadcasting up to 6 axes; int8, float32, int32 and int64")
def lower_subtract(node: OnnxNode, context: LoweringContext) -> None:
    _lower_arithmetic(node, context, "subtract")


@lowering("Mul", description="broadcasting up to 6 axes; int8, float32, int32 and int64")
def lower_multiply(node: OnnxNode, context: LoweringContext) -> None:
    _lower_arithmetic(node, context, "multiply")


@lowering(
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
    description="int32 and int64, broadcasting up to 6 axes",
)
def lower_comparison(node: OnnxNode, context: LoweringContext) -> None:
    left, right = _operands(node, context)
    if left.type.data_type not in (DataType.INT32, DataType.INT64):
        raise UnsupportedForm(f"it compares {left.type.data_type.value}", "int32 and int64")
    if node.operator.startswith("Greater"):
        left, right = right, left
    operation = Comparison((), node.operator.endswith("OrEqual"))
    inputs = [context.plain(left), context.plain(right)]
    context.emit_plain(node, operation, inputs, context.result(node))


def _lower_arithmetic(node: OnnxNode, context: LoweringContext, function: str) -> None:
    left, right = _operands(node, context)
    data_type = left.type.data_type
    if data_type not in (DataType.FLOAT32, DataType.INT32, DataType.INT64):
        raise UnsupportedForm(
            f"its operands are {data_type.value}",
            "float32, int32, int64, and int8 or uint8 between DequantizeLinear and QuantizeLinear",
        )
    result = context.result(node, fuse_clip=data_type.is_float)
    if _emit_table(node, context, function, left, right, result):
        return
    if _emit_integer(node, context, function, left, right, result):
        return
    operation = Arithmetic(_full(left, right, result), function, result.minimum, result.maximum)
    context.emit_plain(node, operation, [context.plain(left), context.plain(right)], result)


def _emit_table(
    node: OnnxNode,
    context: LoweringContext,
    function: str,
    left: Operand,
    right: Operand,
    result: Result,
) -> bool:
    """A quantised tensor and a constant scalar: a function of one operand, exactly rounded."""
    target = result.quantization
    for x, scalar, swapped in ((left, right, False), (right, left, True)):
        fits = scalar.constant is not None and scalar.constant.size == 1 and x.shape == result.shape
        if not fits or x.quantization is None or target is None or not x.is_int8:
            continue
        assert scalar.constant is not None
        value = scalar.constant.astype(np.float64).reshape(())
        compute = FUNCTIONS[function]
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
    full = _full(left, right, result)
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


def _operands(node: OnnxNode, context: LoweringContext) -> tuple[Operand, Operand]:
    left, right = context.required(node, 0), context.required(node, 1)
    shape = np.broadcast_shapes(left.shape, right.shape)
    strides = [broadcast_strides(operand.shape, shape) for operand in (left, right)]
    try:
        collapse(shape, strides)
    except ValueError as error:
        raise UnsupportedForm(
            f"{left.name!r} {list(left.shape)} and {right.name!r} {list(right.shape)} broadcast "
            f"over {error}",
            f"broadcasting that leaves up to {RANK} axes",
        ) from error
    return left, right


def _full(left: Operand, right: Operand, result: Result) -> tuple[int, ...]:
    return tuple(index for index, x in enumerate((left, right)) if x.shape == result.shape)
