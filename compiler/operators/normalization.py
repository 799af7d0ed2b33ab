"""LayerNormalization, GroupNormalization and InstanceNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.lowering.operand import Operand
from compiler.numerics.elementary import ordered_sum
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/normalization.h"


@dataclass(frozen=True)
class NormalizationFloat(Operation):
    """float32 rows of mean 0 and variance 1, scaled and shifted by channel.

    Inputs: x float32 of any shape, walked as [batch, groups, channels, inner] with one row for each
    batch and group; scale float32 [groups * channels]; shift alike, or absent. Output: shaped like
    x. Sums run over a row in ascending order, the one of squares after the mean is known.
    """

    groups: int
    channels: int
    inner: int
    epsilon: float

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, scale, shift = inputs
        assert x is not None and scale is not None and x.elements % self._period == 0
        assert scale.elements == self.groups * self.channels
        assert shift is None or shift.elements == scale.elements
        return (TensorType(DataType.FLOAT32, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, scale, shift = inputs
        assert x is not None and scale is not None
        elements = np.float32(self.channels * self.inner)
        with np.errstate(all="ignore"):
            rows = x.reshape(-1, self.channels * self.inner)
            centred = rows - (ordered_sum(rows, 1) / elements)[:, None]
            variance = ordered_sum(centred * centred, 1) / elements
            inverse = np.float32(1.0) / np.sqrt(variance + np.float32(self.epsilon))
            walked = (-1, self.groups, self.channels, self.inner)
            per_channel = (self.groups, self.channels, 1)
            y = (centred * inverse[:, None]).reshape(walked) * scale.reshape(per_channel)
            if shift is not None:
                y = y + shift.reshape(per_channel)
        return (y.reshape(x.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "rows": outputs[0].elements // self._period * self.groups,
            "groups": self.groups,
            "channels": self.channels,
            "inner": self.inner,
            "epsilon": self.epsilon,
        }
        return Kernel("tw_normalization_f32", HEADER, parameters)

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    @property
    def _period(self) -> int:
        """Elements after which scale and shift repeat."""
        return self.groups * self.channels * self.inner


@lowering(
    "LayerNormalization",
    description="trailing axes, with or without bias, first output only; float32 arithmetic",
)
def lower_layer_normalization(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _refuse_stash_type(node)
    if any(node.outputs[1:]):
        raise UnsupportedForm(
            "its outputs Mean or InvStdDev are used", "its first output", "remove the other outputs"
        )
    normalised = x.shape[node.attribute("axis", -1) % len(x.shape) :]
    operation = NormalizationFloat(1, prod(normalised), 1, node.attribute("epsilon", 1e-5))
    _emit(node, context, operation, normalised)


@lowering("InstanceNormalization", description="any spatial axes; float32 arithmetic")
def lower_instance_normalization(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    channels, inner = x.shape[1], prod(x.shape[2:])
    operation = NormalizationFloat(channels, 1, inner, node.attribute("epsilon", 1e-5))
    _emit(node, context, operation, (channels,))


@lowering(
    "GroupNormalization",
    description="any spatial axes, scale and bias per channel (operator set 21); float32 "
    "arithmetic",
)
def lower_group_normalization(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    _refuse_stash_type(node)
    groups, inner = node.attribute("num_groups", 1), prod(x.shape[2:])
    if groups < 1 or x.shape[1] % groups:
        raise UnsupportedForm(
            f"its {x.shape[1]} channels do not form {groups} groups of the same size",
            "a number of channels that num_groups divides",
        )
    each = x.shape[1] // groups
    epsilon = node.attribute("epsilon", 1e-5)
    _emit(node, context, NormalizationFloat(groups, each, inner, epsilon), (x.shape[1],))


def _emit(
    node: OnnxNode,
    context: LoweringContext,
    operation: NormalizationFloat,
    factors: tuple[int, ...],
) -> None:
    """Emits the normalisation; scale and shift broadcast to `factors`."""
    inputs: list[str | None] = [context.plain(context.required(node, 0)), None, None]
    for index, role in ((1, "scale"), (2, "shift")):
        operand = context.operand(node, index)
        if operand is not None:
            inputs[index] = _factors(node, context, operand, role, factors)
    context.emit_plain(node, operation, inputs, context.result(node))


def _factors(
    node: OnnxNode,
    context: LoweringContext,
    operand: Operand,
    role: str,
    factors: tuple[int, ...],
) -> str:
    """The value of scale or shift, one element for each of `factors`."""
    shape = operand.shape
    surplus = max(0, len(shape) - len(factors))
    inner = (1,) * (len(factors) - len(shape)) + shape[surplus:]
    fits = all(extent in (1, whole) for extent, whole in zip(inner, factors, strict=True))
    if prod(shape[:surplus]) != 1 or not fits:
        raise UnsupportedForm(
            f"its {role} {operand.name!r} is {list(shape)}",
            f"a {role} that broadcasts to {list(factors)}",
        )
    if operand.constant is not None:
        data = np.broadcast_to(operand.constant.reshape(inner), factors).astype(np.float32)
        return context.constant(node, role, np.ascontiguousarray(data.reshape(-1)))
    if operand.type.elements != prod(factors):
        raise UnsupportedForm(
            f"its {role} {operand.name!r} is {operand.type}, computed at run time, and broadcast",
            f"a constant {role}, or one of shape {list(factors)}",
        )
    return context.plain(operand)


def _refuse_stash_type(node: OnnxNode) -> None:
    stash_type = node.attribute("stash_type", 1)
    if stash_type != 1:
        raise UnsupportedForm(f"stash_type {stash_type}", "stash_type 1 (float32)")
