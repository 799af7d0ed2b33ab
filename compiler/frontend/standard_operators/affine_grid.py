"""AffineGrid: positions of an image's pixels, transformed; a product with constant positions."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from compiler.errors import UnsupportedForm
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES
from compiler.frontend.expansion import Expansion, expansion


@expansion(
    "AffineGrid",
    description="2-D and 3-D images; constant size; either align_corners; float32",
    opset=20,
)
def expand_affine_grid(node: Expansion) -> None:
    """theta [batch, axes, axes + 1] times (x, y, 1) or (x, y, z, 1) of every pixel."""
    theta = node.required(0, "theta")
    if node.element(theta) != TensorProto.FLOAT:
        found = helper.tensor_dtype_to_np_dtype(node.element(theta))
        raise UnsupportedForm(f"its theta is {found}", "float32", "cast theta to float32")
    size = node.required_constant(1, "size", "make it a constant: the static shape of the images")
    extents = [int(extent) for extent in size.reshape(-1)]
    batch, image = (extents[0], extents[2:]) if extents else (0, [])
    axes = len(image)
    shape = node.shape(theta)
    if axes not in (2, 3) or shape != (batch, axes, axes + 1) or min(image) < 1:
        raise UnsupportedForm(
            f"its size is {size.tolist()}, its theta has shape {list(shape)}",
            "[batch, channels, height, width] with theta [batch, 2, 3], or [batch, channels, "
            "depth, height, width] with theta [batch, 3, 4]",
        )
    aligned = bool(node.attribute("align_corners", 0))
    if aligned and 1 in image:
        raise UnsupportedForm(
            f"its size is {size.tolist()}, and align_corners is 1",
            "extents of 2 and more between aligned corners",
            "use align_corners=0, for which one pixel has a position",
        )
    if prod(image) * (axes + 1) * np.dtype(np.float64).itemsize > MAXIMUM_FOLDED_BYTES:
        raise UnsupportedForm(f"its size is {size.tolist()}", "smaller images")
    lines = [_positions(extent, aligned=aligned) for extent in image]
    # The last axis of an image is x, the first coordinate.
    places = np.meshgrid(*lines, indexing="ij")[::-1]
    pixels = np.stack([*(place.reshape(-1) for place in places), np.ones(prod(image))], -1)
    grid = node.add_constant("pixels", pixels.astype(np.float32))
    product = node.make("MatMul", grid, node.make("Transpose", theta, perm=[0, 2, 1]))
    result = node.integers("shape", batch, *image, axes)
    node.make("Reshape", product, result, output=node.output())


def _positions(extent: int, *, aligned: bool) -> NDArray[np.float64]:
    """Of pixels on one axis: between their outer edges at -1 and 1, or from -1 to 1."""
    index = np.arange(extent, dtype=np.float64)
    return 2 * index / (extent - 1) - 1 if aligned else (2 * index + 1) / extent - 1
