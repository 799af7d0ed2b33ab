"""Elements of results that nobody promises: a compiled model has others there than onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from onnx import ModelProto, NodeProto, numpy_helper

from compiler.ir import Array
from compiler.operators.model_harness import run_onnxruntime
from tests.fuzzing.open_results import showing

LAST_TOKENS = 5
"""The operand of GroupQueryAttention with each sequence's number of tokens, less 1."""

CACHE_AXES = 4
"""Batch, heads, tokens and elements."""

ATTENTION_AXES = 3
"""Batch, tokens and elements."""

MASKS = {"Attention": 3, "MultiHeadAttention": 4, "QAttention": 5}
"""Operators with a mask, and which operand that is."""

ORDERING = frozenset({"ArgMax", "ArgMin", "TopK"})
"""Operators whose results are places in an order."""

MATRIX, CUBE = 2, 3
"""Ranks of masks of keys, and of queries and keys."""


def has_open_result(model: ModelProto, values: Mapping[str, Array]) -> bool:
    """Whether an operand is one for which the result of its operator is not defined.

    Steps that numbers are divided into do not follow from NaN and infinities, and NaN is neither
    larger nor smaller than others. `values`: of the model's inputs.
    """
    for node in model.graph.node:
        if node.op_type.startswith("DynamicQuantize"):
            x = _operand(model, node, 0, values)
            if x is not None and not np.all(np.isfinite(x)):
                return True
        elif node.op_type in ORDERING:
            x = _operand(model, node, 0, values)
            if x is not None and x.dtype.kind == "f" and np.any(np.isnan(x)):
                return True
    return False


def with_promised_elements(
    model: ModelProto, target: str, values: Mapping[str, Array], want: Array, have: Array
) -> tuple[Array, Array]:
    """Two results for a tensor, with zeros where neither is promised. `values`: of the inputs."""
    makers = [node for node in model.graph.node if target in node.output]
    if not makers or want.shape != have.shape:
        return want, have
    node, position = makers[0], list(makers[0].output).index(target)

    def operand(index: int) -> Array | None:
        return _operand(model, node, index, values)

    promised = np.ones(have.shape, bool)
    if node.op_type == "GroupQueryAttention":
        promised &= _written(operand, position, have.shape)
    if position == 0 and node.op_type in MASKS:
        promised &= _seeing(operand(MASKS[node.op_type]), node, have.shape)
    if position == 0 and node.op_type in (*MASKS, "GroupQueryAttention"):
        # Which scores a NaN spoils depends on how their maximum is found.
        spoiled = [x for x in map(operand, range(3)) if x is not None and x.dtype.kind == "f"]
        if not all(np.all(np.isfinite(x)) for x in spoiled):
            promised &= ~(np.isnan(want) | np.isnan(have))
    return np.where(promised, want, 0).astype(want.dtype), np.where(promised, have, 0).astype(
        have.dtype
    )


def _written(
    operand: Callable[[int], Array | None], position: int, shape: tuple[int, ...]
) -> Array | bool:
    """Where a result of GroupQueryAttention has tokens of its sequence.

    Behind its tokens a cache has what onnxruntime's buffer held, which is another one if past and
    present share it; queries behind the end of their sequence only fill up the batch.
    """
    last = operand(LAST_TOKENS)
    if last is None:
        return True
    if position == 0 and len(shape) == ATTENTION_AXES:
        return np.arange(shape[1])[:, None] <= last.reshape(-1, 1, 1)
    if position > 0 and len(shape) == CACHE_AXES:
        return np.arange(shape[2])[:, None] <= last.reshape(-1, 1, 1, 1)
    return True


def _seeing(mask: Array | None, node: NodeProto, shape: tuple[int, ...]) -> Array | bool:
    """Where a query sees a key that is not masked.

    Where all are, the same number is added to all of its scores: that means nothing, but for their
    decimals, of which float32 then keeps three.
    """
    if mask is None or len(shape) != ATTENTION_AXES:
        return True
    batch, queries = shape[:2]
    if mask.ndim == 1:
        ends = mask[:batch]
        starts = mask[batch:] if mask.size == 2 * batch else np.zeros_like(ends)
        return (ends > np.maximum(starts, 0)).reshape(-1, 1, 1)
    if mask.ndim not in (MATRIX, CUBE):
        return True
    seen = mask > 0 if mask.ndim == CUBE else np.repeat((mask > 0)[:, None], queries, axis=1)
    if any(a.name == "unidirectional" and a.i for a in node.attribute):
        seen = seen & np.tri(queries, seen.shape[2], seen.shape[2] - queries, dtype=bool)
    return seen.any(axis=2)[:, :, None]


def _operand(
    model: ModelProto, node: NodeProto, index: int, values: Mapping[str, Array]
) -> Array | None:
    """What an operand holds; None if it is absent, or onnxruntime does not compute it."""
    name = node.input[index] if index < len(node.input) else ""
    if not name:
        return None
    if name in values:
        return values[name]
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    try:
        (made,) = run_onnxruntime(showing(model, name), dict(values))
    # As everywhere: what onnxruntime refuses says nothing.
    except Exception:
        return None
    return np.asarray(made)
