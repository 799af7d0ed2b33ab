"""Operators that give the same bytes another shape, or nothing new at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, Operation, TensorType
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext


@dataclass(frozen=True)
class View(Operation):
    """The input's elements, in order, in another shape; no kernel runs."""

    shape: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        output = TensorType(x.data_type, self.shape)
        assert output.elements == x.elements, f"view of {x} as {output}"
        return (output,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (x.reshape(self.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return None

    @property
    def view_of(self) -> int | None:
        return 0


@lowering(
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    description="static shapes; the same bytes in another shape",
)
def lower_view(node: OnnxNode, context: LoweringContext) -> None:
    shape = context.model.tensors[node.output()].type.shape
    x = context.required(node, 0)
    if prod(x.shape) != prod(shape):
        raise UnsupportedForm(
            f"it makes shape {list(shape)} of {x.type}", "as many elements after it as before"
        )
    context.emit_moved(node, View(shape), [x])


@lowering("Identity", description="any tensor")
def lower_identity(node: OnnxNode, context: LoweringContext) -> None:
    context.alias(node, context.required(node, 0))


@lowering("Dropout", description="inference mode, where it changes nothing")
def lower_dropout(node: OnnxNode, context: LoweringContext) -> None:
    training = context.operand(node, 2)
    if training is not None and (training.constant is None or bool(training.constant)):
        raise UnsupportedForm(
            "its training_mode is not constant false",
            "inference",
            "export the model with training=TrainingMode.EVAL",
        )
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        raise UnsupportedForm("its mask is used", "its first output", "remove the mask output")
    context.alias(node, context.required(node, 0))
