"""Attention and what goes with it."""

from __future__ import annotations

import numpy as np

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, normal, pick


@case("Attention")
def attention(random: Generator, operator: str) -> ModelUnderTest:
    """Grouped queries; all keys, or as many as a mask computed from positions admits."""
    model = ModelUnderTest()
    heads, groups, size = pick(random, 1, 2), pick(random, 1, 2), pick(random, 4, 8)
    queries, keys = pick(random, 1, 3), pick(random, 4, 9)
    names = [
        model.input("q", normal(random, 1, heads * groups, queries, size)),
        model.input("k", normal(random, 1, heads, keys, size)),
        model.input("v", normal(random, 1, heads, keys, size)),
    ]
    if random.random() < 0.5:
        slots = model.constant("slots", np.arange(keys, dtype=np.int64))
        first = random.integers(0, keys, (queries, 1))
        positions = model.input("positions", first.astype(np.int64))
        names.append(model.node("LessOrEqual", [slots, positions], "mask"))
    model.output(model.node("Attention", names, "y"))
    return model


@case("RotaryEmbedding")
def rotary_embedding(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    heads, rows, size = pick(random, 1, 3), pick(random, 1, 4), pick(random, 4, 8)
    angles = np.outer(np.arange(8), 0.5 ** np.arange(size // 2))
    names = [
        model.input("x", normal(random, 1, heads, rows, size)),
        model.constant("cosine", np.cos(angles).astype(np.float32)),
        model.constant("sine", np.sin(angles).astype(np.float32)),
        model.input("positions", random.integers(0, 8, (1, rows)).astype(np.int64)),
    ]
    model.output(model.node("RotaryEmbedding", names, "y", interleaved=pick(random, 0, 1)))
    return model


@case("TensorScatter")
def cache_update(random: Generator, operator: str) -> ModelUnderTest:
    model = ModelUnderTest()
    heads, size = pick(random, 1, 2), pick(random, 3, 4)
    names = [
        model.input("cache", normal(random, 1, heads, 6, size)),
        model.input("update", normal(random, 1, heads, 2, size)),
        model.input("position", np.array([pick(random, 0, 2, 4)], np.int64)),
    ]
    model.output(model.node("TensorScatter", names, "y", axis=-2))
    return model
