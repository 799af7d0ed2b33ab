"""RMSNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, Box, DataType, Kernel, Operation, Quantization, TensorType, Tile
from compiler.numerics.requantisation import half
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

HEADER = "tilewright/rms_normalization.h"
EPSILON_BITS = 16
MAXIMUM_ELEMENTS = 32768
"""Longest row of the integer kernel: the sum of squares of 9-bit values must fit uint32."""
MAXIMUM_GAIN = 2.0**13
"""Largest sqrt(N) * gamma / s_y of the integer kernel: an error of at most half an output step."""
MAXIMUM_GAIN_BITS = 7
"""Most fractional bits of gamma: the shifted output zero point must leave room for products."""


@dataclass(frozen=True)
class RmsNormalizationInt8(Operation):
    """int8 rows divided by their root mean square, times gamma, in integers (docs/numerics.md).

    Inputs: x int8 of any shape, in rows of as many elements as gamma has; gamma int16 [N], with
    `shift - 15` fractional bits. Output: int8, shaped like x. `epsilon` is N * epsilon / s_x^2
    with 16 fractional bits.
    """

    input_zero_point: int
    epsilon: int
    shift: int
    output_zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, gamma = inputs
        assert x is not None and gamma is not None and gamma.elements <= MAXIMUM_ELEMENTS
        assert gamma.data_type is DataType.INT16 and x.elements % gamma.elements == 0
        return (TensorType(DataType.INT8, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, gamma = inputs
        assert x is not None and gamma is not None
        centred = x.reshape(-1, gamma.size).astype(np.int64) - self.input_zero_point
        squares: Array = (centred * centred).sum(axis=1, keepdims=True)
        total: Array = np.maximum((squares << EPSILON_BITS) + self.epsilon, 1)
        inverse_shift: Array = np.full(total.shape, 6, np.int64)
        while np.any(total >= 1 << 30):
            inverse_shift = inverse_shift + (total >= 1 << 30)
            total = np.where(total >= 1 << 30, total >> 2, total)
        while np.any(total < 1 << 28):
            inverse_shift = inverse_shift - (total < 1 << 28)
            total = np.where(total < 1 << 28, total << 2, total)
        root: Array = np.sqrt(total.astype(np.float64)).astype(
            np.int64
        )  # exact floor: total < 2^52
        root += total - root * root > root
        inverse = np.where(squares == 0, 0, ((1 << 29) + root // 2) // root)
        inverse_shift = np.where(squares == 0, 6, inverse_shift)
        rounding = (1 << inverse_shift) >> 1
        t = (centred * inverse + rounding) >> inverse_shift
        steps = (t * gamma.astype(np.int64) + self._bias) >> self.shift
        return (np.clip(steps, -128, 127).astype(np.int8).reshape(x.shape),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x, gamma = inputs[:2]
        assert x is not None and gamma is not None
        row = 1
        axes = len(x.shape)
        while row < gamma.elements:
            axes -= 1
            row *= x.shape[axes]
        return tuple(range(axes))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        gamma = inputs[1]
        assert gamma is not None
        parameters = {
            "rows": outputs[0].elements // gamma.elements,
            "elements": gamma.elements,
            "input_zero_point": self.input_zero_point,
            "epsilon_low": self.epsilon & 0xFFFFFFFF,
            "epsilon_high": self.epsilon >> 32,
            "shift": self.shift,
            "bias": self._bias,
        }
        return Kernel("tw_rms_normalization_s8", HEADER, parameters)

    @property
    def _bias(self) -> int:
        return (self.output_zero_point << self.shift) + half(self.shift)


@dataclass(frozen=True)
class RmsNormalizationFloat(Operation):
    """float32 rows divided by their root mean square, times gamma.

    Inputs: x float32 of any shape, in rows of as many elements as gamma has; gamma float32, of
    the shape of one row. Output: float32, shaped like x. Squares are added in ascending order.
    """

    epsilon: float

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, gamma = inputs
        assert x is not None and gamma is not None and x.elements % gamma.elements == 0
        return (TensorType(DataType.FLOAT32, x.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, gamma = inputs
        assert x is not None and gamma is not None
        rows = x.reshape(-1, gamma.size)
        # accumulate, unlike sum, adds one element after the other
        total = np.add.accumulate(rows * rows, axis=1)[:, -1:]
        mean = total / np.float32(gamma.size)
        inverse = np.float32(1.0) / np.sqrt(mean + np.float32(self.epsilon))
        return (((rows * inverse) * gamma.reshape(-1)).reshape(x.shape),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        x, gamma = inputs[:2]
        assert x is not None and gamma is not None
        row = 1
        axes = len(x.shape)
        while row < gamma.elements:
            axes -= 1
            row *= x.shape[axes]
        return tuple(range(axes))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        rest = (None if type_ is None else Box.whole(type_.shape) for type_ in inputs[1:])
        return Tile(self, (box, *rest), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        gamma = inputs[1]
        assert gamma is not None
        parameters = {
            "rows": outputs[0].elements // gamma.elements,
            "elements": gamma.elements,
            "epsilon": self.epsilon,
        }
        return Kernel("tw_rms_normalization_f32", HEADER, parameters)


def integer_form(
    gamma: Array, epsilon: float, source: Quantization, target: Quantization
) -> tuple[RmsNormalizationInt8, Array] | None:
    """The integer operation and its int16 gamma [N]; None if its range or precision do not suffice.

    `gamma`: float [N]; `epsilon`: as in the model.
    """
    gain = gamma.astype(np.float64) * sqrt(gamma.size) / target.scale
    largest = float(np.abs(gain).max(initial=0.0))
    epsilon_steps = np.rint(gamma.size * epsilon / source.scale**2 * 2.0**EPSILON_BITS)
    if gamma.size > MAXIMUM_ELEMENTS or not largest <= MAXIMUM_GAIN or not epsilon_steps < 2.0**62:
        return None
    bits = MAXIMUM_GAIN_BITS
    while np.rint(largest * 2.0**bits) > 32767:
        bits -= 1
    operation = RmsNormalizationInt8(
        source.zero_point, int(epsilon_steps), 15 + bits, target.zero_point
    )
    return operation, np.rint(gain * 2.0**bits).astype(np.int16)


@lowering("RMSNormalization", description="trailing axes; int8 (constant scale) or float32")
def lower_rms_normalization(node: OnnxNode, context: LoweringContext) -> None:
    x, scale = context.required(node, 0), context.required(node, 1)
    if node.attribute("stash_type", 1) != 1:
        raise UnsupportedForm(
            f"stash_type {node.attribute('stash_type', 1)}", "stash_type 1 (float32)"
        )
    axis = node.attribute("axis", -1) % len(x.shape)
    normalised = x.shape[axis:]
    epsilon = node.attribute("epsilon", 1e-5)
    gamma = None
    if scale.constant is not None:
        shape = _row_shape(scale.shape, normalised)
        gamma = np.broadcast_to(scale.constant.reshape(shape), normalised).reshape(-1)
    elif scale.type.elements != prod(normalised):
        raise UnsupportedForm(
            f"its scale {scale.name!r} is {scale.type}, computed at run time, and broadcast",
            f"a constant scale, or one of shape {list(normalised)}",
        )
    result = context.result(node)
    if (
        x.is_int8
        and x.quantization is not None
        and result.quantization is not None
        and gamma is not None
    ):
        integer = integer_form(gamma, epsilon, x.quantization, result.quantization)
        if integer is not None:
            operation, gamma_stored = integer
            inputs = [context.stored(x), context.constant(node, "gamma", gamma_stored)]
            context.emit_stored(node, operation, inputs, result)
            return
    if gamma is not None:
        scale_name = context.constant(node, "gamma", np.ascontiguousarray(gamma, np.float32))
    else:
        scale_name = context.plain(scale)
    inputs = [context.plain(x), scale_name]
    context.emit_plain(node, RmsNormalizationFloat(epsilon), inputs, result)


def _row_shape(scale: tuple[int, ...], normalised: tuple[int, ...]) -> tuple[int, ...]:
    """The scale's shape without leading axes; refuses a scale that does not fit all."""
    surplus = max(0, len(scale) - len(normalised))
    inner = (1,) * (len(normalised) - len(scale)) + scale[surplus:]
    fits = all(extent in (1, whole) for extent, whole in zip(inner, normalised, strict=True))
    if prod(scale[:surplus]) != 1 or not fits:
        raise UnsupportedForm(
            f"its scale has shape {list(scale)}",
            f"a scale that broadcasts to {list(normalised)}",
        )
    return inner
