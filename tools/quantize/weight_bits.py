"""Gives the weights of chosen layers 4 or 2 bits.

Rounding to so few steps pays off with a scale smaller than the one that reaches the largest weight:
large weights are clipped, all others are finer. Of `CANDIDATES` fractions of that scale, each
channel gets the one with the smallest sum of squared errors.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

from tools.quantize.calibration import CalibrationError

WEIGHTS = {
    **dict.fromkeys(("Conv", "ConvTranspose", "Gemm", "MatMul"), (1,)),
    **dict.fromkeys(("GRU", "LSTM", "RNN"), (1, 2)),
}
"""Which operands of an operator are weights."""

TYPES = {4: TensorProto.INT4, 2: TensorProto.INT2}
OPSETS = {4: 21, 2: 25}
"""The first operator set whose DequantizeLinear takes the type."""

CANDIDATES = np.linspace(0.3, 1.0, 71)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WeightGroup:
    """Weights, and the layers that multiply by them.

    Attributes:
        weights: name of the dequantised tensor.
        layers: names of nodes, in graph order.
        elements: number of weights.
    """

    weights: str
    layers: tuple[str, ...]
    elements: int

    def bytes(self, bits: int) -> int:
        """Without scales."""
        return (self.elements * bits + 7) // 8


def narrow_weights(
    quantized: onnx.ModelProto, float_model: onnx.ModelProto, bits: Mapping[str, int]
) -> tuple[onnx.ModelProto, dict[str, int]]:
    """The QDQ model with fewer bits for the weights of some layers, and these layers' bits.

    Args:
        quantized: QDQ model with int8 weights, whose initialisers are called as those of
            `float_model` with `_quantized` behind.
        float_model: what it was made from.
        bits: 8, 4 or 2 by the pattern of names of layers (`*`, `?`, `[...]`); of several that match
            the last one counts.

    Raises:
        CalibrationError: a pattern matches no layer, or layers that share weights differ in bits.
    """
    groups = weight_groups(quantized)
    chosen = matching_bits(groups, bits)
    narrowed = with_weight_bits(quantized, float_model, groups, chosen)
    return narrowed, bits_of_layers(groups, chosen)


def matching_bits(groups: Sequence[WeightGroup], bits: Mapping[str, int]) -> dict[str, int]:
    """Bits of those weights whose layers match a pattern; see `narrow_weights`.

    Raises:
        CalibrationError: as for `narrow_weights`.
    """
    _check_patterns(bits, [layer for group in groups for layer in group.layers])
    result: dict[str, int] = {}
    for group in groups:
        chosen = {
            layer: [number for pattern, number in bits.items() if fnmatch.fnmatch(layer, pattern)]
            for layer in group.layers
        }
        numbers = {layer: found[-1] if found else 8 for layer, found in chosen.items()}
        first = group.layers[0]
        for layer, number in numbers.items():
            if number != numbers[first]:
                raise CalibrationError(
                    f"the layers '{first}' and '{layer}' share weights, but have "
                    f"{numbers[first]} and {number} bits"
                )
        if any(chosen.values()):
            result[group.weights] = numbers[first]
    return result


def with_weight_bits(
    quantized: onnx.ModelProto,
    float_model: onnx.ModelProto,
    groups: Sequence[WeightGroup],
    bits: Mapping[str, int],
    *,
    widened: bool = False,
) -> onnx.ModelProto:
    """The QDQ model with so many bits for the weights of these names, and 8 for others.

    `widened`: the same numbers and scales, but stored as int8, so that the model keeps its operator
    set; onnxruntime does not run all operators of those that have the narrow types.

    Raises:
        CalibrationError: weights of the model are no initialiser of `float_model`.
    """
    opsets = () if widened else (OPSETS.get(number, 0) for number in bits.values())
    result = _converted(quantized, max(opsets, default=0))
    floats = {tensor.name: tensor for tensor in float_model.graph.initializer}
    for group in groups:
        if (number := bits.get(group.weights, 8)) != 8:
            _narrow(result, floats, group, number, TensorProto.INT8 if widened else TYPES[number])
    return result


def bits_of_layers(groups: Sequence[WeightGroup], bits: Mapping[str, int]) -> dict[str, int]:
    """Bits of the layers that do not have 8."""
    return {
        layer: bits[group.weights]
        for group in groups
        for layer in group.layers
        if bits.get(group.weights, 8) != 8
    }


def weight_groups(model: onnx.ModelProto) -> list[WeightGroup]:
    """Constant quantised weights of products, in the order of the first layer of each."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    stored = {
        node.output[0]: constants[node.input[0]]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constants
    }
    layers: dict[str, list[str]] = {}
    for node in model.graph.node:
        for index in WEIGHTS.get(node.op_type, ()):
            if node.input[index] in stored:
                layers.setdefault(node.input[index], []).append(node.name)
    return [
        WeightGroup(weights, tuple(names), math.prod(stored[weights].dims))
        for weights, names in layers.items()
    ]


