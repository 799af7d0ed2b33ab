"""onnxruntime's kinds of attention compute what its own kernels do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    interpreted,
    lowered,
    operations,
    real,
)
from compiler.frontend.import_model import import_model
from compiler.operators.model_harness import run_onnxruntime

BATCH, TOKENS, HEADS, SIZE = 2, 5, 3, 4
WIDTH = HEADS * SIZE

MASKS = {
    "": None,
    "lengths": np.array([5, 3]),
    "ends and starts": np.array([5, 3, 0, 1]),
    "keys": np.array([[1, 1, 0, 1, 1], [1, 1, 1, 0, 0]]),
    "queries and keys": np.tri(TOKENS)[None].repeat(BATCH, 0),
}


def mask_of(form: str, past: int = 0) -> Any:
    """A mask for the keys of a test, with `past` ones before them."""
    mask = MASKS[form]
    if mask is None:
        return None
    if past and mask.ndim > 1:
        mask = np.concatenate([np.ones((*mask.shape[:-1], past)), mask], -1)
    elif past:
        mask = mask + past * (np.arange(len(mask)) < BATCH)
    return mask.astype(np.int32)


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("mask", sorted(MASKS))
@pytest.mark.parametrize("past", [0, 3])
@pytest.mark.parametrize("operator", ["Attention", "QAttention"])
def test_own_projection(operator: str, mask: str, causal: int, past: int) -> None:
    if past and mask == "queries and keys" and operator == "QAttention":
        past = 0
    model = NodeModel()
    random = np.random.default_rng(1)
    data = mask_of(mask, past)
    masks = [model.input("mask", data)] if data is not None else [""]
    if operator == "Attention":
        weights = [real(2, 7, 3 * WIDTH) / 3, real(3, 3 * WIDTH)]
        operands = [model.input("x", real(1, BATCH, TOKENS, 7)), *map(model.constant, weights)]
        operands += masks
    else:
        x = random.integers(0, 256, (BATCH, TOKENS, 7)).astype(np.uint8)
        w = random.integers(-128, 128, (7, 3 * WIDTH)).astype(np.int8)
        operands = [model.input("x", x), model.constant(w), model.constant(real(3, 3 * WIDTH))]
        operands += [model.constant(np.float32(scale)) for scale in (0.02, 0.01)]
        zeros = [np.array(128, np.uint8), np.array(0, np.int8)]
        operands += [*masks, *map(model.constant, zeros)]
    if past:
        operands.append(model.input("past", real(4, 2, BATCH, HEADS, past, SIZE)))
    outputs = 2 if past else 1
    model.contrib(operator, *operands, outputs=outputs, num_heads=HEADS, unidirectional=causal)
    assert_agrees(model.model(), model.data)
    if not mask:
        assert "AttentionFloat" in operations(model)


def test_sizes_of_their_own_and_numbers_added() -> None:
    model = NodeModel()
    weights = [real(2, 7, 2 * WIDTH + HEADS * 6) / 3, real(3, 2 * WIDTH + HEADS * 6)]
    operands = [model.input("x", real(1, BATCH, TOKENS, 7)), *map(model.constant, weights)]
    added = model.input("added", real(5, 1, HEADS, TOKENS, TOKENS))
    sizes = [WIDTH, WIDTH, HEADS * 6]
    attributes: dict[str, Any] = {"num_heads": HEADS, "qkv_hidden_sizes": sizes, "scale": 0.3}
    model.contrib("Attention", *operands, "", "", added, **attributes)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("form", ["own", "bias", "cross", "mask", "added", "past", "no value"])
def test_multi_head(form: str, causal: int) -> None:
    model = NodeModel()
    keys = TOKENS + 2 if form == "cross" else TOKENS
    query = model.input("q", real(1, BATCH, TOKENS, WIDTH))
    key = model.input("k", real(2, BATCH, keys, WIDTH))
    value = model.input("v", real(3, BATCH, keys, WIDTH))
    bias = model.constant(real(4, 3 * WIDTH)) if form == "bias" else ""
    outputs = 1
    operands = [query, key, value, bias]
    if form == "no value":
        del model.data["k"], model.data["v"]
        parts = [model.input(n, real(5, BATCH, HEADS, keys, SIZE)) for n in "kv"]
        operands = [query, *parts]
    elif form == "mask":
        operands.append(model.input("mask", mask_of("keys")))
    elif form == "added":
        operands += ["", model.input("added", real(5, BATCH, HEADS, TOKENS, keys))]
    elif form == "past":
        parts = [model.input(f"past_{n}", real(6, BATCH, HEADS, 2, SIZE)) for n in "kv"]
        operands += ["", "", *parts]
        outputs = 3
    attributes = {"num_heads": HEADS, "unidirectional": causal}
    model.contrib("MultiHeadAttention", *operands, outputs=outputs, **attributes)
    if causal and form == "cross":
        with pytest.raises(CompileError, match=r"TW-0202.*it is unidirectional"):
            import_model(model.model())
        return
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("form", ["all", "keys and values"])
def test_packed_operands(form: str) -> None:
    """onnxruntime has kernels for them on other devices only: it computes them unpacked."""
    parts = [real(seed, BATCH, TOKENS, HEADS, SIZE) for seed in (1, 2, 3)]
    plain = NodeModel()
    flat = [part.reshape(BATCH, TOKENS, WIDTH) for part in parts]
    names = [plain.input(*pair) for pair in zip("qkv", flat, strict=True)]
    plain.contrib("MultiHeadAttention", *names, num_heads=HEADS)
    (expected,) = run_onnxruntime(plain.model(), plain.data)
    model = NodeModel()
    if form == "all":
        operands = [model.input("q", np.stack(parts, 3))]
    else:
        operands = [model.input("q", flat[0]), model.input("k", np.stack(parts[1:], 3))]
    y = model.contrib("MultiHeadAttention", *operands, num_heads=HEADS)
    (found,) = interpreted(lowered(model.declared(y, expected)), model.data)
    assert np.abs(found - expected).max() <= 1e-5


def grouped(
    form: str, tokens: int, past: int, buffer: int, valid: list[int]
) -> tuple[NodeModel, dict[str, Any]]:
    """A model of GroupQueryAttention with `valid` tokens in all, the new ones included."""
    model = NodeModel()
    heads, key_heads, size = 4, 2, 16
    query = real(1, BATCH, tokens, heads * size)
    new = [real(seed, BATCH, tokens, key_heads * size) for seed in (2, 3)]
    if form == "packed":
        operands = [model.input("q", np.concatenate([query, *new], -1)), "", ""]
    else:
        names = ("q", "k", "v")
        operands = [model.input(*pair) for pair in zip(names, (query, *new), strict=True)]
    cache = max(past, buffer)
    for seed, name in ((4, "past_k"), (5, "past_v")):
        operands.append(model.input(name, real(seed, BATCH, key_heads, cache, size)))
    operands.append(model.input("valid", np.array(valid, np.int32) - 1))
    operands.append(model.constant(np.int32(max(buffer, past + tokens))))
    if buffer:
        model.constants[operands[-1]] = np.array(max(valid), np.int32)
    attributes: dict[str, Any] = {"num_heads": heads, "kv_num_heads": key_heads}
    if form in ("rotary", "packed"):
        angles = real(6, 32, size // 2)
        operands += [model.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin)]
        attributes |= {"do_rotary": 1, "rotary_interleaved": int(form == "packed")}
    if form == "window":
        attributes["local_window_size"] = 3
    if form == "soft cap":
        attributes["softcap"] = 2.0
    if form == "added":
        total = max(valid) if buffer else past + tokens
        operands += ["", "", "", model.input("added", real(7, 1, heads, tokens, total))]
    model.contrib("GroupQueryAttention", *operands, outputs=3, **attributes)
    return model, attributes


@pytest.mark.parametrize(
    ("tokens", "past", "buffer", "valid"),
    [
        (5, 0, 0, [5, 5]),  # a prompt
        (1, 6, 0, [7, 7]),  # one token behind a past of its own length
        (1, 6, 0, [7, 4]),  # sequences of two lengths
        (1, 0, 12, [7, 7]),  # a cache of the whole length
        (5, 0, 12, [5, 5]),  # a prompt into it
    ],
)
@pytest.mark.parametrize("form", ["plain", "packed", "rotary", "window", "soft cap", "added"])
def test_grouped_queries(form: str, tokens: int, past: int, buffer: int, valid: list[int]) -> None:
    model, _ = grouped(form, tokens, past, buffer, valid)
    proto = model.model()
    expected = run_onnxruntime(proto, model.data)
    graph = lowered(proto)
    found = interpreted(graph, model.data)
    assert np.abs(found[0] - expected[0]).max() <= 1e-5 * max(1.0, np.abs(expected[0]).max())
    for have, want in zip(found[1:], expected[1:], strict=True):
        assert have.shape == want.shape
        for batch, count in enumerate(valid):
            assert np.abs(have[batch, :, :count] - want[batch, :, :count]).max() <= 1e-5
    names = {type(node.operation).__name__ for node in graph.nodes}
    if form in ("plain", "packed", "rotary"):
        assert "AttentionFloat" in names
    if buffer:
        assert "TensorScatter" in names


def test_what_is_not_supported_is_said_at_once() -> None:
    model = NodeModel()
    x = model.input("x", real(1, BATCH, TOKENS, WIDTH))
    weights = [model.constant(real(2, WIDTH, 3 * WIDTH)), model.constant(real(3, 3 * WIDTH))]
    first = model.contrib("Attention", x, *weights, num_heads=HEADS, do_rotary=1)
    second = model.contrib("MultiHeadAttention", x, x, x, num_heads=5)
    valid = model.constant(np.array([5, 5], np.int32))
    third = model.contrib(
        "GroupQueryAttention",
        *(x, x, x, "", "", valid, model.constant(np.int32(5))),
        num_heads=HEADS,
        kv_num_heads=HEADS,
        smooth_softmax=1,
    )
    model.node("Sum", first, second, third)
    with pytest.raises(CompileError) as caught:
        import_model(model.declared(model.nodes[-1].output[0], real(1, BATCH, TOKENS, WIDTH)))
    assert [problem.code.code for problem in caught.value.problems] == ["TW-0202"] * 3
    message = str(caught.value)
    for text in ("'do_rotary' is 1", "5 heads share 12 elements", "its softmax has a sink"):
        assert text in message


@pytest.mark.parametrize("keys", [TOKENS - 4, TOKENS - 2, TOKENS + 2])
def test_causal_queries_of_other_tokens_than_the_keys(keys: int) -> None:
    """Which key is a query's own is not said anywhere, and onnxruntime has several answers."""
    model = NodeModel()
    operands = [
        model.input(name, real(1, BATCH, count, WIDTH))
        for name, count in (("q", TOKENS), ("k", keys), ("v", keys))
    ]
    model.contrib("MultiHeadAttention", *operands, num_heads=HEADS, unidirectional=1)
    with pytest.raises(CompileError, match=f"with {TOKENS} queries and {keys} new keys"):
        import_model(model.model())


