"""Attention that projects its own operands."""

from __future__ import annotations

from onnx import TensorProto

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
from compiler.frontend.qoperator.integer_products import integer_matmul
from compiler.operators.registry import CONTRIB_DOMAIN

COMMON = (
    *("do_rotary", "mask_filter_value", "num_heads", "past_present_share_buffer"),
    *("scale", "unidirectional"),
)
DESCRIPTION = (
    "masks [batch], [2 * batch], [batch, keys] and [batch, queries, keys], causal or not, with or "
    "without past and present"
)


@expansion(
    "Attention",
    domain=CONTRIB_DOMAIN,
    description=f"{DESCRIPTION}; numbers added to the scores",
    opset=ATTENTION,
    attributes=(*COMMON, "qkv_hidden_sizes", "rotary_embedding_dim"),
    ranks={0: (3,), 1: (2,), 2: (1,), 4: (5,), 5: (4,)},
)
def expand_attention(node: Expansion) -> None:
    _refuse_variants(node)
    x, weights = node.required(0, "input"), node.required(1, "weights")
    projected = node.make("MatMul", x, weights)
    if node.has(2):
        projected = node.make("Add", projected, node.operand(2))
    columns = node.shape(weights)[1]
    sizes = node.attribute("qkv_hidden_sizes", list[int]()) or [columns // 3] * 3
    if len(sizes) != 3 or sum(sizes) != columns:
        raise UnsupportedForm(
            f"its qkv_hidden_sizes are {sizes}, and its weights have {columns} columns",
            "three sizes that make up the columns",
        )
    _expand(node, projected, sizes, mask=3, past=4, bias=5)


@expansion(
    "QAttention",
    domain=CONTRIB_DOMAIN,
    description=f"int8 or uint8 input and weights; {DESCRIPTION}",
    opset=ATTENTION,
    attributes=COMMON,
    ranks={0: (3,), 1: (2,), 2: (1,), 8: (5,), 9: (4,)},
)
def expand_quantised_attention(node: Expansion) -> None:
    _refuse_variants(node)
    x, weights = node.required(0, "input"), node.required(1, "weight")
    sums = node.make("Cast", integer_matmul(node, x, weights, (6, 7)), to=TensorProto.FLOAT)
    scale = node.make("Mul", node.required(3, "input_scale"), node.required(4, "weight_scale"))
    projected = node.make("Add", node.make("Mul", sums, scale), node.required(2, "bias"))
    columns = node.shape(weights)[1]
    _expand(node, projected, [columns // 3] * 3, mask=5, past=8, bias=9)


def _refuse_variants(node: Expansion) -> None:
    for name, advice in (
        ("do_rotary", "rotate with RotaryEmbedding, or use GroupQueryAttention"),
        ("past_present_share_buffer", "export the model with past and present of their own"),
    ):
        if node.attribute(name, 0):
            raise UnsupportedForm(f"its attribute {name!r} is 1", f"{name} 0", advice)


def _expand(
    node: Expansion, projected: str, sizes: list[int], *, mask: int, past: int, bias: int
) -> None:
    """All behind the projection; `mask`, `past` and `bias` are indices of operands."""
    batch, tokens, _ = node.shape(node.operand(0))
    heads = number_of_heads(node)
    if any(size % heads for size in sizes) or sizes[0] != sizes[1]:
        raise UnsupportedForm(
            f"it has {heads} heads for sizes {sizes}",
            "sizes that are multiples of the number of heads, the same for queries and keys",
        )
    query, key, value = node.make_all(
        "Split", [projected, node.integers("sizes", *sizes)], ["", "", ""], axis=2
    )
    keys, four_axes = tokens, node.has(past) or bool(node.output(1))
    if four_axes:
        query, key, value = (
            split_heads(node, x, batch, tokens, heads) for x in (query, key, value)
        )
        key, value, keys = _with_past(node, key, value, past, tokens)
    masks = [additive_mask(node, mask, batch, tokens, keys)] if node.has(mask) else []
    masks += [node.operand(bias)] if node.has(bias) else []
    causal = (tokens, keys) if node.attribute("unidirectional", 0) else None
    scale = score_factor(node, sizes[0] // heads)
    operands = (query, key, value)
    if four_axes:
        y = attend(node, operands, scale=scale, masks=masks, causal=causal)
        merge_heads(node, y, batch, tokens, node.output())
    else:
        pair = (heads, heads)
        attend(
            node,
            operands,
            scale=scale,
            masks=masks,
            causal=causal,
            heads=pair,
            output=node.output(),
        )


def _with_past(
    node: Expansion, key: str, value: str, past: int, tokens: int
) -> tuple[str, str, int]:
    """(keys, values, their number) behind those of operand `past`; `present` is made of them."""
    keys = tokens
    first = node.integers("first", 0)
    if node.has(past):
        keys += node.shape(node.operand(past))[3]
        halves = node.make_all("Split", [node.operand(past), node.integers("ones", 1, 1)], ["", ""])
        old = [node.make("Squeeze", half, first) for half in halves]
        key, value = (
            node.make("Concat", before, new, axis=2)
            for before, new in zip(old, (key, value), strict=True)
        )
    if node.output(1):
        both = [node.make("Unsqueeze", x, first) for x in (key, value)]
        node.make("Concat", *both, axis=0, output=node.output(1))
    return key, value, keys
