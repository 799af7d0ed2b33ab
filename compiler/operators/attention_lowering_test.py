"""Attention: lowered groups equal onnxruntime; masks are recognised or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from compiler.errors import CompileError
from compiler.ir import Array, DataType
from compiler.operators.attention import AttentionInt8
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)

COMPARISONS = ("LessOrEqual", "Less", "GreaterOrEqual", "Greater")


def softmax_mean(value: Array) -> Array:
    """A range that contains every weighted mean."""
    return np.array([value.min(), value.max()])


def attention_model(
    random: np.random.Generator,
    form: DataType | None,
    mask: str,
    *,
    batch: int = 1,
    heads: tuple[int, int] = (4, 2),
    queries: int = 3,
    keys: int = 12,
    size: int = 8,
    tokens_first: bool = False,
    attributes: dict[str, Any] | None = None,
    magnitude: float = 1.0,
    offset: float = 0.0,
) -> tuple[ModelUnderTest, Stored]:
    """A model with one Attention node, whose result is `y`, and a quantisation that fits it."""
    model = ModelUnderTest()
    operands: list[str] = []
    value = np.zeros(0)
    for name, head_count, rows in (
        ("q", heads[0], queries),
        ("k", heads[1], keys),
        ("v", heads[1], keys),
    ):
        shape = (batch, head_count, rows, size)
        if tokens_first:
            shape = (batch, rows, head_count * size)
        value = (random.normal(offset, 1.0, shape) * magnitude).astype(np.float32)
        stored = None if form is None else Stored.covering(value, form)
        operands.append(model.quantised(model.input(name, value), stored))
    operands += _mask_operands(model, random, mask, batch, queries, keys)
    options: dict[str, Any] = dict(attributes or {})
    if tokens_first:
        options |= {"q_num_heads": heads[0], "kv_num_heads": heads[1]}
    if "causal" in mask:
        options["is_causal"] = 1
    model.node("Attention", operands, "y", **options)
    return model, Stored.covering(softmax_mean(value), form or DataType.INT8)


def _mask_operands(
    model: ModelUnderTest,
    random: np.random.Generator,
    mask: str,
    batch: int,
    queries: int,
    keys: int,
) -> list[str]:
    first = int(random.integers(0, keys - queries + 1))
    positions = (first + np.arange(queries))[:, None]
    if mask in COMPARISONS:
        indices = model.constant("indices", np.arange(keys))
        model.input("positions", positions + (mask in ("Less", "Greater")))
        pair = [indices, "positions"] if "Less" in mask else ["positions", indices]
        return [model.node(mask, pair, "mask")]
    if mask == "constant":
        return [model.constant("mask", np.arange(keys) <= positions)]
    if "valid" in mask:
        valid = random.integers(queries, keys + 1, batch)
        return ["", "", "", model.input("valid", valid)]
    return []


@settings(deadline=None, max_examples=60)
@given(
    form=st.sampled_from([DataType.INT8, DataType.UINT8, None]),
    mask=st.sampled_from(["none", "causal", "constant", "valid", "valid causal", *COMPARISONS]),
    heads=st.sampled_from([(1, 1), (4, 2), (6, 1), (3, 3)]),
    batch=st.integers(1, 2),
    queries=st.sampled_from([1, 2, 7]),
    tokens_first=st.booleans(),
    magnitude=st.sampled_from([0.05, 1.0, 5.0]),
    offset=st.sampled_from([0.0, 1.0]),
    scale=st.sampled_from([None, 0.1, 1.5]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_onnxruntime(
    form: DataType | None,
    mask: str,
    heads: tuple[int, int],
    batch: int,
    queries: int,
    tokens_first: bool,
    magnitude: float,
    offset: float,
    scale: float | None,
    seed: int,
) -> None:
    model, stored = attention_model(
        np.random.default_rng(seed),
        form,
        mask,
        batch=batch,
        heads=heads,
        queries=queries,
        tokens_first=tokens_first,
        attributes=None if scale is None else {"scale": scale},
        magnitude=magnitude,
        offset=offset,
    )
    if form is None:
        assert_float(model, "y")
        return
    assert_quantised_group(model, "y", stored)
    assert model.operations() == ["AttentionInt8"]


@settings(deadline=None, max_examples=10)
@given(
    keys=st.sampled_from([64, 256, 700]),
    size=st.sampled_from([4, 64, 128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_many_keys_equal_onnxruntime(keys: int, size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    model, stored = attention_model(
        random, DataType.INT8, "none", heads=(2, 1), queries=4, keys=keys, size=size
    )
    # Means of many values are small: an output range that fits them makes the steps small, too.
    assert_quantised_group(model, "y", Stored(stored.scale * random.uniform(0.2, 1.0)))


@pytest.mark.parametrize("mask", COMPARISONS)
def test_masks_become_positions(mask: str) -> None:
    model, stored = attention_model(np.random.default_rng(1), DataType.INT8, mask)
    assert_quantised_group(model, "y", stored)
    graph = model.graph()
    (node,) = (node for node in graph.nodes if isinstance(node.operation, AttentionInt8))
    assert node.inputs[3] == "positions"
    assert model.operations() == ["AttentionInt8"]


@pytest.mark.parametrize("constant", [False, True])
def test_numbers_added_to_scores_equal_onnxruntime(constant: bool) -> None:
    """There is no kernel for them: the operator is expanded."""
    random = np.random.default_rng(3)
    model, _ = attention_model(random, None, "none")
    mask = random.normal(size=(3, 12)).astype(np.float32)
    name = model.constant("mask", mask) if constant else model.input("mask", mask)
    model.nodes[-1].input.append(name)
    assert_float(model, "y")


@pytest.mark.parametrize("kind", ["input", "not a prefix", "other indices"])
def test_other_forms_are_refused(kind: str) -> None:
    model, _ = attention_model(np.random.default_rng(3), None, "none")
    node = model.nodes[-1]
    if kind == "input":
        node.input.append(model.input("mask", np.ones((3, 12), np.bool_)))
    elif kind == "not a prefix":
        node.input.append(model.constant("mask", np.arange(12) >= np.arange(3)[:, None]))
    else:
        model.constant("indices", 2 * np.arange(12))
        model.input("positions", np.arange(3)[:, None])
        model.node("LessOrEqual", ["indices", "positions"], "mask")
        model.nodes.insert(0, model.nodes.pop())
        node.input.append("mask")
    model.output("y")
    with pytest.raises(CompileError, match="TW-0202"):
        model.graph()


def test_a_scale_without_a_root_is_refused() -> None:
    model, _ = attention_model(np.random.default_rng(3), None, "none")
    node = model.nodes[-1]
    kept = [a for a in node.attribute if a.name != "scale"]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute("scale", -0.25)])
    with pytest.raises(CompileError, match=r"TW-0202.*its scale is -0\.25"):
        model.graph()


@pytest.mark.parametrize(
    ("q", "k", "v"),
    [
        ((2, 4, 7), (2, 6, 24), (2, 6, 24)),  # three heads do not share 7 columns
        ((2, 4, 24), (2, 6, 12), (2, 6, 24)),  # another head size
        ((2, 4, 24), (2, 6, 24), (2, 5, 24)),  # another number of tokens
        ((2, 4, 24), (1, 6, 24), (1, 6, 24)),  # another batch
        ((2, 3, 4, 8), (2, 3, 6, 8), (2, 1, 6, 8)),  # another number of heads
        ((2, 4, 24), (2, 0, 24), (2, 0, 24)),  # nothing to attend to
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    q: tuple[int, ...], k: tuple[int, ...], v: tuple[int, ...]
) -> None:
    model = ModelUnderTest()
    for name, shape in (("q", q), ("k", k), ("v", v)):
        model.input(name, np.zeros(shape, np.float32))
    heads = {"q_num_heads": 3, "kv_num_heads": 3} if len(q) == 3 else {}
    model.output(model.node("Attention", ["q", "k", "v"], "y", **heads))
    with pytest.raises(CompileError, match=r"TW-0(101|202)"):
        model.graph()
