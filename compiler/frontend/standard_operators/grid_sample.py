"""GridSample: an image read at positions that are computed at run time."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import OLDEST_FORM as OPERATORS
from compiler.frontend.expansion import Expansion, expansion

MODES = {"bilinear": "linear", "linear": "linear", "nearest": "nearest"}
"""Names in operator set 16 and from 20 on."""

PADDINGS = ("zeros", "border", "reflection")


@expansion(
    "GridSample",
    description="2-D images, bilinear and nearest; padding zeros, border, reflection; either "
    "align_corners",
    opset=max(16, OPERATORS),
)
def expand_grid_sample(node: Expansion) -> None:
    """Sums of the four pixels around a position, each times its weight."""
    image, grid = node.required(0, "X"), node.required(1, "grid")
    mode, padding = node.attribute("mode", "linear"), node.attribute("padding_mode", "zeros")
    if mode not in MODES:
        raise UnsupportedForm(f"its mode is {mode}", "modes linear and nearest")
    if padding not in PADDINGS:
        raise UnsupportedForm(f"its padding_mode is {padding}", ", ".join(PADDINGS))
    shape = node.shape(image)
    if len(shape) != 4:
        raise UnsupportedForm(f"its image has {len(shape) - 2} spatial axes", "2-D images")
    height, width = shape[2:]
    nearest = MODES[mode] == "nearest"
    pixels = node.make("Transpose", image, perm=[0, 2, 3, 1])
    axes = [
        _Axis(node, _position(node, grid, index, extent, padding, nearest), extent, padding)
        for index, extent in ((1, height), (0, width))
    ]
    if nearest:
        parts = [_read(node, pixels, [axis.corner(0) for axis in axes])]
    else:
        corners = [[axis.corner(side) for side in (0, 1)] for axis in axes]
        parts = [_read(node, pixels, [row, column]) for row in corners[0] for column in corners[1]]
    total = parts[0]
    for part in parts[1:]:
        total = node.make("Add", total, part)
    node.make("Transpose", total, output=node.output(), perm=[0, 3, 1, 2])


@dataclass(frozen=True)
class _Corner:
    index: str
    """int64 [batch, height, width], inside of the image."""
    weight: str
    """float32 of the same shape; empty: 1."""


@dataclass
class _Axis:
    node: Expansion
    position: str
    extent: int
    padding: str

    def corner(self, side: int) -> _Corner:
        """The pixel below the position (0) or above it (1), and what it counts for."""
        node = self.node
        whole = node.make("Floor", self.position)
        rest = node.make("Sub", self.position, whole)
        weight = rest
        if side:
            whole = node.make("Add", whole, node.real("one", 1.0))
        else:
            weight = node.make("Sub", node.real("one", 1.0), rest)
        low, high = node.real("first", 0.0), node.real("last", float(self.extent - 1))
        inside = node.make("Clip", whole, low, high)
        if self.padding == "zeros":
            same = node.make("Equal", inside, whole)
            weight = node.make("Where", same, weight, node.real("nothing", 0.0))
        return _Corner(node.make("Cast", inside, to=TensorProto.INT64), weight)


def _position(
    node: Expansion, grid: str, index: int, extent: int, padding: str, nearest: bool
) -> str:
    """Where the grid points to on one axis, in pixels; the grid has -1 to 1.

    `nearest`: rounded to a pixel, before it is reflected.
    """
    at = node.make("Gather", grid, node.integers("component", index), axis=-1)
    at = node.make("Squeeze", at, node.integers("axis", -1))
    aligned = node.attribute("align_corners", 0)
    # From the middle of the first pixel to that of the last, or between their outer edges.
    span, first = (extent - 1, 0.0) if aligned else (extent, -0.5)
    shifted = node.make("Add", at, node.real("one", 1.0))
    scaled = node.make("Mul", shifted, node.real("half", span / 2))
    position = scaled if aligned else node.make("Add", scaled, node.real("edge", first))
    if nearest:
        position = node.make("Round", position)
    if padding == "zeros":
        # Farther positions are outside too; so they are numbers that int64 has.
        low, high = node.real("before", -2.0), node.real("behind", extent + 1.0)
        return node.make("Clip", position, low, high)
    if padding == "reflection" and span > 0:
        # |((p - first) mod 2 span) folded at span| + first
        distance = node.make("Abs", node.make("Sub", position, node.real("edge", first)))
        around = node.make("Mod", distance, node.real("period", 2.0 * span), fmod=1)
        back = node.make("Sub", node.real("period", 2.0 * span), around)
        position = node.make("Add", node.make("Min", around, back), node.real("edge", first))
    return node.make("Clip", position, node.real("first", 0.0), node.real("last", extent - 1.0))


def _read(node: Expansion, pixels: str, corners: list[_Corner]) -> str:
    """[batch, height, width, channels] at one corner, times its weight."""
    last = node.integers("last_axis", -1)
    indices = [node.make("Unsqueeze", corner.index, last) for corner in corners]
    places = node.make("Concat", *indices, axis=-1)
    found = node.make("GatherND", pixels, places, batch_dims=1)
    weight = node.make("Mul", corners[0].weight, corners[1].weight)
    return node.make("Mul", found, node.make("Unsqueeze", weight, last))
