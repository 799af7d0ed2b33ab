"""Quantisation parameters of QuantizeLinear and DequantizeLinear nodes, in the int8 domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from compiler.errors import Code, UnsupportedForm
from compiler.frontend.model import OnnxModel, OnnxNode
from compiler.ir import Array, DataType, Quantization
from compiler.lowering.operand import QuantizedConstant
from compiler.numerics.requantisation import Requantisation, choose_requantisation

STORED_TYPES = ("int8", "uint8", "int16", "uint16", "int32")

SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
"""float32's smallest normal number."""

LARGEST = float(np.finfo(np.float32).max)

UINT8_OFFSET = 128
"""A uint8 value minus this is the int8 value of the same real number (docs/numerics.md)."""

SIXTEEN_BITS = (DataType.INT16, DataType.UINT16)
"""Activations of these types are computed with in float32."""

ACCUMULATOR_LIMIT = 2**31
"""Sums and biases stay below this for any input, or the operation is computed in float32."""


@dataclass(frozen=True)
class AxisQuantization:
    """Several scales of one tensor: of an axis or of its blocks, as in `QuantizedConstant`."""

    scale: Array
    zero_point: Array
    axis: int
    block: int


def node_quantization(node: OnnxNode, model: OnnxModel) -> Quantization | AxisQuantization:
    """Parameters of a (De)QuantizeLinear node.

    Zero points of int8 and uint8 are in the int8 domain. Raises UnsupportedForm for scales that are
    not constant or positive, for parameters that do not fit the tensor, and for types other than
    int8, uint8, int16, uint16 and (bias only) int32.
    """
    scale = _constant(node, model, 1)
    if scale is None:
        raise UnsupportedForm("its scale is computed at run time", "constant scales")
    scale = scale.astype(np.float64)
    # Products with smaller ones lose bits in float32, and other implementations flush them to zero.
    usable = np.isfinite(scale) & (scale >= SMALLEST_SCALE)
    if not bool(np.all(usable)):
        bad = scale[~usable].reshape(-1)
        raise UnsupportedForm(
            f"its scale is {bad[0]:g}" + (f" in {bad.size} places" if bad.size > 1 else ""),
            f"finite scales from {SMALLEST_SCALE:.3g} on",
            "calibrate the model again, with data that exercises the tensor",
            Code.QUANTIZATION_RANGE,
        )
    if not scale.size:
        raise UnsupportedForm("its scale has no elements", "positive finite scales")
    zero_point = _constant(node, model, 2)
    if zero_point is None:
        if node.has_input(2):
            raise UnsupportedForm("its zero point is computed at run time", "constant zero points")
        zero_point = np.zeros(scale.shape, _default_type(node, model))
    if zero_point.dtype.name not in STORED_TYPES:
        raise UnsupportedForm(
            f"it is quantised to {zero_point.dtype.name}", "int8, uint8, int16 and uint16"
        )
    limits = np.iinfo(zero_point.dtype)
    most = LARGEST / (int(limits.max) - int(limits.min))
    if scale.max() > most:
        raise UnsupportedForm(
            f"its scale is {scale.max():g}, with which elements are infinite in float32",
            f"scales up to {most:.3g} for {zero_point.dtype.name}",
            "calibrate the model again, with data of a usual range",
            Code.QUANTIZATION_RANGE,
        )
    offset = UINT8_OFFSET if zero_point.dtype == np.uint8 else 0
    zero_point = zero_point.astype(np.int64) - offset
    if scale.size == 1:
        return Quantization(float(scale.item()), int(zero_point.reshape(-1)[0]))
    shape = model.tensors[node.inputs[0] or ""].type.shape
    axis = node.attribute("axis", 1)
    if not -len(shape) <= axis < len(shape):
        raise UnsupportedForm(f"its axis is {axis}, and its input has rank {len(shape)}")
    axis %= len(shape)
    block = node.attribute("block_size", 0)
    if zero_point.shape != scale.shape or spread_parameter(scale, shape, axis, block) is None:
        wanted = "one scale and zero point, or one of each for every index of the axis"
        raise UnsupportedForm(
            f"its scale has shape {list(scale.shape)}, its zero point {list(zero_point.shape)}, "
            f"and axis {axis} of its input has {shape[axis]} elements"
            + (f", in blocks of {block}" if block else ""),
            f"{wanted}, or block of it" if block else wanted,
            "quantise the model again",
        )
    if block and len(shape) == 2 and scale.shape[axis] == 1:
        return AxisQuantization(scale.reshape(-1), zero_point.reshape(-1), 1 - axis, 0)
    return AxisQuantization(scale, zero_point, axis, block)


