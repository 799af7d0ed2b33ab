"""Folds BatchNormalization into the Conv or Gemm before it.

A normalisation with constant statistics multiplies every output channel by a constant and adds
another; the weights and the bias of the operator before it can do so as well. Weights behind a
DequantizeLinear stay quantised: their scales, one per channel, take the factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.ir import Array, TensorType
from compiler.operators.batch_normalization import channel_constants


def fold_batch_normalizations(model: OnnxModel) -> OnnxModel:
    """The model without the normalisations that a Conv or Gemm absorbs; `model` stays as it is.

    Folded are those at inference with constant parameters whose operand nobody else reads, made by
    a Conv or Gemm with constant (or dequantised constant) weights and bias.
    """
    folded = OnnxModel(
        model.name, list(model.nodes), dict(model.tensors), model.inputs, model.outputs
    )
    consumers = model.consumers()
    for node in model.nodes:
        if node.operator == "BatchNormalization" and not node.domain:
            operand = node.inputs[0]
            assert operand is not None
            if len(consumers[operand]) == 1 and operand not in model.outputs:
                _fold(folded, node, folded.producers())
    return folded


@dataclass(frozen=True)
class _Weights:
    """Where the weights of a Conv or Gemm come from; `dequantise` is None if they are plain."""

    data: Array
    dequantise: OnnxNode | None


def _fold(model: OnnxModel, node: OnnxNode, producers: Mapping[str, OnnxNode]) -> None:
    producer = producers.get(node.inputs[0] or "")
    if producer is None or producer.domain or producer.operator not in ("Conv", "Gemm"):
        return
    parameters = [model.tensors[name or ""].constant for name in node.inputs[1:5]]
    if node.attribute("training_mode", 0) or any(node.outputs[1:]):
        return
    gamma, beta, mean, variance = parameters
    if gamma is None or beta is None or mean is None or variance is None:
        return
    scale, shift = channel_constants(gamma, beta, mean, variance, node.attribute("epsilon", 1e-5))
    weights = _weights(model, producers, producer.inputs[1])
    bias = _bias(model, producers, producer, scale.size)
    if weights is None or bias is None:
        return
    last = producer.operator == "Gemm" and not producer.attribute("transB", 0)
    axis = weights.data.ndim - 1 if last else 0
    scaled = _scaled(model, producer, weights, scale, axis)
    if scaled is None:
        return
    new_nodes, weights_name = scaled
    bias_name = _constant(model, f"{producer.name}/folded_bias", bias * scale + shift)
    attributes = dict(producer.attributes)
    if producer.operator == "Gemm":
        attributes["beta"] = 1.0  # the bias has it already
    fused = replace(
        producer,
        inputs=(producer.inputs[0], weights_name, bias_name),
        outputs=node.outputs[:1],
        attributes=attributes,
        absorbed=(*producer.absorbed, node.name),
    )
    index = model.nodes.index(producer)
    model.nodes[index : index + 1] = [*new_nodes, fused]
    model.nodes.remove(node)


def _weights(
    model: OnnxModel, producers: Mapping[str, OnnxNode], name: str | None
) -> _Weights | None:
    assert name is not None
    data = model.tensors[name].constant
    if data is not None:
        return _Weights(data, None)
    dequantise = producers.get(name)
    if dequantise is None or dequantise.operator != "DequantizeLinear":
        return None
    data = model.tensors[dequantise.inputs[0] or ""].constant
    return None if data is None else _Weights(data, dequantise)


def _bias(
    model: OnnxModel, producers: Mapping[str, OnnxNode], node: OnnxNode, channels: int
) -> Array | None:
    """What the node adds to each channel, float64; None if it is not constant."""
    if not node.has_input(2):
        return np.zeros(channels)
    weights = _weights(model, producers, node.inputs[2])
    if weights is None or weights.data.size not in (1, channels):
        return None
    data = weights.data.astype(np.float64)
    if weights.dequantise is not None:
        scale, zero_point = _quantization(model, weights.dequantise)
        if scale is None or zero_point is None:
            return None
        data = (data - zero_point) * scale
    if node.operator == "Gemm":
        data = data * node.attribute("beta", 1.0)
    if data.size > 1 and data.shape[-1] != channels:
        return None  # one entry per row
    return np.broadcast_to(data.reshape(-1), (channels,))


def _quantization(model: OnnxModel, node: OnnxNode) -> tuple[Array | None, Array | None]:
    """(scale, zero point) of a DequantizeLinear, None where not constant."""
    scale = model.tensors[node.inputs[1] or ""].constant
    if not node.has_input(2):
        return scale, np.zeros((), np.int64)
    return scale, model.tensors[node.inputs[2] or ""].constant


def _scaled(
    model: OnnxModel, node: OnnxNode, weights: _Weights, factor: Array, axis: int
) -> tuple[list[OnnxNode], str] | None:
    """Nodes to add before `node` and the name of its weights times `factor` along `axis`."""
    shape = [1] * weights.data.ndim
    shape[axis] = -1
    name = f"{node.name}/folded_weights"
    if weights.dequantise is None:
        data = weights.data.astype(np.float64) * factor.reshape(shape)
        return [], _constant(model, name, data)
    scale, zero_point = _quantization(model, weights.dequantise)
    if scale is None or zero_point is None or weights.dequantise.attribute("block_size", 0):
        return None
    if scale.size > 1 and weights.dequantise.attribute("axis", 1) % weights.data.ndim != axis:
        return None
    stored = weights.data
    if factor.min() < 0:
        # Scales are positive: the weights of such a channel change their sign, if they can.
        if stored.dtype != np.int8 or zero_point.any() or stored.min() == -128:
            return None
        stored = stored * np.where(factor < 0, -1, 1).astype(np.int8).reshape(shape)
    scales = (np.broadcast_to(scale.reshape(-1), factor.shape) * np.abs(factor)).astype(np.float32)
    if not bool(np.all(np.isfinite(scales) & (scales > 0))):
        return None
    zero_points = np.broadcast_to(zero_point.reshape(-1).astype(stored.dtype), factor.shape)
    inputs = (
        _constant(model, f"{name}/stored", stored),
        _constant(model, f"{name}/scale", scales),
        _constant(model, f"{name}/zero_point", np.ascontiguousarray(zero_points)),
    )
    old = model.tensors[node.inputs[1] or ""]
    model.tensors[name] = OnnxTensor(name, old.type)
    attributes = dict(weights.dequantise.attributes) | {"axis": axis}
    dequantise = replace(
        weights.dequantise, name=name, inputs=inputs, outputs=(name,), attributes=attributes
    )
    return [dequantise], name


def _constant(model: OnnxModel, name: str, data: Array) -> str:
    """Adds a constant tensor to the model; float64 becomes float32. Returns its name."""
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    data = np.ascontiguousarray(data)
    model.tensors[name] = OnnxTensor(name, TensorType.of(data), data)
    return name
