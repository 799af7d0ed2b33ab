"""The compiled networks recognise digits: accuracy on the 360 test images, float, int8 and mixed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.lowering.lower import lower
from compiler.passes import run_passes

FOLDER = Path(__file__).parent


def accuracy(model: str) -> float:
    """Share of test images whose largest logit is the label's, by the bit-exact interpreter."""
    graph = lower(import_model(FOLDER / f"{model}.onnx"), "run")
    run_passes(graph)
    with np.load(FOLDER / "test_digits.npz") as data:
        images, labels = data["images"], data["labels"]
    found = [
        interpret(graph, {"image": image[None, None].astype(np.float32) / 16})["logits"].argmax()
        for image in images
    ]
    return float(np.mean(found == labels))


@pytest.mark.parametrize(("network", "least"), [("plain", 0.98), ("separable", 0.97)])
def test_int8_is_as_good_as_float(network: str, least: float) -> None:
    real = accuracy(f"digits_{network}")
    stored = accuracy(f"digits_{network}_int8")
    assert real >= least
    assert stored >= real - 0.01


def test_weights_of_four_bits_cost_little() -> None:
    """One image more is not recognised."""
    assert accuracy("digits_plain_mixed") >= accuracy("digits_plain_int8") - 1.5 / 360
