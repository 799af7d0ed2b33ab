"""Rotary position embeddings."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN

ROTARY_EMBEDDING = 23
"""The operator set that has RotaryEmbedding."""


@expansion(
    "RotaryEmbedding",
    domain=CONTRIB_DOMAIN,
    description="3D or 4D; a position for each token, or that of the first one",
    opset=ROTARY_EMBEDDING,
    attributes=(
        *("interleaved", "is_packed_batching", "num_heads", "rotary_embedding_dim", "scale"),
    ),
    ranks={0: (3, 4), 1: (1, 2), 2: (2,), 3: (2,)},
)
def expand_rotary_embedding(node: Expansion) -> None:
    if node.attribute("scale", 1.0) != 1.0:
        raise UnsupportedForm(f"its scale is {node.attribute('scale', 1.0):g}", "scale 1")
    if node.attribute("is_packed_batching", 0):
        raise UnsupportedForm("its batches are packed", "tensors [batch, tokens, ...]")
    x, positions = node.required(0, "input"), node.required(1, "position_ids")
    cos, sin = node.required(2, "cos_cache"), node.required(3, "sin_cache")
    shape = node.shape(x)
    batch, tokens = shape[0], shape[-2] if len(shape) == 4 else shape[1]
    if len(node.shape(positions)) == 1:
        steps = node.add_constant("steps", np.arange(tokens, dtype=np.int64)[None])
        first = node.make("Cast", positions, to=TensorProto.INT64)
        moved = node.make("Add", first, steps)
        positions = node.make("Expand", moved, node.integers("shape", batch, tokens))
    size = 2 * node.shape(cos)[-1]
    heads = node.attribute("num_heads", 0)
    rotated = node.attribute("rotary_embedding_dim", 0)
    if not size:
        raise UnsupportedForm(f"its cos_cache {cos!r} has no columns", "one for each pair")
    if len(shape) == 3 and not heads:
        heads = shape[-1] // size
    rotate(node, x, cos, sin, positions, heads if len(shape) == 3 else 0, rotated, node.output())


def rotate(
    node: Expansion,
    x: str,
    cos: str,
    sin: str,
    positions: str,
    heads: int,
    rotated: int,
    output: str = "",
) -> str:
    """ONNX's RotaryEmbedding of x, at int64 `positions` [batch, tokens].

    Args:
        heads: of a 3D tensor, else 0.
        rotated: elements of each head that are rotated; 0: all.
    """
    return node.make(
        "RotaryEmbedding",
        x,
        cos,
        sin,
        positions,
        output=output,
        interleaved=node.attribute("interleaved", node.attribute("rotary_interleaved", 0)),
        num_heads=heads,
        rotary_embedding_dim=rotated,
    )
