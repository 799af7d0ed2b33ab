"""Conv over three spatial axes: a 2-D one, whose channels are those of all planes of a window.

The planes that one window reads become channels of one image, with the weights in the same order.
So there is one sum in one kernel; planes that several windows read are copied for each of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES
from compiler.frontend.expansion import Expansion, expansion

SPATIAL = 3
PER_AXIS = ("kernel_shape", "strides", "dilations")


def _is_volume(node: Expansion) -> bool:
    return node.has(0) and len(node.shape(node.operand(0))) == SPATIAL + 2


@expansion("Conv", description="3-D, as 2-D; constant weights; float32", applies=_is_volume)
def expand_conv(node: Expansion) -> None:
    """x [batch, channels, depth, height, width] by weights [outputs, channels of a group, ...]."""
    x, weights = node.required(0, "X"), node.required(1, "W")
    batch, channels, depth, height, width = node.shape(x)
    shape = node.shape(weights)
    if len(shape) != SPATIAL + 2:
        raise UnsupportedForm(f"its weights have shape {list(shape)}", f"{SPATIAL} spatial axes")
    outputs, each, taps, *kernel = shape
    if node.attribute("kernel_shape", [taps, *kernel]) != [taps, *kernel]:
        raise UnsupportedForm(
            f"its kernel_shape is {node.attribute('kernel_shape', [0])}",
            f"that of its weights, {[taps, *kernel]}",
        )
    stride, dilation = (_values(node, name, 1)[0] for name in ("strides", "dilations"))
    reach = dilation * (taps - 1) + 1
    before, after = _depth_pads(node, depth, stride, reach)
    planes = (before + depth + after - reach) // stride + 1
    if min(stride, dilation) < 1 or planes < 1:
        raise UnsupportedForm(
            f"its windows span {reach} of {before + depth + after} planes, in steps of {stride}",
            "windows that the padded input has",
        )
    if planes * taps * np.dtype(np.int64).itemsize > MAXIMUM_FOLDED_BYTES:
        found = f"it has {planes:,} windows of {taps:,} planes"
        raise UnsupportedForm(found, "fewer or smaller windows", "split the input along its depth")
    indices = np.arange(planes)[:, None] * stride + np.arange(taps) * dilation
    flat = node.make("Reshape", x, node.integers("planes", batch * channels, depth, height * width))
    read = _planes(node, flat, indices.reshape(-1), depth, before, after)
    spread = node.integers("windows", batch, channels, planes, taps, height * width)
    windows = node.make("Transpose", node.make("Reshape", read, spread), perm=[0, 2, 1, 3, 4])
    stacked = node.integers("stacked", batch * planes, channels * taps, height, width)
    images = node.make("Reshape", windows, stacked)
    filters = node.make("Reshape", weights, node.integers("filters", outputs, each * taps, *kernel))
    bias = [node.operand(2)] if node.has(2) else []
    found = node.make("Conv", images, filters, *bias, **_plane_attributes(node))
    rows, columns = _plane_outputs(node, (height, width), kernel)
    lines = node.integers("lines", batch, planes, outputs, rows * columns)
    volumes = node.make("Transpose", node.make("Reshape", found, lines), perm=[0, 2, 1, 3])
    result = node.integers("shape", batch, outputs, planes, rows, columns)
    node.make("Reshape", volumes, result, output=node.output())


def _values(node: Expansion, name: str, default: int) -> list[int]:
    """An attribute with one number for each axis."""
    values = node.attribute(name, [default] * SPATIAL)
    if len(values) != SPATIAL:
        raise UnsupportedForm(f"its {name} are {values}", f"{SPATIAL} {name}")
    return values


def _pads(node: Expansion) -> list[int]:
    pads = node.attribute("pads", [0] * (2 * SPATIAL))
    if len(pads) != 2 * SPATIAL or min(pads) < 0:
        raise UnsupportedForm(f"its pads are {pads}", f"{2 * SPATIAL} pads of at least 0")
    return pads


def _depth_pads(node: Expansion, depth: int, stride: int, reach: int) -> tuple[int, int]:
    """Planes of zeros before and after the input."""
    policy = node.attribute("auto_pad", "NOTSET")
    if policy.startswith("SAME"):
        total = max(0, (-(-depth // stride) - 1) * stride + reach - depth)
        less, more = total // 2, total - total // 2
        return (less, more) if policy == "SAME_UPPER" else (more, less)
    if policy == "VALID":
        return 0, 0
    pads = _pads(node)
    return pads[0], pads[SPATIAL]


def _planes(
    node: Expansion, x: str, indices: np.ndarray[Any, Any], depth: int, before: int, after: int
) -> str:
    """The planes with these indices, of x [..., depth, pixels] between planes of zeros."""
    if before or after:
        x = node.make("Pad", x, node.integers("pads", 0, before, 0, 0, after, 0))
    count = len(indices)
    if not np.array_equal(indices, np.arange(count)):
        return node.make("Gather", x, node.add_constant("read", indices.astype(np.int64)), axis=1)
    if count < before + depth + after:
        bounds = (("start", 0), ("end", count), ("axis", 1))
        return node.make("Slice", x, *(node.integers(role, value) for role, value in bounds))
    return x


def _plane_attributes(node: Expansion) -> dict[str, Any]:
    """The attributes of the convolution of images."""
    made = node.copied("auto_pad", "group")
    for name in PER_AXIS:
        if name in node.copied(name):
            made[name] = _values(node, name, 1)[1:]
    if any(_pads(node)):
        made["pads"] = [pad for i, pad in enumerate(_pads(node)) if i % SPATIAL]
    return made


def _plane_outputs(node: Expansion, extents: tuple[int, int], kernel: list[int]) -> tuple[int, int]:
    """Height and width of the result."""
    policy = node.attribute("auto_pad", "NOTSET")
    strides, dilations = (_values(node, name, 1)[1:] for name in ("strides", "dilations"))
    if min(*strides, *dilations) < 1:
        raise UnsupportedForm(
            f"its strides are {strides}, its dilations {dilations}", "positive ones"
        )
    found: list[int] = []
    for axis, extent in enumerate(extents):
        if policy.startswith("SAME"):
            found.append(-(-extent // strides[axis]))
            continue
        reach = dilations[axis] * (kernel[axis] - 1) + 1
        pads = _pads(node)
        padded = extent if policy == "VALID" else extent + pads[axis + 1] + pads[axis + 1 + SPATIAL]
        found.append((padded - reach) // strides[axis] + 1)
    return found[0], found[1]
