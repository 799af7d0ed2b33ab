"""Reads and checks the committed weights of the TinyStories model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.tinystories.shape import FEED_FORWARD, LAYERS, VOCABULARY, WIDTH

Weights = dict[str, npt.NDArray[np.float32]]


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Returns name and shape of every weight; matrices are [in, out]."""
    shapes: dict[str, tuple[int, ...]] = {"embedding": (VOCABULARY, WIDTH)}
    for layer in range(LAYERS):
        prefix = f"layer{layer}"
        shapes |= {
            f"{prefix}/attention/norm": (WIDTH,),
            f"{prefix}/attention/query": (WIDTH, WIDTH),
            f"{prefix}/attention/key": (WIDTH, WIDTH),
            f"{prefix}/attention/value": (WIDTH, WIDTH),
            f"{prefix}/attention/projection": (WIDTH, WIDTH),
            f"{prefix}/feed_forward/norm": (WIDTH,),
            f"{prefix}/feed_forward/gate": (WIDTH, FEED_FORWARD),
            f"{prefix}/feed_forward/up": (WIDTH, FEED_FORWARD),
            f"{prefix}/feed_forward/down": (FEED_FORWARD, WIDTH),
        }
    return shapes | {"final_norm": (WIDTH,), "head": (WIDTH, VOCABULARY)}


def load_weights(path: Path) -> Weights:
    """Reads the weight file (float16 in the file, exact) as float32.

    Raises:
        ValueError: if a weight is missing, unknown or of another shape.
    """
    with np.load(path) as archive:
        weights = {name: archive[name].astype(np.float32) for name in archive.files}
    found = {name: weight.shape for name, weight in weights.items()}
    if found != expected_shapes():
        wrong = sorted(set(found.items()) ^ set(expected_shapes().items()))
        raise ValueError(
            f"{path.name} does not hold the weights of this model; differences: {wrong}"
        )
    return weights


def save_weights(path: Path, weights: Weights) -> None:
    """Writes float16 weights in the order of ``expected_shapes``; the bytes are deterministic."""
    ordered = {name: weights[name].astype(np.float16) for name in expected_shapes()}
    np.savez_compressed(path, allow_pickle=False, **ordered)
