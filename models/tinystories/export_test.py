"""Tests of the exported model against onnxruntime, the ONNX reference and plain NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from models.tinystories.export import build_model
from models.tinystories.shape import (
    CONTEXT,
    EPSILON,
    HEAD_DIMENSION,
    HEADS,
    LAYERS,
    WIDTH,
    rotary_tables,
)
from models.tinystories.weights import Weights, expected_shapes, load_weights, save_weights
from tools.quantize.calibration import session

Array = npt.NDArray[np.float64]
CACHES = [f"{kind}_cache_{layer}" for layer in range(LAYERS) for kind in ("key", "value")]


def random_weights(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in expected_shapes().items():
        deviation = 0.1 if name.endswith("norm") else shape[0] ** -0.5
        centre = 1.0 if name.endswith("norm") else 0.0
        weights[name] = (
            random.normal(centre, deviation, shape).astype(np.float16).astype(np.float32)
        )
    return weights


WEIGHTS = random_weights(1)
MODEL = build_model(WEIGHTS)
SESSION = session(MODEL)


def empty_caches() -> dict[str, npt.NDArray[np.float32]]:
    return {name: np.zeros((1, HEADS, CONTEXT, HEAD_DIMENSION), np.float32) for name in CACHES}


def feed(tokens: npt.NDArray[np.int64], position: int, last: int) -> dict[str, np.ndarray]:
    return {
        "tokens": tokens[None],
        "position": np.array([position], np.int64),
        "last": np.array([last], np.int64),
    }


def plain_logits(weights: Weights, tokens: npt.NDArray[np.int64]) -> Array:
    """The network once more, written down independently in float64 without caches."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    cosine, sine = (table.astype(np.float64)[: len(tokens), None] for table in rotary_tables())

    def norm(x: Array, name: str) -> Array:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * w[name]

    def rotate(x: Array) -> Array:
        a, b = x[..., :2], x[..., 2:]
        return np.concatenate([a * cosine - b * sine, b * cosine + a * sine], -1)

    x = w["embedding"][tokens]
    visible = np.tril(np.ones((len(tokens), len(tokens)), bool))
    for layer in range(LAYERS):
        name = f"layer{layer}/attention/"
        normed = norm(x, name + "norm")
        q, k, v = (
            (normed @ w[name + kind]).reshape(-1, HEADS, HEAD_DIMENSION)
            for kind in ("query", "key", "value")
        )
        scores = np.einsum("qhd,khd->hqk", rotate(q), rotate(k)) / np.sqrt(HEAD_DIMENSION)
        scores = np.where(visible, scores, -np.inf)
        weights_of_keys = np.exp(scores - scores.max(-1, keepdims=True))
        weights_of_keys /= weights_of_keys.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", weights_of_keys, v).reshape(-1, WIDTH)
        x = x + mixed @ w[name + "projection"]
        name = f"layer{layer}/feed_forward/"
        normed = norm(x, name + "norm")
        gate = normed @ w[name + "gate"]
        x = x + (gate / (1 + np.exp(-gate)) * (normed @ w[name + "up"])) @ w[name + "down"]
    return norm(x, "final_norm") @ w["head"]


TOKENS = np.random.default_rng(2).integers(0, 512, 40).astype(np.int64)


def test_prefill_matches_plain_numpy() -> None:
    expected = plain_logits(WEIGHTS, TOKENS)
    for last in (0, 17, 39):
        logits = SESSION.run(["logits"], feed(TOKENS, 0, last) | empty_caches())[0]
        np.testing.assert_allclose(logits[0, 0], expected[last], rtol=1e-4, atol=1e-4)


def test_decoding_with_the_cache_equals_prefill() -> None:
    expected = plain_logits(WEIGHTS, TOKENS)
    caches = empty_caches()
    names = ["logits", *(name + "_next" for name in CACHES)]
    for start, count in ((0, 16), (16, 1), (17, 1), (18, 22)):
        chunk = TOKENS[start : start + count]
        logits, *values = SESSION.run(names, feed(chunk, start, count - 1) | caches)
        caches = dict(zip(CACHES, values, strict=True))
        np.testing.assert_allclose(logits[0, 0], expected[start + count - 1], rtol=1e-4, atol=1e-4)


def test_entries_beyond_the_position_are_not_seen() -> None:
    random = np.random.default_rng(3)
    caches = empty_caches()
    dirty = {
        name: random.normal(size=value.shape).astype(np.float32) for name, value in caches.items()
    }
    clean_logits = SESSION.run(["logits"], feed(TOKENS, 0, 39) | caches)[0]
    dirty_logits = SESSION.run(["logits"], feed(TOKENS, 0, 39) | dirty)[0]
    np.testing.assert_array_equal(clean_logits, dirty_logits)


def test_the_last_cache_slot_can_be_used() -> None:
    logits, key = SESSION.run(
        ["logits", "key_cache_0_next"], feed(TOKENS[:1], CONTEXT - 1, 0) | empty_caches()
    )
    assert np.isfinite(logits).all()
    assert (key[0, :, :-1] == 0).all() and (key[0, :, -1] != 0).any()


def test_the_onnx_reference_agrees() -> None:
    inputs = feed(TOKENS[:5], 3, 4) | empty_caches()
    expected = ReferenceEvaluator(MODEL).run(None, inputs)
    for found, reference in zip(SESSION.run(None, inputs), expected, strict=True):
        np.testing.assert_allclose(found, reference, rtol=1e-3, atol=1e-3)


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    save_weights(path, WEIGHTS)
    first = path.read_bytes()
    save_weights(path, dict(reversed(WEIGHTS.items())))
    assert path.read_bytes() == first
    again = build_model(load_weights(path))
    assert again.SerializeToString(deterministic=True) == MODEL.SerializeToString(
        deterministic=True
    )


def test_names_are_readable_and_unique() -> None:
    names = [node.name for node in MODEL.graph.node]
    assert len(set(names)) == len(names)
    assert "layer3/attention/query" in names
    assert {value.name for value in MODEL.graph.input} == {"tokens", "position", "last", *CACHES}
    assert [value.name for value in MODEL.graph.output] == [
        "logits",
        *(name + "_next" for name in CACHES),
    ]
    onnx.checker.check_model(MODEL, full_check=True)


def test_a_weight_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    np.savez(path, allow_pickle=False, **(WEIGHTS | {"head": np.zeros((64, 8), np.float16)}))
    with pytest.raises(ValueError, match="head"):
        load_weights(path)
