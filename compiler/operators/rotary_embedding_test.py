"""RotaryEmbedding: kernel equals NumPy twin, twin equals the definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, DataType, Quantization
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)
from compiler.operators.rotary_embedding import RotaryEmbeddingFloat, RotaryLayout, integer_form


def angles(random: np.random.Generator, rows: int, pairs: int) -> Array:
    return np.arange(rows)[:, None] * 10000.0 ** -random.uniform(0, 1, pairs)


@st.composite
def cases(draw: st.DrawFn) -> tuple[RotaryLayout, tuple[int, ...], bool, int]:
    head_size = draw(st.integers(1, 10)) * 2
    rotary_size = draw(st.integers(1, head_size // 2)) * 2
    layout = RotaryLayout(
        draw(st.integers(1, 5)), draw(st.booleans()), rotary_size, draw(st.booleans())
    )
    batch, tokens = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    shape = (batch, layout.heads, tokens, head_size)
    if layout.tokens_first:
        shape = (batch, tokens, layout.heads * head_size)
    return layout, shape, draw(st.booleans()), draw(st.integers(0, 2**32 - 1))


def operands(
    layout: RotaryLayout, shape: tuple[int, ...], with_positions: bool, random: np.random.Generator
) -> tuple[Array, Array, Array | None]:
    """Angles, angles per token [batch, tokens, 1, pairs], and positions."""
    batch, tokens, _ = layout.extents(shape)
    rows = 37 if with_positions else batch * tokens
    table = angles(random, rows, layout.rotary_size // 2)
    if not with_positions:
        return table, table.reshape(batch, tokens, 1, -1), None
    positions = random.integers(0, rows, (batch, tokens)).astype(np.int32)
    return table, table[positions][:, :, None], positions


def definition(layout: RotaryLayout, x: Array, angle: Array) -> Array:
    split = layout.split(x)
    y = split.copy()
    first, second = layout.pairs
    y[..., first] = split[..., first] * np.cos(angle) - split[..., second] * np.sin(angle)
    y[..., second] = split[..., first] * np.sin(angle) + split[..., second] * np.cos(angle)
    return layout.join(y, x.shape)


@settings(deadline=None)
@given(
    case=cases(),
    exponent=st.floats(-7, 4),
    ratio=st.floats(-8, 5),
    zero_points=st.tuples(st.integers(-128, 127), st.integers(-128, 127)),
)
def test_integer(
    case: tuple[RotaryLayout, tuple[int, ...], bool, int],
    exponent: float,
    ratio: float,
    zero_points: tuple[int, int],
) -> None:
    layout, shape, with_positions, seed = case
    random = np.random.default_rng(seed)
    table, angle, positions = operands(layout, shape, with_positions, random)
    source = Quantization(10.0**exponent, zero_points[0])
    target = Quantization(source.scale / 2.0**ratio, zero_points[1])
    x = random.integers(-128, 128, shape).astype(np.int8)
    form = integer_form(layout, np.cos(table), np.sin(table), source, target)
    if form is None:
        assert ratio > 4
        return
    operation, cosine, sine = form
    (found,) = assert_twin(operation, [x, cosine, sine, positions])
    exact = definition(layout, (x.astype(np.float64) - source.zero_point) * source.scale, angle)
    expected = np.clip(np.rint(exact / target.scale) + target.zero_point, -128, 127)
    assert np.abs(found - expected).max() <= 1


@settings(deadline=None)
@given(case=cases())
def test_float(case: tuple[RotaryLayout, tuple[int, ...], bool, int]) -> None:
    layout, shape, with_positions, seed = case
    random = np.random.default_rng(seed)
    table, angle, positions = operands(layout, shape, with_positions, random)
    x = random.normal(size=shape).astype(np.float32)
    cosine, sine = np.cos(table).astype(np.float32), np.sin(table).astype(np.float32)
    (found,) = assert_twin(RotaryEmbeddingFloat(layout), [x, cosine, sine, positions])
    np.testing.assert_allclose(found, definition(layout, x.astype(np.float64), angle), atol=1e-5)


def test_positions_outside_the_caches_read_an_existing_row() -> None:
    layout = RotaryLayout(1, False, 2, False)
    cosine = np.array([[1.0], [2.0], [3.0]], np.float32)
    positions = np.array([[-(2**31), -1, 2, 3, 2**31 - 1]], np.int32)
    x = np.tile(np.array([1, 0], np.float32), (1, 1, 5, 1))
    (found,) = assert_twin(RotaryEmbeddingFloat(layout), [x, cosine, cosine, positions])
    assert found[0, 0, :, 0].tolist() == [1.0, 1.0, 3.0, 3.0, 3.0]


@settings(deadline=None, max_examples=40)
@given(case=cases(), form=st.sampled_from([DataType.INT8, DataType.UINT8, None]))
def test_equals_onnxruntime(
    case: tuple[RotaryLayout, tuple[int, ...], bool, int], form: DataType | None
) -> None:
    layout, shape, with_positions, seed = case
    random = np.random.default_rng(seed)
    table, _, positions = operands(layout, shape, with_positions, random)
    if positions is None:
        table = table.reshape(*layout.extents(shape)[:2], -1)
    x = (random.normal(size=shape) * 10.0 ** random.uniform(-3, 3)).astype(np.float32)
    model = ModelUnderTest()
    stored = None if form is None else Stored.covering(x, form)
    inputs = [model.quantised(model.input("x", x), stored)]
    inputs.append(model.constant("cosine", np.cos(table).astype(np.float32)))
    inputs.append(model.constant("sine", np.sin(table).astype(np.float32)))
    if positions is not None:
        inputs.append(model.input("positions", positions.astype(np.int64)))
    attributes = {
        "interleaved": int(layout.interleaved),
        "rotary_embedding_dim": layout.rotary_size,
    }
    if layout.tokens_first:
        attributes["num_heads"] = layout.heads
    model.node("RotaryEmbedding", inputs, "y", **attributes)
    if form is None:
        assert_float(model, "y")
    else:
        y = Stored.covering(1.4 * x, form, int(random.integers(20, 2000)))
        assert_quantised_group(model, "y", y)
        assert model.operations() == ["RotaryEmbeddingInt8"]


def test_nodes_with_different_scales_share_their_tables() -> None:
    random = np.random.default_rng(8)
    table = angles(random, 16, 4)
    model = ModelUnderTest()
    model.constant("cosine", np.cos(table).astype(np.float32))
    model.constant("sine", np.sin(table).astype(np.float32))
    model.input("positions", np.arange(3)[None])
    for name, scale in (("q", 0.02), ("k", 0.05)):
        model.input(name, random.normal(size=(1, 2, 3, 8)).astype(np.float32))
        operand = model.quantised(name, Stored(scale))
        operands = [operand, "cosine", "sine", "positions"]
        rotated = model.node("RotaryEmbedding", operands, f"{name}_rotated")
        model.output(model.quantised(rotated, Stored(scale * 1.1)))
    tables = [value for value in model.graph().constants() if value.constant is not None]
    assert [str(value.type) for value in tables] == ["int16[16, 4]"] * 2


def test_large_caches_are_rotated_in_integers() -> None:
    layout = RotaryLayout(1, False, 2, False)
    cosine, sine = np.array([[3.0], [-1.5]]), np.array([[-2.5], [3.9]])
    form = integer_form(layout, cosine, sine, Quantization(0.1, -128), Quantization(0.4, 3))
    assert form is not None
    x = np.array([[[[127, 127], [-128, 127]]]], np.int8)
    (found,) = assert_twin(form[0], [x, form[1], form[2], None])
    d = (x.astype(np.float64) + 128) / 4
    pairs = d[..., :1] * cosine - d[..., 1:] * sine, d[..., :1] * sine + d[..., 1:] * cosine
    exact = np.clip(np.concatenate(pairs, axis=-1) + 3, -128, 127)
    assert np.abs(found - exact).max() <= 1


def test_caches_have_rows_for_positions() -> None:
    model = ModelBuilder(23)
    caches = [model.constant(np.zeros((0, 4), np.float32)) for _ in range(2)]
    operands = [
        model.input("x", (2, 4, 3, 8)),
        *caches,
        model.input("p", (2, 3), TensorProto.INT64),
    ]
    y = model.node("RotaryEmbedding", operands)
    with pytest.raises(CompileError, match=r"TW-0202.*float32\[0, 4\], which has no rows"):
        lower(import_model(model.build([y])), "run")


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 3)])
def test_caches_have_columns(shape: tuple[int, ...]) -> None:
    model = ModelBuilder(23)
    caches = [model.constant(np.zeros(shape, np.float32)) for _ in range(2)]
    y = model.node("RotaryEmbedding", [model.input("x", (2, 4, 3, 8)), *caches])
    with pytest.raises(CompileError, match=r"TW-0202.*(cache|caches are) "):
        lower(import_model(model.build([y])), "run")


def test_no_more_is_rotated_than_a_head_has() -> None:
    model = ModelBuilder(23)
    caches = [model.constant(np.zeros((2, 3, 4), np.float32)) for _ in range(2)]
    x = model.input("x", (2, 4, 3, 6))
    y = model.node("RotaryEmbedding", [x, *caches], rotary_embedding_dim=8)
    with pytest.raises(CompileError, match="it rotates 8 elements of heads with 6"):
        lower(import_model(model.build([y])), "run")
