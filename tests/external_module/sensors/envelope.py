"""Envelope of a vibration: the largest magnitude in each window of samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compiler.extension import (
    Array,
    Box,
    DataType,
    Kernel,
    LoweringContext,
    OnnxNode,
    Operation,
    Parameters,
    TensorType,
    Tile,
    UnsupportedForm,
    estimate,
    lowering,
)

MAGNITUDES = 256
"""|q - zero point| of int8 numbers is 0 to 255."""


@dataclass(frozen=True)
class Envelope(Operation):
    """int8 samples [..., n * window] and steps [256] to int8 [..., n].

    steps[m] is what is stored for a largest magnitude of m steps of the samples.
    """

    window: int
    zero_point: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        samples, _ = inputs
        assert samples is not None and samples.data_type is DataType.INT8
        *outer, time = samples.shape
        return (TensorType(DataType.INT8, (*outer, time // self.window)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        samples, steps = inputs
        assert samples is not None and steps is not None
        windows = samples.reshape(*samples.shape[:-1], -1, self.window)
        magnitudes = np.abs(windows.astype(np.int32) - self.zero_point)
        return (steps[magnitudes.max(axis=-1)],)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters = {
            "windows": outputs[0].elements,
            "window": self.window,
            "zero_point": self.zero_point,
        }
        return Kernel("sensors_envelope_s8", "sensors/envelope.h", parameters)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        (output,) = self.infer(inputs)
        return tuple(range(len(output.shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        samples = box.on(-1, box.begin[-1] * self.window, box.end[-1] * self.window)
        return Tile(self, (samples, Box.whole((MAGNITUDES,))), box)


@estimate("sensors_envelope_s8")
def envelope_cycles(parameters: Parameters, outputs: Sequence[TensorType], cores: int) -> float:
    """Four samples take eight cycles, what is around them 30 for each window."""
    window = parameters["window"]
    assert isinstance(window, int)
    windows_of_a_core = -(-outputs[0].elements // cores)
    return 200 + windows_of_a_core * (30 + 2 * window)


def result_types(node: OnnxNode, inputs: Sequence[TensorType | None]) -> list[TensorType]:
    (samples,) = inputs
    window = node.attribute("window", 1)
    if samples is None or not samples.shape or window < 1 or samples.shape[-1] % window:
        raise UnsupportedForm(
            f"its samples are {samples}, in windows of {window}", "whole windows on the last axis"
        )
    *outer, time = samples.shape
    return [TensorType(samples.data_type, (*outer, time // window))]


@lowering(
    "Envelope",
    domain="com.example.sensors",
    description="int8 between DequantizeLinear and QuantizeLinear",
    result_types=result_types,
)
def lower_envelope(node: OnnxNode, context: LoweringContext) -> None:
    samples, result = context.required(node, 0), context.result(node)
    source, target = samples.quantization, result.quantization
    if source is None or target is None:
        raise UnsupportedForm(
            f"{samples.name!r} or its result is not quantised",
            advice="quantise both with QDQ nodes",
        )
    steps = np.rint(np.arange(MAGNITUDES) * source.scale / target.scale) + target.zero_point
    stored = np.clip(steps, -128, 127).astype(np.int8)
    operation = Envelope(node.attribute("window", 1), source.zero_point)
    inputs = [context.stored(samples), context.constant(node, "steps", stored)]
    context.emit_stored(node, operation, inputs, result)