def per_tensor_int8(node: OnnxNode, model: OnnxModel) -> Quantization | None:
    """Parameters of a (De)QuantizeLinear of an activation, if per tensor and of 8 bits.

    Raises UnsupportedForm as `node_quantization`.
    """
    if stored_type(node, model) in SIXTEEN_BITS:
        return None
    parameters = node_quantization(node, model)
    return parameters if isinstance(parameters, Quantization) else None


def stored_type(node: OnnxNode, model: OnnxModel) -> DataType:
    """The type of a QuantizeLinear's output or a DequantizeLinear's input."""
    name = node.inputs[0] if node.operator == "DequantizeLinear" else node.output()
    return model.tensors[name or ""].type.data_type


def _default_type(node: OnnxNode, model: OnnxModel) -> np.dtype[Any]:
    """The stored type if the node has no zero point."""
    return stored_type(node, model).numpy


def stored_constant(data: Array) -> Array:
    """A constant's stored values in the int8 domain; int32 (bias) stays int32."""
    if data.dtype == np.uint8:
        return (data.astype(np.int16) - UINT8_OFFSET).astype(np.int8)
    return data


def spread_parameter(
    data: Array, shape: tuple[int, ...], axis: int | None, block: int
) -> Array | None:
    """A scale or zero point for each element of a tensor; None if it does not fit.

    Args:
        data: one element; or one per index of `axis`; or, if `block` is not 0, shaped like the
            tensor but for `axis`, which has one for each `block` elements.
    """
    if data.size == 1 or axis is None:
        return np.broadcast_to(data.reshape(()), shape) if data.size == 1 else None
    if block:
        if data.shape != (*shape[:axis], -(-shape[axis] // block), *shape[axis + 1 :]):
            return None
        return np.repeat(data, block, axis).take(range(shape[axis]), axis)
    if data.shape != (shape[axis],):
        return None
    return np.broadcast_to(data.reshape(-1, *(1,) * (len(shape) - axis - 1)), shape)


def dequantise_constant(weights: QuantizedConstant) -> Array:
    """The real values, float32, as DequantizeLinear defines them."""
    scale, zero_point = (
        spread_parameter(data, weights.stored.shape, weights.axis, weights.block)
        for data in (weights.scale.astype(np.float32), weights.zero_point)
    )
    assert scale is not None and zero_point is not None
    centred = (weights.stored.astype(np.int64) - zero_point).astype(np.float32)
    return np.asarray(centred * scale, np.float32)


def centred_weights(weights: QuantizedConstant, axis: int) -> tuple[Array, Array] | None:
    """(int8 weights of zero point 0, scale for each index of `axis`), or None if they have none."""
    channels = weights.per_channel(axis)
    if channels is None or weights.stored.dtype != np.int8:
        return None
    scale, zero_point = channels
    shape = [1] * weights.stored.ndim
    shape[axis] = -1
    centred = weights.stored.astype(np.int64) - zero_point.reshape(shape)
    if centred.min() < -128 or centred.max() > 127:
        return None
    return centred.astype(np.int8), scale


def requantise_sums(
    weights: Array,
    weight_scale: Array,
    bias: Array | None,
    source: Quantization,
    target: Quantization,
) -> Requantisation | None:
    """Constants for sums of products with constant weights; None if they do not fit 32 bits.

    Args:
        weights: int8 [outputs, products of one output], with zero point 0.
        weight_scale: float64 [outputs].
        bias: real values [outputs].
        source, target: parameters of the other factors and of the result.
    """
    stored = weights.astype(np.int64)
    scale = weight_scale * source.scale
    limit = 128 * np.abs(stored).sum(axis=1)
    steps = np.zeros(len(stored)) if bias is None else np.rint(bias.astype(np.float64) / scale)
    steps -= source.zero_point * stored.sum(axis=1)
    if (limit + np.abs(steps)).max() >= ACCUMULATOR_LIMIT:
        return None
    try:
        return choose_requantisation(
            scale / target.scale, limit, steps.astype(np.int64), target.zero_point
        )
    except ValueError:
        return None


def _constant(node: OnnxNode, model: OnnxModel, index: int) -> Array | None:
    if not node.has_input(index):
        return None
    return model.tensors[node.inputs[index] or ""].constant