def test_a_negative_soft_cap() -> None:
    model, _ = grouped("soft cap", 5, 0, 0, [5, 5])
    (cap,) = (a for a in model.nodes[0].attribute if a.name == "softcap")
    cap.f = -2.0
    with pytest.raises(CompileError, match=r"TW-0202.*GroupQueryAttention_0.*its softcap is -2"):
        import_model(model.model())


def test_heads_without_elements() -> None:
    model = NodeModel()
    operands = [model.input("x", real(1, 1, 3, 2)), *(model.constant(real(2, 1, 3, 8)),) * 2]
    operands += ["", "", model.constant(np.array([3], np.int32)), model.constant(np.int32(3))]
    y = model.contrib("GroupQueryAttention", *operands, num_heads=4, kv_num_heads=2)
    with pytest.raises(CompileError, match=r"TW-0202.*GroupQueryAttention_0.*have no elements"):
        import_model(model.declared(y, real(1, 1, 3, 2)))


@pytest.mark.parametrize("past", [0, 4])
def test_a_cache_that_nothing_holds(past: int) -> None:
    model = NodeModel()
    cache = (
        [model.input(name, real(3, 1, 2, past, 16)) for name in ("k", "v")] if past else ["", ""]
    )
    x = [model.input("x", real(1, 1, 1, 32)), *(model.constant(real(2, 1, 1, 32)),) * 2]
    lengths = [model.constant(np.array([past], np.int32)), model.constant(np.int32(2**31 - 1))]
    y = model.contrib("GroupQueryAttention", *x, *cache, *lengths, num_heads=2, kv_num_heads=2)
    with pytest.raises(CompileError, match=r"TW-0109.*GroupQueryAttention_0.*2,147,483,647 tokens"):
        import_model(model.declared(y, real(1, 1, 1, 32)))
