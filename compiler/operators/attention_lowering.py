"""Attention: reads the ONNX operator and its mask."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.ir import Array, DataType
from compiler.lowering.operand import Operand
from compiler.operators.attention import (
    MAXIMUM_KEYS,
    MAXIMUM_OFFSET,
    AttentionFloat,
    AttentionLayout,
    integer_form,
    position_shape,
)
from compiler.operators.registry import lowering

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

MASK_FORMS = (
    "no mask, is_causal, nonpad_kv_seqlen, or a boolean mask that says 'key index <= position': "
    "LessOrEqual, Less, Greater or GreaterOrEqual of the constant 0, 1, 2, ... along the keys and "
    "an integer tensor [queries, 1]; a constant mask whose rows begin with True and end with False"
)
MASK_ADVICE = "compute the mask with LessOrEqual(key indices [keys], positions [queries, 1])"
MIRRORED = {
    "LessOrEqual": "GreaterOrEqual",
    "GreaterOrEqual": "LessOrEqual",
    "Less": "Greater",
    "Greater": "Less",
}


@dataclass(frozen=True)
class PrefixMask:
    """Query i attends to the keys j < position[i] + offset, and to `keys` at most.

    `positions` is a tensor of the model or constant data; None: all queries attend to `keys` keys.
    """

    keys: int
    positions: Operand | Array | None = None
    offset: int = 0


@lowering(
    "Attention",
    description="3D or 4D, grouped queries, masks that admit the first keys; int8 or float32",
)
def lower_attention(node: OnnxNode, context: LoweringContext) -> None:
    _refuse_variants(node)
    query, key, value = (context.required(node, index) for index in range(3))
    mask = _mask(node, context, key)
    layout = _layout(node, query, key, mask)
    _refuse_shapes(layout, query, key, value, context.operand(node, 6))
    positions = None
    if isinstance(mask.positions, Operand):
        positions = context.plain(mask.positions)
    elif mask.positions is not None:
        positions = context.constant(node, "positions", mask.positions)
    valid_operand = context.operand(node, 6)
    valid = None if valid_operand is None else context.plain(valid_operand)
    head_size = layout.size(query.type, layout.query_heads)
    scale = node.attribute("scale", 1.0 / sqrt(head_size))
    if scale < 0.0:
        # ONNX multiplies queries and keys by its root.
        raise UnsupportedForm(f"its scale is {scale:g}", "scales of at least 0")
    result = context.result(node)
    form = None
    q, k, v, y = query.quantization, key.quantization, value.quantization, result.quantization
    if (
        q is not None
        and k is not None
        and v is not None
        and y is not None
        and all(operand.is_int8 for operand in (query, key, value))
    ):
        form = integer_form(
            layout,
            head_size,
            q.scale * k.scale * scale,
            q.zero_point,
            v.zero_point,
            y.zero_point,
            v.scale / y.scale,
            layout.rows(query.type),
        )
    if form is not None:
        operation, weights = form
        stored = [context.stored(operand) for operand in (query, key, value)]
        table = context.constant(node, "weights", weights)
        context.emit_stored(node, operation, [*stored, positions, valid, table], result)
    else:
        plain = [context.plain(operand) for operand in (query, key, value)]
        context.emit_plain(node, AttentionFloat(layout, scale), [*plain, positions, valid], result)


def _refuse_variants(node: OnnxNode) -> None:
    if node.has_input(4) or node.has_input(5):
        raise UnsupportedForm(
            "past_key and past_value",
            "a cache outside of the operator",
            "update the cache with TensorScatter and pass the whole cache as K and V",
        )
    names = ("present_key", "present_value", "qk_matmul_output")
    for name, output in zip(names, node.outputs[1:], strict=False):
        if output is not None:
            raise UnsupportedForm(f"its output {name} is used", "output Y only")
    if node.attribute("softcap", 0.0) != 0.0:
        raise UnsupportedForm(
            f"softcap {node.attribute('softcap', 0.0):g}", "scores without soft cap"
        )
    for name in ("left_window_size", "right_window_size"):
        if node.attribute(name, -1) != -1:
            raise UnsupportedForm(
                f"{name} {node.attribute(name, -1)}", "queries that see all keys before them"
            )
    if node.attribute("softmax_precision", 1) != 1:
        raise UnsupportedForm("softmax_precision is not float32", "softmax_precision 1 (float32)")


def _layout(node: OnnxNode, query: Operand, key: Operand, mask: PrefixMask) -> AttentionLayout:
    tokens_first = len(query.shape) == 3
    if tokens_first:
        query_heads = node.attribute("q_num_heads", 0)
        key_heads = node.attribute("kv_num_heads", 0)
    else:
        query_heads, key_heads = query.shape[1], key.shape[1]
    if key_heads < 1 or query_heads < 1 or query_heads % key_heads != 0:
        raise UnsupportedForm(
            f"{query_heads} query heads and {key_heads} key heads",
            "a number of query heads that is a multiple of the number of key heads",
            "set q_num_heads and kv_num_heads" if tokens_first else "",
        )
    if len(key.shape) != len(query.shape):
        raise UnsupportedForm(f"Q is {query.type} and K is {key.type}", "all 3D or all 4D")
    if mask.keys > MAXIMUM_KEYS:
        raise UnsupportedForm(f"{mask.keys} keys", f"up to {MAXIMUM_KEYS} keys")
    causal = bool(node.attribute("is_causal", 0))
    return AttentionLayout(query_heads, key_heads, tokens_first, mask.keys, mask.offset, causal)


def _refuse_shapes(
    layout: AttentionLayout, query: Operand, key: Operand, value: Operand, valid: Operand | None
) -> None:
    """Refuses operands whose extents do not fit; ONNX's shape inference does not compare them."""
    rank = 3 if layout.tokens_first else 4
    fits = {len(query.shape), len(key.shape), len(value.shape)} == {rank}
    if fits and layout.tokens_first:
        heads = ((query, layout.query_heads), (key, layout.key_heads), (value, layout.key_heads))
        fits = all(operand.shape[-1] % count == 0 for operand, count in heads)
    elif fits:
        fits = key.shape[1] == value.shape[1]
    if fits:
        batches = {operand.shape[0] for operand in (query, key, value)}
        sizes = {
            layout.size(query.type, layout.query_heads),
            layout.size(key.type, layout.key_heads),
        }
        rows = {layout.rows(key.type), layout.rows(value.type)}
        fits = len(batches) == len(sizes) == len(rows) == 1
        fits = fits and min(query.type.elements, key.type.elements, value.type.elements) > 0
    if not fits:
        raise UnsupportedForm(
            f"Q is {query.type}, K is {key.type} and V is {value.type}, for {layout.query_heads} "
            f"query heads and {layout.key_heads} key heads",
            "tensors with elements; Q and K with one batch and head size, K and V with one number "
            "of tokens",
        )
    if valid is not None and valid.shape != query.shape[:1]:
        raise UnsupportedForm(
            f"its nonpad_kv_seqlen is {valid.type}",
            f"one number for each of {query.shape[0]} batches",
        )


