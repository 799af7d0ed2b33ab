"""The compiled networks recognise digits: float, int8, with weights of 4 bits, on 360 images."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.lowering.lower import lower
from compiler.passes import run_passes
from models.digits.evaluation_data import SAMPLES

FOLDER = Path(__file__).parent


@functools.cache
def correct(model: str) -> np.ndarray:
    """Whether each test image's largest logit is the label's, by the bit-exact interpreter."""
    graph = lower(import_model(FOLDER / f"{model}.onnx"), "run")
    run_passes(graph)
    with np.load(FOLDER / "test_digits.npz") as data:
        images, labels = data["images"], data["labels"]
    found = [
        interpret(graph, {"image": image[None, None].astype(np.float32) / 16})["logits"].argmax()
        for image in images
    ]
    return np.array(found) == labels


def accuracy(model: str) -> float:
    """Share of correct test images."""
    return float(correct(model).mean())


@pytest.mark.parametrize(("network", "least"), [("plain", 0.98), ("separable", 0.97)])
def test_int8_is_as_good_as_float(network: str, least: float) -> None:
    real = accuracy(f"digits_{network}")
    stored = accuracy(f"digits_{network}_int8")
    assert real >= least
    assert stored >= real - 0.01


def test_weights_of_four_bits_cost_little() -> None:
    """One image more is not recognised."""
    assert accuracy("digits_plain_mixed") >= accuracy("digits_plain_int8") - 1.5 / 360


def report(network: str) -> dict[str, Any]:
    path = FOLDER / f"digits_{network}_searched.quantization.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("network", "share"), [("plain", 0.52), ("separable", 0.61)])
def test_the_search_keeps_the_tolerance_with_fewer_bytes(network: str, share: float) -> None:
    """On the images that it saw; of the others at most two more are not recognised."""
    real, stored = correct(f"digits_{network}"), correct(f"digits_{network}_searched")
    (demand,) = report(network)["tolerance"]
    assert demand["tolerance"] == "accuracy_drop" and demand["holds"]
    seen, others = slice(SAMPLES), slice(SAMPLES, None)
    assert real[seen].mean() - stored[seen].mean() <= demand["allowed"]
    assert real[others].sum() - stored[others].sum() <= 2
    weights = report(network)["weights"]
    assert weights["bytes"] <= share * weights["elements"]


def test_the_search_finds_what_was_picked_by_hand() -> None:
    assert report("plain")["weight_bits"] == {"convolution2": 4, "logits": 4}
