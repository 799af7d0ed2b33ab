"""Gives the weights of chosen layers 4 or 2 bits.

Rounding to so few steps pays off with a scale smaller than the one that reaches the largest weight:
large weights are clipped, all others are finer. Of `CANDIDATES` fractions of that scale, each
channel gets the one with the smallest sum of squared errors.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

from tools.quantize.calibration import CalibrationError

WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
"""Operators whose operand 1 is weights."""

TYPES = {4: TensorProto.INT4, 2: TensorProto.INT2}
OPSETS = {4: 21, 2: 25}
"""The first operator set whose DequantizeLinear takes the type."""

CANDIDATES = np.linspace(0.3, 1.0, 71)

Floats = npt.NDArray[np.float64]


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
    layers = list(_layers(quantized))
    _check_patterns(bits, [node.name for node in layers])
    chosen: dict[str, int] = {}
    by_weights: dict[str, tuple[str, int]] = {}
    for node in layers:
        matching = [
            number for pattern, number in bits.items() if fnmatch.fnmatch(node.name, pattern)
        ]
        chosen[node.name] = matching[-1] if matching else 8
        known = by_weights.setdefault(node.input[1], (node.name, chosen[node.name]))
        if known[1] != chosen[node.name]:
            raise CalibrationError(
                f"the layers '{known[0]}' and '{node.name}' share weights, but have {known[1]} and "
                f"{chosen[node.name]} bits"
            )
    opset = max((OPSETS.get(number, 0) for number in chosen.values()), default=0)
    result = _converted(quantized, opset)
    floats = {tensor.name: tensor for tensor in float_model.graph.initializer}
    for weights, (layer, number) in by_weights.items():
        if number != 8:
            _narrow(result, floats, weights, layer, number)
    return result, {layer: number for layer, number in chosen.items() if number != 8}


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


def _layers(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Nodes with quantised constant weights."""
    constants = {tensor.name for tensor in model.graph.initializer}
    weights = {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constants
    }
    for node in model.graph.node:
        if node.op_type in WEIGHTED and node.input[1] in weights:
            yield node


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
    weights: str,
    layer: str,
    bits: int,
) -> None:
    """Replaces what a DequantizeLinear reads: numbers, scales and zero points."""
    (dequantize,) = (node for node in model.graph.node if weights in node.output)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    source = floats.get(dequantize.input[0].removesuffix("_quantized"))
    if source is None:
        raise CalibrationError(f"the weights of '{layer}' are no initialiser of the float model")
    axis = None
    if constants[dequantize.input[1]].dims:
        axis = next((entry.i for entry in dequantize.attribute if entry.name == "axis"), 1)
    data = numpy_helper.to_array(source).astype(np.float64)
    stored, scale = round_weights(data, bits, axis)
    shape = list(constants[dequantize.input[1]].dims)
    narrow = helper.tensor_dtype_to_np_dtype(TYPES[bits])
    arrays = (
        stored.astype(narrow),
        scale.astype(np.float32).reshape(shape),
        np.zeros(shape, np.int8).astype(narrow),
    )
    for name, array in zip(dequantize.input, arrays, strict=True):
        constants[name].CopyFrom(numpy_helper.from_array(array, name))
