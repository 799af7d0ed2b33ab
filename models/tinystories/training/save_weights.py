"""Turns a training checkpoint into the committed weight file."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from models.tinystories.shape import FEED_FORWARD, LAYERS, WIDTH
from models.tinystories.weights import Weights, save_weights


def weights_of(state: dict[str, torch.Tensor]) -> Weights:
    """Returns the weights of a network's state by the names of the exported model."""
    arrays = {name: tensor.numpy().astype(np.float32) for name, tensor in state.items()}
    weights = {name: arrays[name] for name in ("embedding", "final_norm", "head")}
    for layer in range(LAYERS):
        attention, feed_forward = f"layer{layer}/attention", f"layer{layer}/feed_forward"
        joined = arrays["query_key_value"][layer].reshape(WIDTH, 3, WIDTH)
        for index, kind in enumerate(("query", "key", "value")):
            weights[f"{attention}/{kind}"] = joined[:, index]
        weights[f"{attention}/norm"] = arrays["attention_norm"][layer]
        weights[f"{attention}/projection"] = arrays["projection"][layer]
        weights[f"{feed_forward}/norm"] = arrays["feed_forward_norm"][layer]
        weights[f"{feed_forward}/gate"] = arrays["gate_up"][layer][:, :FEED_FORWARD]
        weights[f"{feed_forward}/up"] = arrays["gate_up"][layer][:, FEED_FORWARD:]
        weights[f"{feed_forward}/down"] = arrays["down"][layer]
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="weights.npz to write")
    arguments = parser.parse_args()
    save_weights(arguments.output, weights_of(torch.load(arguments.checkpoint)["network"]))


if __name__ == "__main__":
    main()
