"""What onnxruntime's kinds of attention have in common: heads, masks, and ONNX's Attention."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from onnx import TensorProto

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion

ATTENTION = 24
"""The operator set that has Attention with the number of keys as an operand."""

MASK_FILTER_VALUE = -10000.0
"""What is added to the scores of masked keys."""

HIDDEN = float(-np.finfo(np.float32).max / 2)
"""What is added to scores of keys that a query never sees: their weights are 0, whatever else is
added."""


def split_heads(node: Expansion, x: str, batch: int, tokens: int, heads: int) -> str:
    """[batch, tokens, heads * size] as [batch, heads, tokens, size]."""
    shape = node.integers("split_shape", batch, tokens, heads, -1)
    return node.make("Transpose", node.make("Reshape", x, shape), perm=[0, 2, 1, 3])


def merge_heads(node: Expansion, x: str, batch: int, tokens: int, output: str) -> str:
    """The reverse of `split_heads`."""
    shape = node.integers("merged_shape", batch, tokens, -1)
    return node.make("Reshape", node.make("Transpose", x, perm=[0, 2, 1, 3]), shape, output=output)


def score_factor(node: Expansion, head_size: int) -> float:
    """What scores are multiplied by: attribute `scale`, 0 for the usual one."""
    if head_size < 1:
        raise UnsupportedForm("its heads have no elements", "heads of one element or more")
    return node.attribute("scale", 0.0) or 1.0 / sqrt(head_size)


def number_of_heads(node: Expansion, name: str = "num_heads") -> int:
    """A positive attribute that is a number of heads."""
    heads = node.attribute(name, 0)
    if heads < 1:
        raise UnsupportedForm(f"its {name} is {heads}", "a positive number of heads")
    return heads


def additive_mask(node: Expansion, index: int, batch: int, queries: int, keys: int) -> str:
    """Operand `index`, a mask of integers, as numbers to add to scores [batch, ..., keys].

    It says for each key whether it is to be seen: [batch, keys], or [batch, queries, keys]; or
    how many keys are, [batch]; or their ends and starts, [2 * batch].
    """
    mask = node.operand(index)
    shape = node.shape(mask)
    if shape in ((batch, keys), (batch, queries, keys)):
        zero = node.add_constant("zero", np.zeros((), np.int32))
        wide = node.make("Cast", mask, to=TensorProto.INT32)
        seen = node.make("Greater", wide, zero)
    elif shape in ((batch,), (2 * batch,)):
        indices = node.add_constant("keys", np.arange(keys, dtype=np.int32)[None])
        wide = node.make("Cast", mask, to=TensorProto.INT32)
        column = node.integers("column", -1, 1)
        bounds = node.make("Reshape", wide, column)
        if shape == (batch,):
            seen = node.make("Less", indices, bounds)
        else:
            sizes = node.integers("halves", batch, batch)
            ends, starts = node.make_all("Split", [bounds, sizes], ["", ""], axis=0)
            seen = node.make(
                "And",
                node.make("Less", indices, ends),
                node.make("GreaterOrEqual", indices, starts),
            )
        shape = (batch, keys)
    else:
        raise UnsupportedForm(
            f"its mask {mask!r} has shape {list(shape)}",
            f"masks [{batch}, {keys}], [{batch}, {queries}, {keys}], [{batch}] and [{2 * batch}]",
        )
    value = node.attribute("mask_filter_value", MASK_FILTER_VALUE)
    added = node.make("Where", seen, node.real("seen", 0.0), node.real("masked", value))
    rows = queries if len(shape) == 3 else 1
    return node.make("Reshape", added, node.integers("mask_shape", batch, 1, rows, keys))


def causal_mask(queries: int, keys: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which of the keys each query sees, bool [queries, keys]: the last query sees all."""
    return np.tri(queries, keys, keys - queries, dtype=np.bool_)


def attend(
    node: Expansion,
    operands: tuple[str, str, str],
    *,
    scale: float,
    masks: list[str],
    causal: tuple[int, int] | None,
    heads: tuple[int, int] | None = None,
    output: str = "",
    softcap: float = 0.0,
) -> str:
    """ONNX's Attention of query, key and value.

    Args:
        masks: numbers to add to the scores, which broadcast to [batch, heads, queries, keys].
        causal: numbers of queries and keys if a query does not see the keys behind its own.
        heads: of queries and of keys if operands are 3D.
    """
    mask = ""
    if masks:
        mask = masks[0]
        for other in masks[1:]:
            mask = node.make("Add", mask, other)
        if causal is not None:
            added = np.where(causal_mask(*causal), 0.0, HIDDEN).astype(np.float32)
            mask = node.make("Add", mask, node.add_constant("causal", added))
    elif causal is not None and causal[0] > 1:
        mask = node.add_constant("causal", causal_mask(*causal))
    attributes: dict[str, Any] = {"scale": scale}
    if heads is not None:
        attributes |= {"q_num_heads": heads[0], "kv_num_heads": heads[1]}
    if softcap:
        attributes["softcap"] = softcap
    inputs = [*operands, *([mask] if mask else [])]
    return node.make("Attention", *inputs, output=output, **attributes)