def round_weights(
    weights: Floats, bits: int, axis: int | None
) -> tuple[npt.NDArray[np.int8], Floats]:
    """Numbers of so many bits and scales whose products are closest to the weights.

    `axis`: that of the channels, each with a scale; None: one scale for all.
    """
    highest = (1 << bits - 1) - 1
    rows = weights.reshape(1, -1) if axis is None else np.moveaxis(weights, axis, 0)
    flat = rows.reshape(len(rows), -1)
    largest = np.abs(flat).max(axis=1, initial=0.0)
    largest[largest == 0.0] = 1.0
    best = np.full(len(flat), np.inf)
    scale = np.ones(len(flat))
    for fraction in CANDIDATES:
        tried = (largest * fraction / (highest + 0.5)).astype(np.float32).astype(np.float64)
        error = ((_steps(flat, tried, highest) * tried[:, None] - flat) ** 2).sum(axis=1)
        better = error < best
        best[better], scale[better] = error[better], tried[better]
    stored = _steps(flat, scale, highest).astype(np.int8).reshape(rows.shape)
    if axis is None:
        return stored.reshape(weights.shape), scale
    return np.moveaxis(stored, 0, axis), scale


def _steps(flat: Floats, scale: Floats, highest: int) -> Floats:
    return np.clip(np.rint(flat / scale[:, None]), -highest - 1, highest)


def _check_patterns(bits: Mapping[str, int], names: list[str]) -> None:
    for pattern in bits:
        if not fnmatch.filter(names, pattern):
            raise CalibrationError(
                f"no layer with quantised weights is called '{pattern}'; there are: "
                + (", ".join(names) or "none")
            )


def _converted(model: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """A copy of the model, with operator set `opset` if its own is older."""
    own = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if own < opset:
        return version_converter.convert_version(model, opset)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def _narrow(
    model: onnx.ModelProto,
    floats: Mapping[str, TensorProto],
    group: WeightGroup,
    bits: int,
    data_type: int,
) -> None:
    """Replaces what a DequantizeLinear reads: numbers, scales and zero points."""
    (dequantize,) = (node for node in model.graph.node if group.weights in node.output)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    source = floats.get(dequantize.input[0].removesuffix("_quantized"))
    if source is None:
        raise CalibrationError(
            f"the weights of '{group.layers[0]}' are no initialiser of the float model"
        )
    axis = None
    if constants[dequantize.input[1]].dims:
        axis = next((entry.i for entry in dequantize.attribute if entry.name == "axis"), 1)
    data = numpy_helper.to_array(source).astype(np.float64)
    stored, scale = round_weights(data, bits, axis)
    shape = list(constants[dequantize.input[1]].dims)
    narrow = helper.tensor_dtype_to_np_dtype(data_type)
    arrays = (
        stored.astype(narrow),
        scale.astype(np.float32).reshape(shape),
        np.zeros(shape, np.int8).astype(narrow),
    )
    for name, array in zip(dequantize.input, arrays, strict=True):
        constants[name].CopyFrom(numpy_helper.from_array(array, name))
