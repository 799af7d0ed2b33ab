"""BatchNormalization at inference: a multiplier and an addend for each channel.

Behind a Conv or Gemm with constant weights there is nothing left to do here: those weights absorb
both (compiler/lowering/fold_batch_normalization.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Kernel, Operation, Quantization, TensorType
from compiler.numerics.floating import clip_float
from compiler.numerics.requantisation import INT32_LIMIT, half
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/batch_normalization.h"
MAXIMUM_SHIFT = 22
"""Rounding a scale then moves no result by more than 255 * 2^-23 steps of the output."""
MINIMUM_SHIFT = 10
"""Below this it could be more than 1/8 step: such nodes are computed in float32."""


@dataclass(frozen=True)
class ScaleChannels(Operation):
    """What both forms share: x of any shape; one entry per index of `axis` in two more inputs."""

    axis: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, scale, addend = inputs
        assert x is not None and scale is not None and addend is not None
        assert scale.shape == addend.shape == (x.shape[self.axis],)
        return (x,)

    @property
    def in_place(self) -> tuple[int, ...]:
        return (0,)

    def permuted(self, permutation: tuple[int, ...]) -> tuple[Operation, tuple[int, ...]] | None:
        return replace(self, axis=permutation.index(self.axis)), (0,)

    def along(self, channels: Array, x: Array) -> Array:
        """Per-channel data in a shape that broadcasts to x."""
        return channels.reshape(-1, *(1,) * (x.ndim - self.axis - 1))

    def extents(self, x: TensorType) -> dict[str, int]:
        return {
            "outer": prod(x.shape[: self.axis]),
            "channels": x.shape[self.axis],
            "inner": prod(x.shape[self.axis + 1 :]),
        }


@dataclass(frozen=True)
class ScaleChannelsFloat(ScaleChannels):
    """`x * scale[channel] + shift[channel]` in float32, saturated to [minimum, maximum]."""

    minimum: float
    maximum: float

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, scale, shift = inputs
        assert x is not None and scale is not None and shift is not None
        with np.errstate(all="ignore"):
            y = x * self.along(scale, x) + self.along(shift, x)
        return (clip_float(y, self.minimum, self.maximum),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = self.extents(outputs[0]) | {
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        return Kernel("tw_scale_channels_f32", HEADER, parameters)


@dataclass(frozen=True)
class ScaleChannelsInt8(ScaleChannels):
    """`clip((x * scale[channel] + bias[channel]) >> shift, low, high)`; scale and bias int32."""

    shift: int
    low: int
    high: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, scale, bias = inputs
        assert x is not None and scale is not None and bias is not None
        product = x.astype(np.int64) * self.along(scale, x) + self.along(bias, x)
        if np.abs(product).max(initial=0) >= INT32_LIMIT:
            raise OverflowError("batch normalisation leaves int32")
        return (np.clip(product >> self.shift, self.low, self.high).astype(np.int8),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = self.extents(outputs[0]) | {
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
        }
        return Kernel("tw_scale_channels_s8", HEADER, parameters)


def integer_form(
    axis: int,
    scale: Array,
    shift: Array,
    source: Quantization,
    target: Quantization,
    clip: tuple[int, int] = (-128, 127),
) -> tuple[ScaleChannelsInt8, Array, Array] | None:
    """The integer operation, its scale and its bias; None if 32 bits are not precise enough.

    `scale`, `shift`: float64 [channels], of the real values.
    """
    gain = scale * (source.scale / target.scale)
    offset = shift / target.scale + target.zero_point - gain * source.zero_point
    for bits in range(MAXIMUM_SHIFT, MINIMUM_SHIFT - 1, -1):
        multiplier = np.rint(gain * 2.0**bits)
        bias = np.rint(offset * 2.0**bits) + half(bits)
        if (128 * np.abs(multiplier) + np.abs(bias)).max() < INT32_LIMIT:
            operation = ScaleChannelsInt8(axis, bits, *clip)
            return operation, multiplier.astype(np.int32), bias.astype(np.int32)
    return None


def channel_constants(
    gamma: Array, beta: Array, mean: Array, variance: Array, epsilon: float
) -> tuple[Array, Array]:
    """(scale, shift), float64 [channels], such that y = x * scale + shift."""
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    return scale, beta.astype(np.float64) - mean.astype(np.float64) * scale


@lowering(
    "BatchNormalization",
    description="inference with constant scale, bias, mean and variance; folded into a preceding "
    "Conv or Gemm; int8 or float32",
)
def lower_batch_normalization(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    if node.attribute("training_mode", 0) or any(node.outputs[1:]):
        raise UnsupportedForm(
            "it is in training mode",
            "inference",
            "export the model with training=TrainingMode.EVAL",
        )
    if len(x.shape) < 2 or 0 in x.shape:
        raise UnsupportedForm(
            f"its operand {x.name!r} is {x.type}", "[batch, channels, ...] with elements"
        )
    arrays: list[Array] = []
    for index in range(1, 5):
        operand = context.required(node, index)
        if operand.constant is None:
            raise UnsupportedForm(
                f"{operand.name!r} is computed at run time",
                "constant scale, bias, mean and variance",
            )
        if operand.shape != x.shape[1:2]:
            raise UnsupportedForm(
                f"its operand {operand.name!r} is {operand.type}",
                f"one number for each of {x.shape[1]} channels",
            )
        arrays.append(operand.constant)
    gamma, beta, mean, variance = arrays
    scale, shift = channel_constants(gamma, beta, mean, variance, node.attribute("epsilon", 1e-5))
    result = context.result(node, fuse_clip=True)
    if x.is_int8 and x.quantization is not None and result.quantization is not None:
        form = integer_form(1, scale, shift, x.quantization, result.quantization, result.clip)
        if form is not None:
            operation, multiplier, bias = form
            inputs = [
                context.stored(x),
                context.constant(node, "scale", multiplier),
                context.constant(node, "bias", bias),
            ]
            context.emit_stored(node, operation, inputs, result)
            return
    inputs = [
        context.plain(x),
        context.constant(node, "scale", scale.astype(np.float32)),
        context.constant(node, "shift", shift.astype(np.float32)),
    ]
    operation = ScaleChannelsFloat(1, result.minimum, result.maximum)
    context.emit_plain(node, operation, inputs, result)
