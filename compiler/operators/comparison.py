"""Comparisons, and functions of two bools, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, TensorType
from compiler.operators.binary import Binary, binary_operands
from compiler.operators.cast import INTEGERS, converted
from compiler.operators.elementary import Elementary
from compiler.operators.registry import lowering
from compiler.operators.sign import IntegerFunction

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/comparison.h"
FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "less": np.less,
    "less_or_equal": np.less_equal,
    "equal": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
}
SUFFIXES = {DataType.FLOAT32: "f32", DataType.INT32: "s32", DataType.BOOL: "u8"}
NUMBERS = (DataType.FLOAT32, *INTEGERS)
OPERATORS: dict[str, tuple[str, tuple[DataType, ...]]] = {
    "Less": ("less", NUMBERS),
    "LessOrEqual": ("less_or_equal", NUMBERS),
    "Greater": ("less", NUMBERS),
    "GreaterOrEqual": ("less_or_equal", NUMBERS),
    "Equal": ("equal", (*NUMBERS, DataType.BOOL)),
    "And": ("and", (DataType.BOOL,)),
    "Or": ("or", (DataType.BOOL,)),
    "Xor": ("xor", (DataType.BOOL,)),
}
"""Function of an ONNX operator, and the element types of the model that it takes."""


@dataclass(frozen=True)
class Comparison(Binary):
    """Two operands to a bool; `function` is a key of `FUNCTIONS`."""

    function: str

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (output,) = super().infer(inputs)
        return (TensorType(DataType.BOOL, output.shape),)

    def compute(self, left: Array, right: Array) -> Array:
        return FUNCTIONS[self.function](left, right)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        left = inputs[0]
        assert left is not None
        function = f"tw_{self.function}_{SUFFIXES[left.data_type]}"
        return self.call(function, inputs, outputs, {}, HEADER)


def _lower(node: OnnxNode, context: LoweringContext) -> None:
    function, supported = OPERATORS[node.operator]
    left, right = binary_operands(node, context)
    if left.type.data_type not in supported:
        raise UnsupportedForm(
            f"it compares {left.type.data_type.value}",
            ", ".join(data_type.value for data_type in supported),
        )
    if node.operator.startswith("Greater"):
        left, right = right, left
    if left.type.data_type in INTEGERS:
        inputs = [converted(node, context, x, DataType.INT32) for x in (left, right)]
    else:
        inputs = [context.plain(operand) for operand in (left, right)]
    context.emit_plain(node, Comparison((), function), inputs, context.result(node))


@lowering(
    "Less",
    "LessOrEqual",
    "Greater",
    "GreaterOrEqual",
    description="float32 and integers but uint32 and uint64, broadcasting up to 6 axes",
)
def lower_order(node: OnnxNode, context: LoweringContext) -> None:
    _lower(node, context)


@lowering(
    "Equal",
    description="float32, bool and integers but uint32 and uint64, broadcasting up to 6 axes",
)
def lower_equal(node: OnnxNode, context: LoweringContext) -> None:
    _lower(node, context)


@lowering("IsNaN", description="float32")
def lower_is_nan(node: OnnxNode, context: LoweringContext) -> None:
    x = _float(node, context)
    equal = context.emit_value(node, "is_number", Comparison((), "equal"), [x, x])
    context.emit_plain(node, IntegerFunction("not"), [equal], context.result(node))


@lowering("IsInf", description="detect_negative, detect_positive; float32")
def lower_is_inf(node: OnnxNode, context: LoweringContext) -> None:
    x = _float(node, context)
    negative, positive = (
        bool(node.attribute(name, 1)) for name in ("detect_negative", "detect_positive")
    )
    if negative and positive:
        x = context.emit_value(node, "magnitude", Elementary("absolute"), [x])
    # No number is NaN, which stands for finding neither.
    sought = np.inf if positive else -np.inf if negative else np.nan
    infinity = context.constant(node, "infinity", np.array(sought, np.float32))
    context.emit_plain(node, Comparison((), "equal"), [x, infinity], context.result(node))


def _float(node: OnnxNode, context: LoweringContext) -> str:
    x = context.required(node, 0)
    if not x.type.data_type.is_float:
        raise UnsupportedForm(f"its operand {x.name!r} is {x.type.data_type.value}", "float32")
    return context.plain(x)


@lowering("And", "Or", "Xor", description="bool, broadcasting up to 6 axes")
def lower_logic(node: OnnxNode, context: LoweringContext) -> None:
    _lower(node, context)
