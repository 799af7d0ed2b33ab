"""Folds the Add of a constant per channel into the Conv, Gemm or MatMul before it.

Exporters write a layer's bias as a node of its own where the operator has no place for it, as
behind MatMul. In a quantised group it becomes part of the integer bias; in float32 the sum starts
from it instead of ending with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode
from compiler.ir import Array
from compiler.lowering.channel_constants import (
    add_constant,
    bias_of,
    dequantised_constant,
    weights_of,
)

LINEAR = ("Conv", "Gemm", "MatMul")


def fold_biases(model: OnnxModel) -> OnnxModel:
    """The model without the additions that a linear operator absorbs; `model` stays as it is.

    Folded are those of one constant per output channel to a result that nobody else reads, made by
    a Conv, Gemm or MatMul with constant (or dequantised constant) weights and bias.
    """
    folded = OnnxModel(
        model.name, list(model.nodes), dict(model.tensors), model.inputs, model.outputs
    )
    consumers, producers = model.consumers(), model.producers()
    outputs = set(model.outputs)
    replaced: dict[str, list[OnnxNode]] = {}
    for node in model.nodes:
        if node.operator != "Add" or node.domain:
            continue
        for operand, other in (node.inputs[:2], node.inputs[1::-1]):
            producer = producers.get(operand or "")
            if operand is None or other is None or producer is None or operand in outputs:
                continue
            if producer.domain or producer.operator not in LINEAR or len(consumers[operand]) > 1:
                continue
            fused = _fused(folded, node, producer, producers, other)
            if fused is not None:
                replaced[producer.name], replaced[node.name] = [fused], []
                producers[fused.output()] = fused
                break
    folded.nodes = [new for node in model.nodes for new in replaced.get(node.name, [node])]
    return folded


def _fused(
    model: OnnxModel,
    node: OnnxNode,
    producer: OnnxNode,
    producers: Mapping[str, OnnxNode],
    constant: str,
) -> OnnxNode | None:
    """The producer with the constant in its bias, or None if it cannot have it."""
    shape = model.tensors[producer.output()].type.shape
    if model.tensors[node.output()].type.shape != shape:
        return None
    if weights_of(model, producers, producer.inputs[1]) is None:
        return None
    if producer.operator == "MatMul" and len(_shape(model, producer.inputs[1])) != 2:
        return None  # the last axis of the result is none of the weights, or there is a batch
    axis = 1 if producer.operator == "Conv" else len(shape) - 1
    row = _row(dequantised_constant(model, producers, constant), axis, shape)
    bias = bias_of(model, producers, producer, shape[axis])
    if row is None or bias is None:
        return None
    name = add_constant(model, f"{producer.name}/{node.name}/bias", bias + row)
    attributes = dict(producer.attributes)
    if producer.operator == "Gemm":
        attributes["beta"] = 1.0  # the bias has it already
    return replace(
        producer,
        inputs=(*producer.inputs[:2], name),
        outputs=node.outputs,
        attributes=attributes,
        absorbed=(*producer.absorbed, node.name),
    )


def _shape(model: OnnxModel, tensor: str | None) -> tuple[int, ...]:
    return model.tensors[tensor or ""].type.shape


def _row(data: Array | None, axis: int, shape: tuple[int, ...]) -> Array | None:
    """A constant that varies along one axis only, as one number per index of it."""
    if data is None or data.ndim > len(shape):
        return None
    padded = (1,) * (len(shape) - data.ndim) + data.shape
    if any(extent > 1 for index, extent in enumerate(padded) if index != axis):
        return None
    return np.broadcast_to(data.reshape(-1), (shape[axis],))
