"""Col2Im: sums of overlapping blocks."""

from __future__ import annotations

from math import prod

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.ir import Array


@expansion("Col2Im", description="1-D and 2-D; constant image_shape and block_shape; float32")
def expand_col2im(node: Expansion) -> None:
    """A transposed convolution whose weights put each row of a block at its place."""
    x = node.required(0, "input")
    image, block = (_extents(node, i, n) for i, n in ((1, "image_shape"), (2, "block_shape")))
    spatial = len(image)
    strides = node.attribute("strides", [1] * spatial)
    dilations = node.attribute("dilations", [1] * spatial)
    pads = node.attribute("pads", [0] * (2 * spatial))
    batch, rows, blocks = node.shape(x)
    taps = prod(block)
    if spatial not in (1, 2) or len(block) != spatial or rows % taps:
        raise UnsupportedForm(
            f"its blocks are {block}, its image is {image}, and {x!r} has {rows} rows",
            "1-D and 2-D images, and as many rows as channels times elements of a block",
        )
    reach = [
        image[i] + pads[i] + pads[spatial + i] - dilations[i] * (block[i] - 1) - 1
        for i in range(spatial)
    ]
    counts = [reach[i] // strides[i] + 1 for i in range(spatial)]
    if min(reach) < 0 or prod(counts) != blocks:
        raise UnsupportedForm(f"it has {blocks} blocks", f"{' * '.join(map(str, counts))} blocks")
    channels = rows // taps
    split = node.make("Reshape", x, node.integers("blocks", batch, rows, *counts))
    weights = np.tile(np.eye(taps, dtype=np.float32), (channels, 1))
    placed = node.add_constant("weights", weights.reshape(rows, 1, *block))
    node.make(
        "ConvTranspose",
        split,
        placed,
        output=node.output(),
        group=channels,
        kernel_shape=block,
        strides=strides,
        dilations=dilations,
        pads=pads,
        output_padding=[reach[i] % strides[i] for i in range(spatial)],
    )


def _extents(node: Expansion, index: int, what: str) -> list[int]:
    data: Array = node.required_constant(index, what, f"make {what} a constant")
    return [int(extent) for extent in data.reshape(-1)]
