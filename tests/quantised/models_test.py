"""The repository's own networks: every quantised operator of them, and their results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from models.tinystories.evaluate import Model
from models.tinystories.tokenizer import END_OF_TEXT, Tokenizer
from tests.quantised.agreement import compare
from tests.quantised.graph_agreement import compare_models, digits_feeds

MODELS = Path("models")
STORY = (
    "Once upon a time there was a little dog. He had a red ball. One day the ball rolled into the "
    "river and the dog was sad. His friend, a big brown bear, took a stick"
)


@pytest.mark.parametrize("network", ["plain_int8", "separable_int8", "plain_mixed"])
def test_every_operator_of_digits(network: str) -> None:
    folder = MODELS / "digits"
    model = onnx.load(folder / f"digits_{network}.onnx")
    for feed in digits_feeds(folder / "test_digits.npz")[:20]:
        assert compare(model, feed).failures == []


@pytest.mark.parametrize(("network", "decibels"), [("plain", 37.0), ("separable", 29.0)])
def test_results_of_digits(network: str, decibels: float) -> None:
    """The compiled network is as far from the float model as onnxruntime's int8 is."""
    folder = MODELS / "digits"
    result = compare_models(
        folder / f"digits_{network}.onnx",
        folder / f"digits_{network}_int8.onnx",
        digits_feeds(folder / "test_digits.npz"),
    )
    assert result.rows == 360
    assert result.compiled.top >= 0.99
    assert result.between.top >= 0.99
    assert result.compiled.signal_to_noise >= decibels
    assert result.compiled.signal_to_noise >= result.onnxruntime.signal_to_noise - 0.5


@pytest.mark.parametrize("sequence", [1, 16])
def test_every_operator_of_tinystories(sequence: int) -> None:
    """Tokens in the middle of a story, with what the caches hold there."""
    folder = MODELS / "tinystories"
    path = folder / "tinystories_int8.onnx"
    words = Tokenizer.load(folder / "tokenizer.json").encode(STORY)
    tokens = np.array([END_OF_TEXT, *words], np.int64)
    first = len(tokens) - sequence
    story = Model(path)
    story.run(tokens[:first])
    inputs = {
        "tokens": tokens[None, first:],
        "position": np.array([first], np.int64),
        "last": np.array([sequence - 1], np.int64),
        **story.caches(),
    }
    agreement = compare(onnx.load(path), inputs, {"sequence": sequence})
    assert agreement.failures == []
    assert len(agreement.steps) == 212
    assert agreement.differing < agreement.elements / 1000
