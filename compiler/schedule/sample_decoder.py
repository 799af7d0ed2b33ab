"""An attention layer with caches, for tests."""

from __future__ import annotations

import numpy as np

from compiler.codegen.sample_networks import NetworkBuilder
from compiler.ir import DataType, Graph, TensorType
from compiler.operators.attention import AttentionFloat, AttentionLayout, integer_form
from compiler.operators.binary import Arithmetic
from compiler.operators.tensor_scatter import TensorScatter
from compiler.operators.view import View

CAPACITY, HEADS, SIZE = 24, 3, 4


def decoder(
    rows: int,
    *,
    tokens_first: bool = False,
    real: bool = False,
    words: bool = False,
    circular: bool = False,
    first_offset: int = 0,
    offset: int = 1,
) -> Graph:
    """Writes `rows` keys and values into caches from `position` on, and attends to them."""
    build = NetworkBuilder("")
    type_ = DataType.FLOAT32 if real else DataType.INT8

    def shape(count: int) -> tuple[int, ...]:
        return (1, count, HEADS * SIZE) if tokens_first else (1, HEADS, count, SIZE)

    position = build.input("position", TensorType(DataType.INT32, (1,)))
    offsets = build.constant(
        "offsets", lambda _: np.arange(first_offset, first_offset + rows, dtype=np.int32)
    )
    absolute = build.node("absolute", Arithmetic((0,), "add"), [offsets, position])
    queries = build.node("queries", View((rows, 1)), [absolute])
    query, *written = (
        build.input(name, TensorType(type_, shape(rows))) for name in ("query", "key", "value")
    )
    caches: list[str] = []
    scatter = TensorScatter(1 if tokens_first else 2, circular)
    for name, update in zip(("keys", "values"), written, strict=True):
        cache = build.input(name, TensorType(type_, shape(CAPACITY)))
        updated = build.node(f"write_{name}", scatter, [cache, update, position])
        build.output(updated)
        build.state(cache, updated)
        caches.append(updated)
    layout = AttentionLayout(HEADS, HEADS, tokens_first, CAPACITY, offset)
    operands = [query, *caches, queries, None]
    if real:
        build.output(build.node("mix", AttentionFloat(layout, 0.5), operands, "result"))
        return build.graph
    # Without a zero point there is another kernel.
    form = integer_form(layout, SIZE, 2e-3, 0 if words else 3, -5, 7, 0.7)
    assert form is not None
    operation, table = form
    weights = build.constant("weights", lambda _: table)
    build.output(build.node("mix", operation, [*operands, weights], "result"))
    return build.graph
