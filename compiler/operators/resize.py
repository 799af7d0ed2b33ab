"""Resize: nearest, linear and cubic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType, Kernel, Operation, TensorType
from compiler.operators.gather import Gather
from compiler.operators.moves import Step, emit_steps
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

COORDINATES = ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners")
MODES = ("nearest", "linear", "cubic")
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True)
class Interpolate(Operation):
    """`sum over t of x[index[:, t]] * weight[:, t]` along an axis.

    Inputs: x float32 of any shape; indices int32 [outputs, taps], inside of the axis; their
    weights, float32 of the same shape. Output: x's shape with `outputs` on the axis. Products and
    sums, in the order of taps, are each rounded to float32.
    """

    axis: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, indices, weights = inputs
        assert x is not None and x.data_type is DataType.FLOAT32
        assert indices is not None and indices.data_type is DataType.INT32
        assert weights == TensorType(DataType.FLOAT32, indices.shape) and indices.shape[1]
        shape = (*x.shape[: self.axis], indices.shape[0], *x.shape[self.axis + 1 :])
        return (TensorType(DataType.FLOAT32, shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, indices, weights = inputs
        assert x is not None and indices is not None and weights is not None
        column = (-1,) + (1,) * (x.ndim - 1 - self.axis)
        taps = [
            np.take(x, indices[:, tap], self.axis) * weights[:, tap].reshape(column)
            for tap in range(indices.shape[1])
        ]
        total = taps[0]
        for tap in taps[1:]:
            total = total + tap
        return (np.ascontiguousarray(total),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        x, indices = inputs[:2]
        assert x is not None and indices is not None
        parameters = {
            "outer": prod(x.shape[: self.axis]),
            "extent": x.shape[self.axis],
            "outputs": outputs[0].shape[self.axis],
            "inner": prod(x.shape[self.axis + 1 :]),
            "taps": indices.shape[1],
        }
        return Kernel("tw_interpolate_f32", "tilewright/interpolate.h", parameters)


@lowering(
    "Resize",
    description="nearest (all types), linear and cubic (computed in float32), these with or "
    f"without antialias; constant scales or sizes; coordinates {', '.join(COORDINATES)}",
)
def lower_resize(node: OnnxNode, context: LoweringContext) -> None:
    x = context.required(node, 0)
    mode = node.attribute("mode", "nearest")
    _refuse(node, mode)
    sizes = context.operand(node, 3)
    if sizes is not None and sizes.constant is None:
        raise UnsupportedForm("its sizes are computed at run time", "constant sizes")
    shape = context.model.tensors[node.output()].type.shape
    if 0 in x.shape and 0 not in shape:
        raise UnsupportedForm(f"its input {x.name!r} is {x.type}", "inputs that have elements")
    scales = _scales(node, context, x.shape, shape)
    resized = [
        axis for axis in range(len(shape)) if scales[axis] != 1 or shape[axis] != x.shape[axis]
    ]
    if mode == "nearest":
        steps: list[Step] = []
        for axis in resized:
            position = _positions(node, x.shape[axis], shape[axis], scales[axis])
            index = np.clip(_rounded(node, position), 0, x.shape[axis] - 1).astype(np.int32)
            steps.append((Gather(axis), (context.constant(node, "index", index),)))
        emit_steps(node, context, x, steps)
        return
    if x.type.data_type is not DataType.FLOAT32:
        raise UnsupportedForm(
            f"its input {x.name!r} is {x.type}, interpolated", "float32, or mode nearest"
        )
    if not resized:
        context.alias(node, x)
        return
    value = context.plain(x)
    result = context.result(node)
    for axis in resized:
        extent = x.shape[axis]
        position = _positions(node, extent, shape[axis], scales[axis])
        indices, weights = _taps(node, mode, extent, position, scales[axis])
        constants = {"indices": indices, "weights": weights}
        inputs = [value, *(context.constant(node, role, c) for role, c in constants.items())]
        if axis == resized[-1]:
            context.emit_plain(node, Interpolate(axis), inputs, result)
        else:
            value = context.emit_value(node, "step", Interpolate(axis), inputs)


def _refuse(node: OnnxNode, mode: str) -> None:
    coordinates = node.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = node.attribute("nearest_mode", "round_prefer_floor")
    policy = node.attribute("keep_aspect_ratio_policy", "stretch")
    if mode not in MODES:
        raise UnsupportedForm(f"its mode is {mode}", f"modes {', '.join(MODES)}")
    if coordinates not in COORDINATES:
        raise UnsupportedForm(
            f"its coordinate_transformation_mode is {coordinates}", ", ".join(COORDINATES)
        )
    if rounding not in ROUNDINGS:
        raise UnsupportedForm(f"its nearest_mode is {rounding}", ", ".join(ROUNDINGS))
    if mode == "nearest" and node.attribute("antialias", 0):
        raise UnsupportedForm("its antialias is 1", "antialias of modes linear and cubic")
    if policy != "stretch":
        raise UnsupportedForm(
            f"its keep_aspect_ratio_policy is {policy}", "stretch", "give the resulting scales"
        )


def _scales(
    node: OnnxNode, context: LoweringContext, shape: Sequence[int], output: Sequence[int]
) -> list[np.float32]:
    """Output elements per input element, for each axis."""
    scales = [np.float32(wanted) / np.float32(n) for wanted, n in zip(output, shape, strict=True)]
    given = context.operand(node, 2)
    if given is not None and given.type.elements:
        if given.constant is None:
            raise UnsupportedForm("its scales are computed at run time", "constant scales")
        axes = node.attribute("axes", list(range(len(shape))))
        for axis, scale in zip(axes, given.constant.reshape(-1), strict=True):
            scales[axis % len(shape)] = np.float32(scale)
    return scales


def _positions(node: OnnxNode, extent: int, outputs: int, scale: np.float32) -> Array:
    """For each output, where it lies on the input's axis; float32, as onnxruntime computes it."""
    index = np.arange(outputs, dtype=np.float32)
    half = np.float32(0.5)
    coordinates = node.attribute("coordinate_transformation_mode", "half_pixel")
    if coordinates == "asymmetric":
        return index / scale
    if coordinates == "align_corners":
        if outputs == 1:
            return np.zeros(1, np.float32)
        return index * np.float32(extent - 1) / np.float32(outputs - 1)
    if coordinates == "pytorch_half_pixel" and outputs == 1:
        return np.zeros(1, np.float32)
    return (index + half) / scale - half


