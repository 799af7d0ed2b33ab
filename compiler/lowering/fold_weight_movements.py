"""Moves the stored elements of quantised weights where the model moves the dequantised ones.

Exporters that quantise a layer's weights as the framework keeps them, Brevitas' among them, write
DequantizeLinear, Transpose, MatMul. A kernel wants the weights behind the Transpose, still
quantised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from compiler.frontend.fold_constants import evaluate_node
from compiler.frontend.model import OnnxModel, OnnxNode
from compiler.ir import Array
from compiler.lowering.channel_constants import (
    Weights,
    add_constant,
    quantization_of,
    weights_of,
)
from compiler.lowering.quantization import spread_parameter

MOVEMENTS = frozenset(
    {
        *("Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose"),
        "Unsqueeze",
    }
)


@dataclass(frozen=True)
class _Parameters:
    """Operands 1 and 2 of a DequantizeLinear, and the attributes that say what they are for."""

    scale: Array
    zero_point: Array
    attributes: Mapping[str, int]


def fold_weight_movements(model: OnnxModel) -> OnnxModel:
    """The model with such weights behind the movement; `model` stays as it is.

    A movement stays where the scales of what it moves are neither for one axis nor for blocks of
    one, and where it repeats elements.
    """
    folded = OnnxModel(model.name, [], dict(model.tensors), model.inputs, model.outputs)
    producers = model.producers()
    for node in model.nodes:
        for new in _moved(folded, producers, node) or [node]:
            folded.nodes.append(new)
            producers.update({name: new for name in new.outputs if name is not None})
    return folded


def _moved(
    model: OnnxModel, producers: Mapping[str, OnnxNode], node: OnnxNode
) -> list[OnnxNode] | None:
    """A DequantizeLinear for each output of a movement, or None if there cannot be one."""
    if node.domain or node.operator not in MOVEMENTS or not node.has_input(0):
        return None
    weights = weights_of(model, producers, node.inputs[0])
    if weights is None or weights.dequantise is None or not weights.data.size:
        return None
    scale, zero_point = quantization_of(model, weights.dequantise)
    if scale is None or zero_point is None:
        return None
    stored = _results(model, node, weights.data)
    if stored is None or sum(data.size for data in stored) > weights.data.size:
        return None  # larger constants than before would be in memory for ever
    if scale.size == 1:
        parameters = [_Parameters(scale, zero_point, {})] * len(stored)
    else:
        parameters = _moved_parameters(model, node, weights, scale, zero_point, len(stored))
    if parameters is None:
        return None
    outputs = [name for name in node.outputs if name is not None]
    return [
        _dequantise(model, node, weights.dequantise, *result)
        for result in zip(outputs, stored, parameters, strict=True)
    ]


def _results(model: OnnxModel, node: OnnxNode, data: Array) -> list[Array] | None:
    """What the movement makes of data; None if an operand is not constant."""
    constants = {name: model.tensors[name].constant for name in node.inputs[1:] if name is not None}
    known = {name: data for name, data in constants.items() if data is not None}
    if len(known) < len(constants):
        return None
    results = evaluate_node(node, {**known, node.inputs[0] or "": data}, node.opset)
    return None if results is None else list(results.values())


def _moved_parameters(
    model: OnnxModel, node: OnnxNode, weights: Weights, scale: Array, zero_point: Array, count: int
) -> list[_Parameters] | None:
    """Those for each of `count` results, if they still are for one axis or blocks of one."""
    assert weights.dequantise is not None
    shape, block = weights.data.shape, weights.dequantise.attribute("block_size", 0)
    axis = weights.dequantise.attribute("axis", 1)
    if not -len(shape) <= axis < len(shape) or zero_point.size not in (1, scale.size):
        return None  # which the lowering refuses
    moved: list[list[Array]] = []
    for data in (scale, zero_point):
        everywhere = spread_parameter(data, shape, axis % len(shape), block)
        results = None if everywhere is None else _results(model, node, everywhere)
        if results is None:
            return None
        moved.append(results)
    found = [_parameters(*pair) for pair in zip(*moved, strict=True)]
    parameters = [each for each in found if each is not None]
    return parameters if len(parameters) == count else None


def _parameters(scale: Array, zero_point: Array) -> _Parameters | None:
    """The shortest form of parameters that are given for every element."""
    if not scale.size:
        return None
    changes = {
        axis: positions
        for axis in range(scale.ndim)
        if (positions := sorted({*_changes(scale, axis), *_changes(zero_point, axis)}))
    }
    if not changes:
        return _Parameters(scale.flat[0], zero_point.flat[0], {})
    if len(changes) == 1:
        (axis,) = changes
        first = tuple(slice(None) if a == axis else 0 for a in range(scale.ndim))
        return _Parameters(scale[first], zero_point[first], {"axis": axis})
    blocks = {axis: gcd(*positions) for axis, positions in changes.items()}
    axis = max(blocks, key=lambda axis: blocks[axis])
    if blocks[axis] == 1:
        return None
    starts = range(0, scale.shape[axis], blocks[axis])
    attributes = {"axis": axis, "block_size": blocks[axis]}
    return _Parameters(scale.take(starts, axis), zero_point.take(starts, axis), attributes)


def _changes(data: Array, axis: int) -> list[int]:
    """Indices of an axis at which some element differs from that before."""
    others = tuple(other for other in range(data.ndim) if other != axis)
    return (1 + np.flatnonzero((np.diff(data, axis=axis) != 0).any(others))).tolist()


def _dequantise(
    model: OnnxModel,
    node: OnnxNode,
    dequantise: OnnxNode,
    output: str,
    stored: Array,
    parameters: _Parameters,
) -> OnnxNode:
    kept = {
        name: value
        for name, value in dequantise.attributes.items()
        if name not in ("axis", "block_size")
    }
    constants = [
        ("stored", stored),
        ("scale", parameters.scale),
        ("zero_point", parameters.zero_point.astype(stored.dtype)),
    ]
    names = tuple(add_constant(model, f"{output}/{role}", data) for role, data in constants)
    name = node.name if len(node.outputs) == 1 else f"{node.name}/{output}"
    return replace(
        dequantise,
        name=name,
        inputs=names,
        outputs=(output,),
        attributes={**kept, **parameters.attributes},
        absorbed=node.absorbed,
    )
