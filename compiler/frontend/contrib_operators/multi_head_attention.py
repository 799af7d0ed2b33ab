"""Attention of operands that others project."""

from __future__ import annotations

from compiler.errors import UnsupportedForm
from compiler.frontend.contrib_operators.attention_parts import (
    ATTENTION,
    additive_mask,
    attend,
    merge_heads,
    number_of_heads,
    score_factor,
    split_heads,
)
from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN


@expansion(
    "MultiHeadAttention",
    domain=CONTRIB_DOMAIN,
    description="query, key and value of their own, packed, or 4D keys and values; bias; masks "
    "[batch], [2 * batch], [batch, keys] and [batch, queries, keys]; numbers added to the scores; "
    "causal or not; with or without past and present",
    opset=ATTENTION,
    attributes=("mask_filter_value", "num_heads", "scale", "unidirectional"),
    ranks={0: (3, 5), 1: (3, 4, 5), 2: (3, 4), 3: (1,), 5: (4,), 6: (4,), 7: (4,)},
)
def expand_multi_head_attention(node: Expansion) -> None:
    for index, name in ((8, "past_sequence_length"), (9, "cache_indirection")):
        if node.has(index):
            raise UnsupportedForm(
                f"its operand {name} is used",
                "past_key and past_value of their own length",
                "export the model without shared buffers",
            )
    if node.output(3):
        raise UnsupportedForm("its output qk is used", "the attention, and present keys and values")
    heads = number_of_heads(node)
    batch, tokens = node.shape(node.required(0, "query"))[:2]
    parts, keys, head_size = _heads(node, batch, tokens, heads)
    query, key, value = parts
    for role, index in (("key", 6), ("value", 7)):
        name = node.output(1 if role == "key" else 2)
        new = key if role == "key" else value
        if node.has(index):
            new = node.make("Concat", node.operand(index), new, axis=2, output=name)
        elif name:
            new = node.make("Identity", new, output=name)
        key, value = (new, value) if role == "key" else (key, new)
    if node.has(6) != node.has(7):
        raise UnsupportedForm("it has one of past_key and past_value", "both or none")
    causal = bool(node.attribute("unidirectional", 0))
    if causal and tokens not in (1, keys):
        # Counted from the first or the last key: even onnxruntime does both.
        raise UnsupportedForm(
            f"it is unidirectional, with {tokens} queries and {keys} new keys",
            "one query, or as many as new keys",
            "say by a mask which keys each query sees",
        )
    keys += node.shape(node.operand(6))[2] if node.has(6) else 0
    masks = [additive_mask(node, 4, batch, tokens, keys)] if node.has(4) else []
    masks += [node.operand(5)] if node.has(5) else []
    scale = score_factor(node, head_size)
    extents = (tokens, keys) if causal else None
    y = attend(node, (query, key, value), scale=scale, masks=masks, causal=extents)
    merge_heads(node, y, batch, tokens, node.output())


def _heads(
    node: Expansion, batch: int, tokens: int, heads: int
) -> tuple[tuple[str, str, str], int, int]:
    """((query, key, value) as [batch, heads, tokens, size], number of keys, size of a head)."""
    query, rank = node.operand(0), len(node.shape(node.operand(0)))
    if rank == 5:
        _refuse_bias(node, "packed operands")
        packed = _unpacked(node, query, 3)
        return (packed[0], packed[1], packed[2]), tokens, node.shape(query)[4]
    size = node.shape(query)[2]
    if size % heads:
        raise UnsupportedForm(f"{heads} heads share {size} elements", "heads of equal size")
    key = node.required(1, "key")
    if len(node.shape(key)) == 5:
        _refuse_bias(node, "packed operands")
        packed = _unpacked(node, key, 2)
        q = split_heads(node, query, batch, tokens, heads)
        return (q, packed[0], packed[1]), node.shape(key)[1], size // heads
    value = node.required(2, "value")
    if len(node.shape(value)) != len(node.shape(key)):
        raise UnsupportedForm(
            f"its key has shape {list(node.shape(key))} and its value {list(node.shape(value))}",
            "a key and a value with as many axes",
        )
    if len(node.shape(key)) == 4:
        keys = node.shape(key)[2]
        if node.has(3):
            # Keys and values come from elsewhere, with their bias.
            query = node.make("Add", query, _biases(node, size, size)[0])
        q = split_heads(node, query, batch, tokens, heads)
        return (q, key, value), keys, size // heads
    keys = node.shape(key)[1]
    names = [query, key, value]
    if node.has(3):
        biases = _biases(node, size, node.shape(key)[2])
        names = [node.make("Add", x, b) for x, b in zip(names, biases, strict=True)]
    counts = (tokens, keys, keys)
    q, k, v = (
        split_heads(node, x, batch, count, heads) for x, count in zip(names, counts, strict=True)
    )
    return (q, k, v), keys, size // heads


def _biases(node: Expansion, query: int, key: int) -> list[str]:
    """The parts of operand 3 that belong to query, key and value."""
    bias = node.operand(3)
    sizes = node.integers("sizes", query, key, node.shape(bias)[0] - query - key)
    return node.make_all("Split", [bias, sizes], ["", "", ""], axis=0)


def _refuse_bias(node: Expansion, what: str) -> None:
    if node.has(3):
        raise UnsupportedForm(f"it has a bias for {what}", "a bias for operands of their own")


def _unpacked(node: Expansion, tensor: str, parts: int) -> list[str]:
    """The parts of [batch, tokens, heads, parts, size], each [batch, heads, tokens, size]."""
    sizes = node.integers("parts", *[1] * parts)
    axis = node.integers("axis", 3)
    split = node.make_all("Split", [tensor, sizes], [""] * parts, axis=3)
    return [node.make("Transpose", node.make("Squeeze", x, axis), perm=[0, 2, 1, 3]) for x in split]
