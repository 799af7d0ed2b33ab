"""The embeddings that models of the BERT kind begin with."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from compiler.errors import UnsupportedForm
from compiler.frontend.contrib_operators.normalization import LAYER_NORMALIZATION, SKIP_EPSILON
from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.quantised import dequantised_by
from compiler.operators.registry import CONTRIB_DOMAIN

TABLES = ("word_embedding", "position_embedding", "segment_embedding", "gamma", "beta")
"""What operands 2 to 6 are."""

RANKS = {0: (2,), 1: (2,), 2: (2,), 3: (2,), 4: (2,), 5: (1,), 6: (1,), 7: (2,)}
"""Of the operands."""


@expansion(
    "EmbedLayerNormalization",
    domain=CONTRIB_DOMAIN,
    description="sums of word, position and segment embeddings, normalised; the sum and the "
    "number of tokens that the mask admits may be results",
    opset=LAYER_NORMALIZATION,
    attributes=("epsilon", "mask_index_type"),
    ranks=RANKS | {8: (2,)},
)
def expand_embedding(node: Expansion) -> None:
    tables = {role: node.operand(index) for index, role in enumerate(TABLES, 2)}
    _expand(node, tables, positions=node.operand(8))


@expansion(
    "QEmbedLayerNormalization",
    domain=CONTRIB_DOMAIN,
    description="EmbedLayerNormalization of quantised tables and factors",
    opset=LAYER_NORMALIZATION,
    attributes=("epsilon",),
    ranks=RANKS,
)
def expand_quantised_embedding(node: Expansion) -> None:
    tables = {
        role: dequantised_by(node, index, index + 6, index + 11) if node.has(index) else ""
        for index, role in enumerate(TABLES, 2)
    }
    _expand(node, tables, positions="")


def _expand(node: Expansion, tables: dict[str, str], *, positions: str) -> None:
    """The node with these tables and factors, as real numbers."""
    tokens = node.required(0, "input_ids")
    if node.has(1) != bool(tables["segment_embedding"]):
        # onnxruntime adds the first row where tokens have no segments.
        raise UnsupportedForm("it has one of segment_ids and segment_embedding", "both or none")
    batch, length = node.shape(tokens)
    total = node.make("Gather", tables["word_embedding"], tokens)
    positions = positions or node.integers("positions", *range(length))
    parts = [node.make("Gather", tables["position_embedding"], positions)]
    if node.has(1):
        parts.append(node.make("Gather", tables["segment_embedding"], node.operand(1)))
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        total = node.make("Add", total, part, output=node.output(2) if last else "")
    node.make(
        "LayerNormalization",
        total,
        tables["gamma"],
        tables["beta"],
        output=node.output(),
        axis=-1,
        epsilon=node.attribute("epsilon", SKIP_EPSILON),
    )
    if node.output(1):
        _mask_index(node, batch)


def _mask_index(node: Expansion, batch: int) -> None:
    """How many tokens of each sequence the mask admits; zeros if there is no mask."""
    if node.attribute("mask_index_type", 1) != 1 and node.has(7):
        raise UnsupportedForm("its mask_index_type is not 1", "the number of admitted tokens")
    if not node.has(7):
        zeros = node.add_constant("mask_index", np.zeros(batch, np.int32))
        node.make("Identity", zeros, output=node.output(1))
        return
    # Other numbers than 0 and 1 admit no token either.
    mask = node.make("Cast", node.operand(7), to=TensorProto.INT32)
    admitted = node.make("Equal", mask, node.add_constant("one", np.int32(1)))
    mask = node.make("Cast", admitted, to=TensorProto.INT32)
    axes = node.integers("axes", 1)
    node.make("ReduceSum", mask, axes, output=node.output(1), keepdims=0)
