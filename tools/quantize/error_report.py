"""Measures what quantisation does to every activation of a model on the calibration data."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.quantize.calibration import Arrays, StatefulRunner

Report = dict[str, object]


def activation_pairs(quantized: onnx.ModelProto) -> dict[str, tuple[str, onnx.NodeProto]]:
    """Returns, for each quantised activation, its dequantised tensor and its QuantizeLinear node.

    Keyed by the tensor's name in the float model, in the order of the graph.
    """
    weights = {tensor.name for tensor in quantized.graph.initializer}
    outputs = {value.name for value in quantized.graph.output}
    dequantized = {
        node.input[0]: node.output[0]
        for node in quantized.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] not in weights
    }
    pairs: dict[str, tuple[str, onnx.NodeProto]] = {}
    for node in quantized.graph.node:
        if node.op_type == "QuantizeLinear":
            target = dequantized[node.output[0]]
            pairs[target if target in outputs else node.input[0]] = (target, node)
    return pairs


def error_report(
    float_model: onnx.ModelProto,
    quantized: onnx.ModelProto,
    sequences: Sequence[Sequence[Arrays]],
    state: Mapping[str, str],
) -> Report:
    """Runs both models over the data, each with its own state, and compares every activation.

    Returns:
        For each activation: scale, zero point, observed float range and the ratio of signal to
        quantisation noise in dB (null where the signal or the noise is zero throughout).
    """
    pairs = activation_pairs(quantized)
    constants = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in quantized.graph.initializer
    }
    inputs = {value.name for value in float_model.graph.input}
    names = [name for name in pairs if name not in inputs]
    reference = StatefulRunner(_with_outputs(float_model, names), state).feeds(sequences)
    measured_names = [pairs[name][0] for name in names]
    measured = StatefulRunner(_with_outputs(quantized, measured_names), state).feeds(sequences)
    signal, noise = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    low, high = dict.fromkeys(names, math.inf), dict.fromkeys(names, -math.inf)
    for (_, expected), (_, found) in zip(reference, measured, strict=True):
        for name in names:
            x = expected[name].astype(np.float64)
            signal[name] += float((x * x).sum())
            noise[name] += float(((x - found[pairs[name][0]]) ** 2).sum())
            low[name] = min(low[name], float(x.min()))
            high[name] = max(high[name], float(x.max()))
    tensors: Report = {}
    for name in names:
        quantize = pairs[name][1]
        ratio = None
        if signal[name] > 0.0 and noise[name] > 0.0:
            ratio = round(10.0 * math.log10(signal[name] / noise[name]), 3)
        tensors[name] = {
            "scale": float(constants[quantize.input[1]].item()),
            "zero_point": int(constants[quantize.input[2]].item()),
            "observed": [low[name], high[name]],
            "signal_to_noise_db": ratio,
        }
    return {"calibration_runs": sum(map(len, sequences)), "activations": tensors}


def _with_outputs(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    model = copy.deepcopy(model)
    present = {value.name for value in model.graph.output}
    for name in names:
        if name not in present:
            model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return model
