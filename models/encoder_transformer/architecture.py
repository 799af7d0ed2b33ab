"""Writes a small encoder transformer, after BERT, with seeded random weights."""

from __future__ import annotations

import numpy as np
import onnx

from models.building_blocks.moments import Moments
from models.building_blocks.network import Network, Tensor
from models.building_blocks.random_source import RandomSource
from models.building_blocks.transformer import attention, feed_forward
from models.building_blocks.write_model import Inputs, main

VOCABULARY = 512
SEQUENCE = 64
WIDTH = 64
LAYERS = 4
HEADS = 4
HIDDEN = 256
CLASSES = 4


def build() -> onnx.ModelProto:
    """`tokens` int64 [1, 64] in 0 … 511 to `logits` float32 [1, 4]."""
    network = Network("encoder_transformer", seed=10)
    x = _embedding(network)
    for index in range(1, LAYERS + 1):
        x = _layer(network, f"layer{index}", x)
    first = network.constant("first_token.index", np.array([0], np.int64))
    network.node("Gather", "first_token", [x.name, first], axis=0)
    x = network.dense("pooler", Tensor("first_token", (1, WIDTH), x.moments), WIDTH, gain=1.0)
    network.node("Tanh", "pooler_tanh", [x.name])
    x = Tensor("pooler_tanh", x.shape, x.moments)
    return network.model(network.classifier("logits", x, CLASSES))


def _embedding(network: Network) -> Tensor:
    """The tokens' rows plus those of their positions, normalised: [SEQUENCE, WIDTH]."""
    tokens = network.tokens("tokens", (1, SEQUENCE))
    words = network.constant("words.weight", network.random.bell((VOCABULARY, WIDTH), 0.5))
    positions = network.constant("positions.weight", network.random.bell((SEQUENCE, WIDTH), 0.5))
    network.node("Gather", "words", [words, tokens], axis=0)
    rows = network.reshape("words.rows", "words", (SEQUENCE, WIDTH))
    network.node("Add", "embedding", [rows, positions])
    moments = Moments(np.zeros(WIDTH), np.full(WIDTH, 0.5))
    return network.layer_normalization(
        "embedding_norm", Tensor("embedding", (SEQUENCE, WIDTH), moments)
    )


def _layer(network: Network, name: str, x: Tensor) -> Tensor:
    """Normalisation follows each residual."""
    y = attention(network, f"{name}.attention", x, HEADS)
    x = network.layer_normalization(f"{name}.norm1", network.add(f"{name}.sum1", x, y))
    y = feed_forward(network, f"{name}.feed_forward", x, HIDDEN)
    return network.layer_normalization(f"{name}.norm2", network.add(f"{name}.sum2", x, y))


class _Tokens:
    """Token ids."""

    def stored(self, source: RandomSource) -> Inputs:
        return {"tokens": source.integers((1, SEQUENCE), VOCABULARY).astype(np.int32)}

    def real(self, stored: Inputs) -> Inputs:
        return {"tokens": stored["tokens"].astype(np.int64)}


if __name__ == "__main__":
    main(build, _Tokens())