def _mask(node: OnnxNode, context: LoweringContext, key: Operand) -> PrefixMask:
    keys = key.shape[1 if len(key.shape) == 3 else 2]
    mask = context.operand(node, 3)
    if mask is None:
        return PrefixMask(keys)
    if mask.type.data_type is not DataType.BOOL:
        raise UnsupportedForm(
            f"its mask {mask.name!r} is {mask.type}, added to the scores", MASK_FORMS, MASK_ADVICE
        )
    found = None
    if mask.shape[-1] == 1 < keys:
        pass  # one flag for all keys, not keys that are admitted in turn
    elif mask.constant is not None:
        found = _constant_mask(mask.constant)
    else:
        found = _compared_mask(mask, context, min(keys, mask.shape[-1]))
    if found is None:
        producer = context.producer(mask)
        origin = "an input" if producer is None else f"made by {producer.operator}"
        origin = "constant" if mask.constant is not None else origin
        raise UnsupportedForm(
            f"its mask {mask.name!r} {list(mask.shape)} is {origin}, in another form",
            MASK_FORMS,
            MASK_ADVICE,
        )
    return PrefixMask(min(keys, found.keys), found.positions, found.offset)


def _constant_mask(mask: Array) -> PrefixMask | None:
    """A mask whose rows all begin with True and end with False, as the number of True."""
    keys: int = mask.shape[-1]
    count: Array = mask.sum(axis=-1, keepdims=True)
    shape = (1,) * (4 - count.ndim) + count.shape
    if shape[1] != 1 or not np.array_equal(mask, np.arange(keys) < count):
        return None
    positions = count.reshape(shape).astype(np.int32)
    return PrefixMask(keys, positions)


def _compared_mask(mask: Operand, context: LoweringContext, keys: int) -> PrefixMask | None:
    """`key index <= position` in any of its spellings."""
    producer = context.producer(mask)
    if producer is None or producer.operator not in MIRRORED:
        return None
    indices, positions = context.required(producer, 0), context.required(producer, 1)
    relation = producer.operator
    if indices.constant is None:
        indices, positions = positions, indices
        relation = MIRRORED[relation]
    if indices.constant is None or relation not in ("LessOrEqual", "Less"):
        return None
    if indices.type.data_type not in (DataType.INT32, DataType.INT64):
        return None
    index = indices.constant.reshape(-1)
    consecutive = index.size == indices.shape[-1] and bool(np.all(np.diff(index) == 1))
    if not consecutive or index.size < keys or not _is_column(positions.shape):
        return None
    offset = int(relation == "LessOrEqual") - int(index[0])
    return PrefixMask(keys, positions, offset) if abs(offset) <= MAXIMUM_OFFSET else None


def _is_column(shape: tuple[int, ...]) -> bool:
    """Whether positions of this shape give one number per query, the same for all heads."""
    try:
        position_shape(shape)
    except AssertionError:
        return False
    return True
