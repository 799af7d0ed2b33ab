"""Quantised operands and results: a tensor, its scale and its zero point."""

from __future__ import annotations

import numpy as np
from onnx import helper

from compiler.errors import Code, UnsupportedForm
from compiler.frontend.expansion import Expansion
from compiler.ir import Array

CONSTANT_SCALES = "quantise the model statically: onnxruntime's quantize_static, or tools/quantize"


def dequantised(node: Expansion, index: int, *, axis: int | None = None) -> str:
    """Operand `index`, whose scale and zero point are the next two operands, as real numbers.

    Args:
        axis: of the operand, along which scales lie if there are several; None: there is one.
    """
    return dequantised_by(node, index, index + 1, index + 2, axis=axis)


def dequantised_by(
    node: Expansion, index: int, scale: int, zero_point: int, *, axis: int | None = None
) -> str:
    """Operand `index` as real numbers; `scale` and `zero_point` are the indices of its own."""
    x = node.required(index, "a tensor")
    if axis is not None and not axis < len(node.shape(x)):
        raise UnsupportedForm(
            f"its operand {x!r} has shape {list(node.shape(x))}", f"more than {axis} axes"
        )
    channels = None if axis is None else node.shape(x)[axis]
    operands = [x, *_parameters(node, scale, zero_point, channels, node.element(x))]
    if axis is None or len(_shape_of(node, operands[1])) == 0:
        return node.make("DequantizeLinear", *operands)
    return node.make("DequantizeLinear", *operands, axis=axis)


def quantised(
    node: Expansion, real: str, scale: int, zero_point: int, element: int, output: str
) -> str:
    """The node's result: `real` with the scale and zero point that these operands are.

    Args:
        element: type of the result where there is no zero point to tell it.
        output: name of the result.
    """
    operands = _parameters(node, scale, zero_point, None, element)
    return node.make("QuantizeLinear", real, *operands, output=output)


def result(node: Expansion, real: str, scale: int) -> str:
    """Result 0 of an operator, of the type of operand 0; its zero point comes behind `scale`."""
    element = node.element(node.required(0, "a tensor"))
    return quantised(node, real, scale, scale + 1, element, node.output())


def bias(node: Expansion, index: int, scales: tuple[int, int], factor: float = 1.0) -> str:
    """Operand `index`, int32 in units of the product of two scales, as real numbers."""
    advice = CONSTANT_SCALES
    left, right = (node.required_constant(i, "scale", advice) for i in scales)
    if 1 not in (left.size, right.size) and left.size != right.size:
        raise UnsupportedForm(
            f"it has {left.size} and {right.size} scales for its bias",
            "one scale for an operand, or as many for both",
            code=Code.UNSUPPORTED_QUANTIZATION,
        )
    scale = np.multiply(left.reshape(-1), right.reshape(-1), dtype=np.float32)
    scale = np.asarray(scale * np.float32(factor))
    name = node.operand(index)
    per_channel = scale.size > 1
    operands = [
        name,
        node.add_constant("bias_scale", scale if per_channel else scale.reshape(())),
        node.add_constant(
            "bias_zero_point", np.zeros(scale.shape if per_channel else (), np.int32)
        ),
    ]
    if per_channel:
        return node.make("DequantizeLinear", *operands, axis=len(node.shape(name)) - 1)
    return node.make("DequantizeLinear", *operands)


def _shape_of(node: Expansion, tensor: str) -> tuple[int, ...]:
    data = node.constants.get(tensor)
    return node.shape(tensor) if data is None else data.shape


def _parameters(
    node: Expansion, scale: int, zero_point: int, channels: int | None, element: int
) -> list[str]:
    """Scale and zero point of one shape: scalars, or one for each of `channels`."""
    node.required(scale, "a scale")
    names: list[str] = []
    sizes = [int(np.prod(node.shape(node.operand(i)))) for i in (scale, zero_point) if node.has(i)]
    several = max(sizes) > 1
    if 0 in sizes or (
        several and (channels is None or any(size not in (1, channels) for size in sizes))
    ):
        raise UnsupportedForm(
            f"it has {sizes[0]} scales and {sizes[-1]} zero points for one tensor",
            "one scale and zero point" + ("" if channels is None else f", or {channels} of each"),
            "quantise activations per tensor, and weights per tensor or per channel",
            Code.UNSUPPORTED_QUANTIZATION,
        )
    for index in (scale, zero_point):
        if not node.has(index):
            zeros: Array = np.zeros((channels or 1) if several else (), _dtype(element))
            names.append(node.add_constant("zero_point", zeros))
            continue
        name = node.operand(index)
        data = node.constant(index)
        if data is None:
            names.append(name)  # the lowering says what is wrong with it
        elif several:
            whole = np.broadcast_to(data.reshape(-1), (channels or 1,)).copy()
            names.append(_same(node, name, data, whole))
        else:
            names.append(_same(node, name, data, data.reshape(())))
    return names


def _dtype(element: int) -> np.dtype[np.generic]:
    return np.dtype(helper.tensor_dtype_to_np_dtype(element))


def _same(node: Expansion, name: str, data: Array, wanted: Array) -> str:
    """The tensor itself if it has the wanted shape, else a constant that has."""
    return name if data.shape == wanted.shape else node.add_constant(name, wanted)
