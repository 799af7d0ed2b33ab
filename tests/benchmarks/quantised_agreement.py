"""Measures how much of each model's float output its int8 network keeps: top-1 and SQNR.

Three networks are compared on the same inputs: the float model and its QDQ version in onnxruntime
without graph optimisations, and the QDQ version compiled to C for this machine. The language model
reads the text that the float model writes greedily after each prompt, token by token.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from compiler.ir import Array, State
from models.tinystories.evaluate import Model
from models.tinystories.shape import LAYERS
from models.tinystories.tokenizer import END_OF_TEXT, Tokenizer
from tests.quantised.graph_agreement import (
    Comparison,
    compare_models,
    compiled,
    digits_feeds,
    run_compiled,
    sample_feeds,
)

MODELS = Path("models")
SEEDED = (
    "resnet8",
    "ds_cnn",
    "mobilenet_v1",
    "mobilenet_v2",
    "autoencoder",
    "temporal_convolution",
    "compact_transformer",
    "encoder_transformer",
)
"""Networks of random weights, which have no other inputs than those they are calibrated with."""

PROMPTS = (
    "Once upon a time",
    "Lily and Ben went to the beach. They saw",
    "Tom had a red ball. One day the ball",
    "The old cat was hungry, so she",
)
TOKENS = 200
"""Per prompt, the prompt included, or up to the end of the story."""


def main() -> int:
    """Prints a table, one line per network and pair."""
    results = {f"digits, {name}": digits(name) for name in ("plain", "separable")}
    results["TinyStories"] = tinystories()
    results |= {name: seeded(name) for name in SEEDED}
    print("| Network | Outputs | float, onnxruntime int8 | float, compiled | both int8 |")
    print("|---|---|---|---|---|")
    for name, result in results.items():
        print(
            f"| {name} | {result.rows} | {result.onnxruntime} | {result.compiled} "
            f"| {result.between} |"
        )
    return 0


def seeded(network: str) -> Comparison:
    """All calibration samples."""
    folder = MODELS / network
    return compare_models(
        folder / f"{network}_float.onnx",
        folder / f"{network}_int8.onnx",
        sample_feeds(folder / f"{network}_calibration.npz"),
    )


def digits(network: str) -> Comparison:
    """All test images."""
    folder = MODELS / "digits"
    return compare_models(
        folder / f"digits_{network}.onnx",
        folder / f"digits_{network}_int8.onnx",
        digits_feeds(folder / "test_digits.npz"),
    )


def tinystories() -> Comparison:
    """The scores after every token of the float model's own stories."""
    folder = MODELS / "tinystories"
    tokenizer = Tokenizer.load(folder / "tokenizer.json")
    real = Model(folder / "tinystories_float.onnx")
    stored = Model(folder / "tinystories_int8.onnx")
    states = [
        State(f"{kind}_cache_{layer}", f"{kind}_cache_{layer}_next")
        for layer in range(LAYERS)
        for kind in ("key", "value")
    ]
    network = compiled(folder / "tinystories_int8.onnx", {"sequence": 1}, states)
    run = run_compiled(network, "logits")
    rows: list[tuple[Array, Array, Array]] = []
    for prompt in PROMPTS:
        tokens, scores = _story(real, [END_OF_TEXT, *tokenizer.encode(prompt)])
        network.reset()
        feeds = [
            {
                "tokens": np.array([[token]], np.int64),
                "position": np.array([position], np.int64),
                "last": np.array([0], np.int64),
            }
            for position, token in enumerate(tokens)
        ]
        stored.reset()
        rows.append(
            (
                scores,
                stored.run(np.array(tokens, np.int64)),
                np.concatenate([run(feed).reshape(1, -1) for feed in feeds]),
            )
        )
    real_scores, stored_scores, compiled_scores = zip(*rows, strict=True)
    return Comparison.of(
        np.concatenate(real_scores),
        np.concatenate(stored_scores),
        np.concatenate(compiled_scores),
    )


def _story(model: Model, tokens: list[int]) -> tuple[list[int], Array]:
    """Continues tokens greedily; returns all tokens, and the scores after each, [tokens, words]."""
    model.reset()
    scores = [*model.run(np.array(tokens, np.int64))]
    while len(tokens) < TOKENS:
        token = int(scores[-1].argmax())
        if token == END_OF_TEXT:
            break
        tokens.append(token)
        scores += [*model.run(np.array([token], np.int64))]
    return tokens, np.array(scores)


if __name__ == "__main__":
    sys.exit(main())
