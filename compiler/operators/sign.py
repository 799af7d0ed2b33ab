"""Neg, Abs and Sign: float32, int32, or a table of an int8 tensor; Not of a bool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.activation import emit_unary
from compiler.operators.elementary import Elementary
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

FUNCTIONS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "Neg": ("negate", np.negative),
    "Abs": ("absolute", np.abs),
    "Sign": ("sign", np.sign),
}
"""Name in the kernel, and the function in NumPy, by ONNX operator."""

KERNELS: dict[tuple[str, DataType], str] = {
    ("negate", DataType.INT32): "tw_negate_s32",
    ("absolute", DataType.INT32): "tw_absolute_s32",
    ("sign", DataType.INT32): "tw_sign_s32",
    ("not", DataType.BOOL): "tw_not_u8",
}


@dataclass(frozen=True)
class IntegerFunction(Operation):
    """A function of every int32, modulo 2^32, or of every bool; named as in `KERNELS`."""

    function: str

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and (self.function, x.data_type) in KERNELS
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        if self.function == "not":
            return (np.asarray(np.logical_not(x)),)
        functions = dict(FUNCTIONS.values())
        with np.errstate(all="ignore"):
            return (np.asarray(functions[self.function](x)),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        function = KERNELS[self.function, outputs[0].data_type]
        return Kernel(function, "tilewright/unary.h", {"elements": outputs[0].elements})

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return self, (0,)


@lowering(*FUNCTIONS, description="int8, float32, int32 and int64")
def lower_sign(node: OnnxNode, context: LoweringContext) -> None:
    name, function = FUNCTIONS[node.operator]
    x = context.required(node, 0)
    if x.type.data_type in (DataType.INT32, DataType.INT64):
        operation = IntegerFunction(name)
        context.emit_plain(node, operation, [context.plain(x)], context.result(node))
    else:
        emit_unary(node, context, Elementary(name), function)


@lowering("Not", description="bool")
def lower_not(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    context.emit_plain(node, IntegerFunction("not"), [context.plain(x)], context.result(node))
