"""Constants of a Conv, Gemm or MatMul, one per output channel, for rewrites of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.ir import Array, TensorType


@dataclass(frozen=True)
class Weights:
    """Where a constant comes from; `dequantise` is None if it is not quantised."""

    data: Array
    dequantise: OnnxNode | None


def weights_of(
    model: OnnxModel, producers: Mapping[str, OnnxNode], name: str | None
) -> Weights | None:
    """Tensor `name` if it is constant or a dequantised constant, else None."""
    assert name is not None
    data = model.tensors[name].constant
    if data is not None:
        return Weights(data, None)
    dequantise = producers.get(name)
    if dequantise is None or dequantise.operator != "DequantizeLinear":
        return None
    data = model.tensors[dequantise.inputs[0] or ""].constant
    return None if data is None else Weights(data, dequantise)


def bias_of(
    model: OnnxModel, producers: Mapping[str, OnnxNode], node: OnnxNode, channels: int
) -> Array | None:
    """What the node adds to each channel, float64; None if it is not constant."""
    if not node.has_input(2):
        return np.zeros(channels)
    data = dequantised_constant(model, producers, node.inputs[2])
    if data is None or data.size not in (1, channels):
        return None
    if node.operator == "Conv" and data.shape != (channels,):
        return None  # which its lowering refuses
    if node.operator == "Gemm":
        data = data * node.attribute("beta", 1.0)
    if data.size > 1 and data.shape[-1] != channels:
        return None  # one entry per row
    return np.broadcast_to(data.reshape(-1), (channels,))


def dequantised_constant(
    model: OnnxModel, producers: Mapping[str, OnnxNode], name: str | None
) -> Array | None:
    """The real values of a plain or dequantised constant, float64; None if it is neither."""
    weights = weights_of(model, producers, name)
    if weights is None:
        return None
    data = weights.data.astype(np.float64)
    if weights.dequantise is None:
        return data
    scale, zero_point = quantization_of(model, weights.dequantise)
    if scale is None or zero_point is None or weights.dequantise.attribute("block_size", 0):
        return None
    if scale.size > 1 and data.ndim != 1:
        return None  # quantised along one of several axes
    return (data - zero_point) * scale


def quantization_of(model: OnnxModel, node: OnnxNode) -> tuple[Array | None, Array | None]:
    """(scale, zero point) of a DequantizeLinear, None where not constant."""
    scale = model.tensors[node.inputs[1] or ""].constant
    if not node.has_input(2):
        return scale, np.zeros((), np.int64)
    return scale, model.tensors[node.inputs[2] or ""].constant


def add_constant(model: OnnxModel, name: str, data: Array) -> str:
    """Adds a constant to the model; float64 becomes float32. Returns its name, made unique."""
    if data.dtype == np.float64:
        data = data.astype(np.float32)
    data = np.ascontiguousarray(data)
    while name in model.tensors:
        name += "'"
    model.tensors[name] = OnnxTensor(name, TensorType.of(data), data)
    return name
