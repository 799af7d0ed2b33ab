"""LayerNormalization, GroupNormalization and InstanceNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, Operation, Quantization, TensorType
from compiler.lowering.operand import Operand
from compiler.numerics.elementary import ordered_sum
from compiler.numerics.requantisation import half
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/normalization.h"
EPSILON_BITS = 16
MAXIMUM_ELEMENTS = 32768
"""Longest row of the integer kernel: the sum of squares times its length must leave 16 bits."""
MINIMUM_SCALE_BITS, MAXIMUM_SCALE_BITS = 2, 7
"""Fractional bits of the integer kernel's scale. Rounding it, and `t`, to the fewest costs 1/8 step
each; the most leave room for the output zero point."""
BIAS_LIMIT = 2.0**31 - 2.0**30 * (1.0 + 2.0**-13)
"""What products with |t| <= 2^15 * (1 + 2^-14) leave of int32."""


@dataclass(frozen=True)
class Normalization(Operation):
    """What both forms share: rows of x, scaled and shifted by channel.

    x of any shape is walked as [batch, groups, channels, inner]: one row for each batch and group.
    Two more inputs have groups * channels elements each. The output is shaped like x.
    """

    groups: int
    channels: int
    inner: int

    @property
    def row(self) -> int:
        """Elements of a row."""
        return self.channels * self.inner

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    def walk(self, x: TensorType) -> dict[str, int]:
        """The parameters of both kernels."""
        return {
            "rows": x.elements // self.row,
            "groups": self.groups,
            "channels": self.channels,
            "inner": self.inner,
        }

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, scale, shift = inputs
        assert x is not None and scale is not None and x.elements % (self.groups * self.row) == 0
        assert scale.elements == self.groups * self.channels
        assert shift is None or shift.elements == scale.elements
        return (x,)


@dataclass(frozen=True)
class NormalizationInt8(Normalization):
    """int8 rows of mean 0 and variance 1, in integers (docs/numerics.md).

    Further inputs: scale int16, with `shift - 15` fractional bits; bias int32. `epsilon` is
    row^2 * epsilon / s_x^2 with 16 fractional bits.
    """

    epsilon: int
    shift: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, scale, bias = inputs
        assert x is not None and scale is not None and bias is not None
        rows = x.reshape(-1, self.row).astype(np.int64)
        sums: Array = rows.sum(axis=1, keepdims=True)
        squares: Array = (rows * rows).sum(axis=1, keepdims=True)
        spread = self.row * squares - sums * sums
        total: Array = np.maximum((spread << EPSILON_BITS) + self.epsilon, 1)
        shift: Array = np.full(total.shape, 6, np.int64)
        while np.any(total >= 1 << 30):
            shift = shift + (total >= 1 << 30)
            total = np.where(total >= 1 << 30, total >> 2, total)
        while np.any(total < 1 << 28):
            shift = shift - (total < 1 << 28)
            total = np.where(total < 1 << 28, total << 2, total)
        # An exact floor: total < 2^52.
        root: Array = np.sqrt(total.astype(np.float64)).astype(np.int64)
        root += total - root * root > root
        inverse = np.where(spread == 0, 0, ((1 << 29) + root // 2) // root)
        shift = np.where(spread == 0, 6, shift) + root_bits(self.row)
        t = ((self.row * rows - sums) * inverse + ((1 << shift) >> 1)) >> shift
        walked = t.reshape(-1, self.groups, self.channels, self.inner)
        per_channel = (self.groups, self.channels, 1)
        steps = walked * scale.astype(np.int64).reshape(per_channel) + bias.reshape(per_channel)
        return (np.clip(steps >> self.shift, -128, 127).astype(np.int8).reshape(x.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = self.walk(outputs[0]) | {
            "epsilon_low": self.epsilon & 0xFFFFFFFF,
            "epsilon_high": self.epsilon >> 32,
            "root_bits": root_bits(self.row),
            "shift": self.shift,
        }
        return Kernel("tw_normalization_s8", HEADER, parameters)


def root_bits(elements: int) -> int:
    """The smallest r with 4^r >= elements."""
    return ((elements - 1).bit_length() + 1) // 2


@dataclass(frozen=True)
class NormalizationFloat(Normalization):
    """float32 rows of mean 0 and variance 1.

    Further inputs: scale and shift, float32; shift may be absent. Sums run over a row in ascending
    order, the one of squares after the mean is known.
    """

    epsilon: float

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
        parameters = self.walk(outputs[0]) | {"epsilon": self.epsilon}
        return Kernel("tw_normalization_f32", HEADER, parameters)


def integer_form(
    real: NormalizationFloat,
    scale: Array,
    shift: Array,
    source: Quantization,
    target: Quantization,
) -> tuple[NormalizationInt8, Array, Array] | None:
    """The integer operation, its scale and its bias; None if range or precision do not suffice.

    `scale`, `shift`: float [groups * channels], as in the model.
    """
    epsilon = np.rint(real.row**2 * real.epsilon / source.scale**2 * 2.0**EPSILON_BITS)
    if real.row > MAXIMUM_ELEMENTS or not epsilon < 2.0**62:
        return None
    gain = scale.astype(np.float64) * 2.0 ** root_bits(real.row) / target.scale
    offset = shift.astype(np.float64) / target.scale + target.zero_point
    for bits in range(MAXIMUM_SCALE_BITS, MINIMUM_SCALE_BITS - 1, -1):
        factor = np.rint(gain * 2.0**bits)
        bias = np.rint(offset * 2.0 ** (15 + bits)) + half(15 + bits)
        if np.abs(factor).max() <= 32767 and np.abs(bias).max() < BIAS_LIMIT:
            operation = NormalizationInt8(
                real.groups, real.channels, real.inner, int(epsilon), 15 + bits
            )
            return operation, factor.astype(np.int16), bias.astype(np.int32)
    return None


@lowering(
    "LayerNormalization",
    description="trailing axes, with or without bias, first output only; int8 (constant scale and "
    "bias) or float32",
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


@lowering("InstanceNormalization", description="any spatial axes; int8 or float32")
def lower_instance_normalization(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    channels, inner = x.shape[1], prod(x.shape[2:])
    operation = NormalizationFloat(channels, 1, inner, node.attribute("epsilon", 1e-5))
    _emit(node, context, operation, (channels,))


@lowering(
    "GroupNormalization",
    description="any spatial axes, scale and bias per channel (operator set 21); int8 or float32",
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
    x, result = context.required(node, 0), context.result(node)
    scale = _factors(context.required(node, 1), "scale", factors)
    bias = context.operand(node, 2)
    shift = np.zeros(prod(factors), np.float32) if bias is None else _factors(bias, "bias", factors)
    if (
        x.is_int8
        and x.quantization is not None
        and result.quantization is not None
        and not isinstance(scale, Operand)
        and not isinstance(shift, Operand)
    ):
        form = integer_form(operation, scale, shift, x.quantization, result.quantization)
        if form is not None:
            integer, multiplier, addend = form
            inputs = [
                context.stored(x),
                context.constant(node, "scale", multiplier),
                context.constant(node, "bias", addend),
            ]
            context.emit_stored(node, integer, inputs, result)
            return
    inputs = [
        context.plain(x),
        _value(node, context, scale, "scale"),
        None if bias is None else _value(node, context, shift, "bias"),
    ]
    context.emit_plain(node, operation, inputs, result)


def _factors(operand: Operand, role: str, factors: tuple[int, ...]) -> Array | Operand:
    """Scale or bias, with one element for each of `factors`: data if constant, else the operand."""
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
        return np.ascontiguousarray(data.reshape(-1))
    if operand.type.elements != prod(factors):
        raise UnsupportedForm(
            f"its {role} {operand.name!r} is {operand.type}, computed at run time, and broadcast",
            f"a constant {role}, or one of shape {list(factors)}",
        )
    return operand


def _value(node: OnnxNode, context: LoweringContext, data: Array | Operand, role: str) -> str:
    if isinstance(data, Operand):
        return context.plain(data)
    return context.constant(node, role, data)


def _refuse_stash_type(node: OnnxNode) -> None:
    stash_type = node.attribute("stash_type", 1)
    if stash_type != 1:
        raise UnsupportedForm(f"stash_type {stash_type}", "stash_type 1 (float32)")
