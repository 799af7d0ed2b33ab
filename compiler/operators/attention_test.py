"""Attention: kernels equal their NumPy twins, twins equal the definition in float64."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Array
from compiler.operators.attention import (
    AttentionFloat,
    AttentionLayout,
    integer_form,
)
from compiler.operators.kernel_harness import assert_twin


def definition(layout: AttentionLayout, inputs: list[Array | None], scale: float) -> Array:
    query, key, value = inputs[:3]
    assert query is not None and key is not None and value is not None
    count = layout.attended(inputs)
    k: Array = layout.split(key, layout.key_heads)[:, :, None]
    v = layout.split(value, layout.key_heads)[:, :, None]
    score = layout.grouped(query) @ k.swapaxes(-1, -2) * scale
    keys: int = k.shape[-2]
    attended = np.arange(keys) < count
    score = np.where(attended, score, -np.inf)
    score -= np.where(count == 0, 0.0, score.max(axis=-1, keepdims=True))
    weight = np.exp(score)
    return layout.join(weight / np.maximum(weight.sum(axis=-1, keepdims=True), 1e-300) @ v)


@st.composite
def cases(draw: st.DrawFn) -> tuple[AttentionLayout, list[Array | None], np.random.Generator]:
    """A layout, int8 operands, and a source of further numbers."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    key_heads, group = draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 2, 3]))
    batch, queries, capacity = (draw(st.integers(1, limit)) for limit in (2, 5, 40))
    size, value_size = draw(st.sampled_from([1, 4, 7, 64])), draw(st.sampled_from([1, 4, 6]))
    layout = AttentionLayout(
        key_heads * group,
        key_heads,
        draw(st.booleans()),
        draw(st.integers(1, capacity)),
        draw(st.sampled_from([0, 1, -2])),
        draw(st.booleans()),
    )

    def tensor(heads: int, rows: int, size: int) -> Array:
        shape = (batch, rows, heads * size) if layout.tokens_first else (batch, heads, rows, size)
        return random.integers(-128, 128, shape).astype(np.int8)

    positions = valid = None
    if draw(st.booleans()):
        shape = draw(
            st.sampled_from([(queries, 1), (1, 1, queries, 1), (batch, 1, queries, 1), ()])
        )
        positions = np.asarray(random.integers(-3, capacity + 3, shape)).astype(np.int32)
        if draw(st.booleans()):
            positions = np.where(positions < 0, np.int32(-(2**31)), positions)
            positions = np.where(positions >= capacity, np.int32(2**31 - 1), positions)
    if draw(st.booleans()):
        valid = random.integers(0, capacity + 2, batch).astype(np.int32)
    operands: list[Array | None] = [
        tensor(layout.query_heads, queries, size),
        tensor(key_heads, capacity, size),
        tensor(key_heads, capacity, value_size),
        positions,
        valid,
    ]
    return layout, operands, random


@settings(deadline=None, max_examples=200)
@given(case=cases(), exponent=st.floats(-9, 3), ratio=st.floats(-6, 4))
def test_integer(
    case: tuple[AttentionLayout, list[Array | None], np.random.Generator],
    exponent: float,
    ratio: float,
) -> None:
    layout, operands, random = case
    query, key, value = operands[:3]
    assert query is not None and key is not None and value is not None
    zero_points = [int(z) for z in random.integers(-128, 128, 4)]
    zero_points[0] *= int(random.integers(0, 2))
    factor = 10.0**exponent
    form = integer_form(
        layout,
        layout.size(query, layout.query_heads),
        factor,
        zero_points[0],
        zero_points[2],
        zero_points[3],
        2.0**ratio,
    )
    assert form is not None
    operation, weights = form
    (found,) = assert_twin(operation, [*operands, weights])
    real: list[Array | None] = [
        tensor.astype(np.float64) - zero_point
        for tensor, zero_point in zip((query, key, value), zero_points, strict=False)
    ]
    exact = definition(layout, [*real, *operands[3:]], factor) * 2.0**ratio + zero_points[3]
    assert np.abs(found - np.clip(np.rint(exact), -128, 127)).max() <= 1


@settings(deadline=None, max_examples=100)
@given(case=cases(), exponent=st.floats(-4, 1))
def test_float(
    case: tuple[AttentionLayout, list[Array | None], np.random.Generator], exponent: float
) -> None:
    layout, operands, random = case
    real: list[Array | None] = [
        random.normal(size=tensor.shape).astype(np.float32) if tensor is not None else None
        for tensor in operands[:3]
    ]
    scale = float(np.float32(10.0**exponent))
    (found,) = assert_twin(AttentionFloat(layout, scale), [*real, *operands[3:]])
    exact = definition(
        layout, [*(x.astype(np.float64) for x in real if x is not None), *operands[3:]], scale
    )
    np.testing.assert_allclose(found, exact, atol=2e-5)


def test_many_keys_of_extreme_values() -> None:
    random = np.random.default_rng(5)
    keys = 4096
    layout = AttentionLayout(1, 1, False, keys)
    query = random.integers(-128, 128, (1, 1, 3, 128)).astype(np.int8)
    key = random.integers(-128, 128, (1, 1, keys, 128)).astype(np.int8)
    for value in (-128, 127):
        for zero_point in (-128, 127):
            form = integer_form(layout, 128, 1e-7, -128, zero_point, 0, 0.4)
            assert form is not None
            operation, weights = form
            tensor = np.full((1, 1, keys, 4), value, np.int8)
            (found,) = assert_twin(operation, [query, key, tensor, None, None, weights])
            assert np.abs(found - (value - zero_point) * 0.4).max() <= 0.51


def test_cache_beyond_the_attended_keys_is_not_used() -> None:
    random = np.random.default_rng(6)
    layout = AttentionLayout(2, 1, False, 8)
    q, k, v = (
        random.normal(size=(1, h, r, 4)).astype(np.float32) for h, r in ((2, 1), (1, 8), (1, 8))
    )
    positions = np.array([[3]], np.int32)
    (clean,) = assert_twin(AttentionFloat(layout, 0.5), [q, k, v, positions, None])
    k[:, :, 4:], v[:, :, 4:] = np.nan, np.inf
    (dirty,) = assert_twin(AttentionFloat(layout, 0.5), [q, k, v, positions, None])
    assert np.array_equal(clean, dirty)


def test_twin_of_one_decode_step_is_fast() -> None:
    random = np.random.default_rng(7)
    layout = AttentionLayout(16, 16, False, 256)
    form = integer_form(layout, 4, 1e-3, 0, 0, 0, 1.0)
    assert form is not None
    operation, weights = form
    tensors: list[Array | None] = [
        random.integers(-128, 128, (1, 16, rows, 4)).astype(np.int8) for rows in (1, 256, 256)
    ]
    inputs = [*tensors, np.array([[63]], np.int32), None, weights]
    durations: list[float] = []
    for _ in range(20):
        start = time.process_time()
        operation.evaluate(inputs)
        durations.append(time.process_time() - start)
    assert min(durations) < 0.002
