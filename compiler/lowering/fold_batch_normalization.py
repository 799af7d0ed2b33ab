"""Folds BatchNormalization into the Conv or Gemm before it.

A normalisation with constant statistics multiplies every output channel by a constant and adds
another; the weights and the bias of the operator before it can do so as well. Weights behind a
DequantizeLinear stay quantised: their scales, one per channel, take the factor.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.ir import Array
from compiler.lowering.channel_constants import (
    Weights,
    add_constant,
    bias_of,
    quantization_of,
    weights_of,
)
from compiler.operators.batch_normalization import channel_constants


def fold_batch_normalizations(model: OnnxModel) -> OnnxModel:
    """The model without the normalisations that a Conv or Gemm absorbs; `model` stays as it is.

    Folded are those at inference with constant parameters whose operand nobody else reads, made by
    a Conv or Gemm with constant (or dequantised constant) weights and bias.
    """
    folded = OnnxModel(
        model.name, list(model.nodes), dict(model.tensors), model.inputs, model.outputs
    )
    consumers, producers = model.consumers(), model.producers()
    replaced: dict[str, list[OnnxNode]] = {}
    for node in model.nodes:
        if node.operator == "BatchNormalization" and not node.domain:
            operand = node.inputs[0]
            assert operand is not None
            if len(consumers[operand]) == 1 and operand not in model.outputs:
                _fold(folded, node, producers, replaced)
    folded.nodes = [new for node in model.nodes for new in replaced.get(node.name, [node])]
    return folded


def _fold(
    model: OnnxModel,
    node: OnnxNode,
    producers: dict[str, OnnxNode],
    replaced: dict[str, list[OnnxNode]],
) -> None:
    """Adds what stands for the node and its producer, by their names, to `replaced`.

    `producers` stay those of the folded model, so that a second normalisation folds as well.
    """
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
    weights = weights_of(model, producers, producer.inputs[1])
    bias = bias_of(model, producers, producer, scale.size)
    if weights is None or bias is None:
        return
    last = producer.operator == "Gemm" and not producer.attribute("transB", 0)
    axis = weights.data.ndim - 1 if last else 0
    scaled = _scaled(model, producer, weights, scale, axis)
    if scaled is None:
        return
    new_nodes, weights_name = scaled
    bias_name = add_constant(model, f"{producer.name}/folded_bias", bias * scale + shift)
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
    before = replaced.get(producer.name, [producer])[:-1]
    replaced[producer.name] = [*before, *new_nodes, fused]
    replaced[node.name] = []
    producers.update((made, new) for new in (*new_nodes, fused) for made in new.outputs if made)


def _scaled(
    model: OnnxModel, node: OnnxNode, weights: Weights, factor: Array, axis: int
) -> tuple[list[OnnxNode], str] | None:
    """Nodes to add before `node` and the name of its weights times `factor` along `axis`."""
    shape = [1] * weights.data.ndim
    shape[axis] = -1
    name = f"{node.name}/folded_weights"
    if weights.dequantise is None:
        data = weights.data.astype(np.float64) * factor.reshape(shape)
        return [], add_constant(model, name, data)
    scale, zero_point = quantization_of(model, weights.dequantise)
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
        add_constant(model, f"{name}/stored", stored),
        add_constant(model, f"{name}/scale", scales),
        add_constant(model, f"{name}/zero_point", np.ascontiguousarray(zero_points)),
    )
    old = model.tensors[node.inputs[1] or ""]
    model.tensors[name] = OnnxTensor(name, old.type)
    attributes = dict(weights.dequantise.attributes) | {"axis": axis}
    dequantise = replace(
        weights.dequantise, name=name, inputs=inputs, outputs=(name,), attributes=attributes
    )
    return [dequantise], name