def _taps(
    node: OnnxNode, mode: str, extent: int, position: Array, scale: np.float32
) -> tuple[Array, Array]:
    """Which elements of an axis make each output, and what they count for: [outputs, taps] both.

    With antialias, what makes an output becomes as much wider as the result is smaller. Elements
    outside of the axis are those at its ends; with exclude_outside they count for nothing, and the
    others for as much more.
    """
    stretch = 1.0
    if node.attribute("antialias", 0):
        stretch = max(1.0, 1.0 / float(scale))
    reach = (2.0 if mode == "cubic" else 1.0) * stretch
    at = position.astype(np.float64)
    if mode == "linear" and stretch == 1.0:
        at = np.clip(at, 0, extent - 1)
    taps = 2 * int(np.ceil(reach)) + (0 if stretch == 1.0 else 1)
    first = np.floor(at).astype(np.int64) - int(np.ceil(reach)) + 1
    places = first[:, None] + np.arange(taps)
    distance = np.abs(places - at[:, None]) / stretch
    weights = _cubic(node, distance) if mode == "cubic" else np.maximum(0.0, 1.0 - distance)
    outside = (places < 0) | (places >= extent)
    if node.attribute("exclude_outside", 0):
        weights = np.where(outside, 0.0, weights)
    if node.attribute("exclude_outside", 0) or stretch != 1.0:
        weights = weights / weights.sum(axis=1, keepdims=True)
    places = np.clip(places, 0, extent - 1)
    used = np.any(weights != 0.0, axis=0)
    return places[:, used].astype(np.int32), weights[:, used].astype(np.float32)


def _cubic(node: OnnxNode, distance: Array) -> Array:
    """Keys' kernel: R. Keys, Cubic Convolution Interpolation for Digital Image Processing, 1981."""
    a = node.attribute("cubic_coeff_a", -0.75)
    near = ((a + 2.0) * distance - (a + 3.0)) * distance * distance + 1.0
    far = ((a * distance - 5.0 * a) * distance + 8.0 * a) * distance - 4.0 * a
    return np.where(distance <= 1.0, near, np.where(distance < 2.0, far, 0.0))


def _rounded(node: OnnxNode, position: Array) -> Array:
    rounding = node.attribute("nearest_mode", "round_prefer_floor")
    if rounding == "floor":
        return np.floor(position)
    if rounding == "ceil":
        return np.ceil(position)
    half = np.float32(0.5)
    if rounding == "round_prefer_ceil":
        return np.floor(position + half)
    return np.ceil(position - half)
