"""Attention with a cache, as onnxruntime's generators of text use it."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from compiler.errors import Code, UnsupportedForm
from compiler.frontend.check_sizes import MAXIMUM_FOLDED_BYTES
from compiler.frontend.contrib_operators.attention_parts import (
    ATTENTION,
    HIDDEN,
    attend,
    merge_heads,
    number_of_heads,
    score_factor,
    split_heads,
)
from compiler.frontend.contrib_operators.rotary_embedding import rotate
from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN


@expansion(
    "GroupQueryAttention",
    domain=CONTRIB_DOMAIN,
    description="own or packed query, key and value; a cache, of the whole length or of that of "
    "the past; rotary embedding, local window, soft cap, numbers added to the scores",
    opset=ATTENTION,
    attributes=(
        *("do_rotary", "k_quant_type", "kv_cache_bit_width", "kv_num_heads", "local_window_size"),
        *("num_heads", "qk_output", "rotary_interleaved", "scale", "smooth_softmax", "softcap"),
        "v_quant_type",
    ),
    ranks={0: (3,), 1: (3,), 2: (3,), 3: (4,), 4: (4,), 7: (2,), 8: (2,), 10: (4,)},
)
def expand_group_query_attention(node: Expansion) -> None:
    _refuse_variants(node)
    heads, key_heads = number_of_heads(node), number_of_heads(node, "kv_num_heads")
    batch, tokens, size = node.shape(node.required(0, "query"))
    packed = not node.has(1)
    head_size = size // (heads + 2 * key_heads if packed else heads)
    query, key, value = _operands(node, head_size)
    steps = node.add_constant("steps", np.arange(tokens, dtype=np.int32)[None])
    past = _past_length(node, batch, tokens)
    positions = node.make("Add", node.make("Reshape", past, node.integers("rows", -1, 1)), steps)
    if node.attribute("do_rotary", 0):
        places = node.operand(9) or node.make("Cast", positions, to=TensorProto.INT64)
        cos, sin = node.required(7, "cos_cache"), node.required(8, "sin_cache")
        rotated = 2 * node.shape(cos)[-1]
        part = 0 if rotated == head_size else rotated
        query = rotate(node, query, cos, sin, places, heads, part)
        key = rotate(node, key, cos, sin, places, key_heads, part)
    query = split_heads(node, query, batch, tokens, heads)
    key = split_heads(node, key, batch, tokens, key_heads)
    value = split_heads(node, value, batch, tokens, key_heads)
    keys = _cache_length(node, tokens)
    key = _cached(node, key, 3, 1, past, keys)
    value = _cached(node, value, 4, 2, past, keys)
    scale = score_factor(node, head_size)
    column = node.make("Reshape", positions, node.integers("column", batch, 1, tokens, 1))
    indices = node.add_constant("keys", np.arange(keys, dtype=np.int32))
    seen = node.make("LessOrEqual", indices, column)
    softcap = node.attribute("softcap", 0.0)
    operands = (query, key, value)
    window = node.attribute("local_window_size", -1)
    if window > 0 or node.has(10) or softcap:
        if window > 0:
            first = node.make("Sub", column, node.add_constant("window", np.int32(window)))
            seen = node.make("And", seen, node.make("Greater", indices, first))
        hidden = node.make("Where", seen, node.real("seen", 0.0), node.real("hidden", HIDDEN))
        masks = [hidden, *([_score_bias(node, keys)] if node.has(10) else [])]
        y = attend(node, operands, scale=scale, masks=masks, causal=None, softcap=softcap)
    else:
        y = node.make("Attention", *operands, seen, scale=scale)
    merge_heads(node, y, batch, tokens, node.output())


def _refuse_variants(node: Expansion) -> None:
    if node.attribute("smooth_softmax", 0) > 0 or node.has(11):
        raise UnsupportedForm("its softmax has a sink", "smooth_softmax 0 and no head_sink")
    for index, name in ((12, "k_scale"), (13, "v_scale")):
        if node.has(index):
            raise UnsupportedForm(f"its cache is quantised, with {name}", "a float32 cache")
    if node.attribute("softcap", 0.0) < 0:
        raise UnsupportedForm(f"its softcap is {node.attribute('softcap', 0.0):g}", "0, or more")
    if node.output(3) or node.attribute("qk_output", 0):
        raise UnsupportedForm("its output output_qk is used", "the attention and the cache")
    if node.has(1) != node.has(2):
        raise UnsupportedForm("it has one of key and value", "both, or all in the query")
    if node.has(3) != node.has(4):
        raise UnsupportedForm("it has one of past_key and past_value", "both or none")


def _operands(node: Expansion, head_size: int) -> tuple[str, str, str]:
    if node.has(1):
        return node.operand(0), node.operand(1), node.operand(2)
    heads = (node.attribute("num_heads", 0), *[node.attribute("kv_num_heads", 0)] * 2)
    sizes = node.integers("sizes", *(count * head_size for count in heads))
    query, key, value = node.make_all("Split", [node.operand(0), sizes], ["", "", ""], axis=2)
    return query, key, value


def _past_length(node: Expansion, batch: int, tokens: int) -> str:
    """How many tokens came before, int32 [batch]: those of the cache, or none if all are new."""
    last = node.make("Cast", node.required(5, "seqlens_k"), to=TensorProto.INT32)
    last = node.make("Reshape", last, node.integers("batch", batch))
    before = node.make("Sub", last, node.add_constant("new", np.int32(tokens - 1)))
    return node.make("Max", before, node.add_constant("none", np.int32(0)))


def _cache_length(node: Expansion, tokens: int) -> int:
    """The extent of present keys: at least that of the past, and the total number of tokens."""
    batch, heads, before, size = node.shape(node.operand(3)) if node.has(3) else (1, 1, 0, 1)
    keys = max(before, tokens)
    total = node.constant(6)
    if total is not None and total.size:
        keys = max(keys, int(total.reshape(-1)[0]))
    if max(1, batch * heads * size) * 4 * keys > MAXIMUM_FOLDED_BYTES:
        # Room behind the past, and the numbers of all keys, are constants.
        raise UnsupportedForm(
            f"its cache has {keys:,} tokens",
            f"caches of at most {MAXIMUM_FOLDED_BYTES:,} bytes",
            "reduce total_sequence_length",
            Code.TENSOR_TOO_LARGE,
        )
    return keys


def _cached(node: Expansion, new: str, past: int, output: int, first: str, keys: int) -> str:
    """Keys or values of all tokens: operand `past` with the new ones behind its first ones."""
    name = node.output(output)
    if not node.has(past):
        return node.make("Identity", new, output=name) if name else new
    cache = node.operand(past)
    batch, heads, before, size = node.shape(cache)
    if before == 0:
        return node.make("Identity", new, output=name) if name else new
    if before < keys:
        room = np.zeros((batch, heads, keys - before, size), np.float32)
        cache = node.make("Concat", cache, node.add_constant("room", room), axis=2)
    wide = node.make("Cast", first, to=TensorProto.INT64)
    return node.make("TensorScatter", cache, new, wide, output=name, axis=2)


def _score_bias(node: Expansion, keys: int) -> str:
    """Operand 10 for all keys of the cache: it has those up to now, or all and more."""
    bias = node.operand(10)
    shape = node.shape(bias)
    if shape[3] < keys:
        room = np.zeros((*shape[:3], keys - shape[3]), np.float32)
        return node.make("Concat", bias, node.add_constant("bias_room", room), axis=3)
    if shape[3] == keys:
        return bias
    bounds = [node.integers("first", 0), node.integers("last", keys), node.integers("axis", 3)]
    return node.make("Slice", bias, *bounds)
