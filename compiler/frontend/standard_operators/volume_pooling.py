"""Pooling over three spatial axes: first over two of them, then over the third."""

from __future__ import annotations

from math import prod
from typing import Any

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion

SPATIAL = 3
DESCRIPTION = "3-D, as 2-D and 1-D"


def _is_volume(node: Expansion) -> bool:
    return node.has(0) and len(node.shape(node.operand(0))) == SPATIAL + 2


@expansion(
    *("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"),
    description=DESCRIPTION,
    applies=_is_volume,
)
def expand_global_pool(node: Expansion) -> None:
    x = node.operand(0)
    batch, channels, *volume = node.shape(x)
    line = node.make("Reshape", x, node.integers("line", batch, channels, prod(volume)))
    pooled = node.make(node.node.op_type, line, **node.copied("p"))
    shape = node.integers("shape", batch, channels, *([1] * SPATIAL))
    node.make("Reshape", pooled, shape, output=node.output())


@expansion("AveragePool", "LpPool", "MaxPool", description=DESCRIPTION, applies=_is_volume)
def expand_pool(node: Expansion) -> None:
    """A window's mean is the mean of its planes' means: all of them have as many elements.

    Likewise its norm is the norm of their norms.
    """
    node.refuse_outputs(["Indices"])
    x = node.operand(0)
    batch, channels, depth, height, width = node.shape(x)
    kernel = node.attribute("kernel_shape", list[int]())
    if len(kernel) != SPATIAL:
        raise UnsupportedForm(f"its kernel_shape is {kernel}", f"{SPATIAL} extents")
    planes = node.integers("planes", batch, channels * depth, height, width)
    pooled = node.make(
        node.node.op_type, node.make("Reshape", x, planes), **_part(node, kernel, (1, 2))
    )
    out_height, out_width = (
        _outputs(node, axis, extent, kernel[axis]) for axis, extent in ((1, height), (2, width))
    )
    columns = node.integers("columns", batch, channels, depth, out_height * out_width)
    part = {name: _with_width(name, value) for name, value in _part(node, kernel, (0,)).items()}
    pooled = node.make(node.node.op_type, node.make("Reshape", pooled, columns), **part)
    out_depth = _outputs(node, 0, depth, kernel[0])
    shape = node.integers("shape", batch, channels, out_depth, out_height, out_width)
    node.make("Reshape", pooled, shape, output=node.output())


def _per_axis(node: Expansion, name: str) -> list[int]:
    return node.attribute(name, [1] * SPATIAL)


def _pads(node: Expansion) -> list[int]:
    return node.attribute("pads", [0] * (2 * SPATIAL))


def _part(node: Expansion, kernel: list[int], axes: tuple[int, ...]) -> dict[str, Any]:
    """The attributes of a pool over some of the axes."""
    pads = _pads(node)
    made: dict[str, Any] = {
        "kernel_shape": [kernel[axis] for axis in axes],
        **node.copied("auto_pad", "ceil_mode", "count_include_pad", "p"),
    }
    for name in ("strides", "dilations"):
        values = _per_axis(node, name)
        if values != [1] * SPATIAL:
            made[name] = [values[axis] for axis in axes]
    if any(pads):
        made["pads"] = [pads[axis + side] for side in (0, SPATIAL) for axis in axes]
    return made


def _with_width(name: str, value: Any) -> Any:
    """An attribute of a 1-D pool as that of a 2-D one, whose second axis is left alone."""
    if name == "pads":
        return [value[0], 0, value[1], 0]
    return [*value, 1] if isinstance(value, list) else value


def _outputs(node: Expansion, axis: int, extent: int, kernel: int) -> int:
    """How many windows there are on an axis."""
    stride, dilation = (_per_axis(node, name)[axis] for name in ("strides", "dilations"))
    pads = _pads(node)
    before, after = pads[axis], pads[axis + SPATIAL]
    policy = node.attribute("auto_pad", "NOTSET")
    if policy.startswith("SAME"):
        return -(-extent // stride)
    reach = extent + (before + after if policy == "NOTSET" else 0) - dilation * (kernel - 1) - 1
    if not node.attribute("ceil_mode", 0):
        return reach // stride + 1
    outputs = -(-reach // stride) + 1
    # A window that begins behind the input and the padding before it is none.
    return outputs - 1 if (outputs - 1) * stride >= extent + before else outputs
