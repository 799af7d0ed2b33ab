"""Writes a compact convolutional transformer, CCT-2/3x2, with seeded random weights."""

from __future__ import annotations

import onnx

from models.building_blocks.moments import Moments
from models.building_blocks.network import Network, Tensor, Window
from models.building_blocks.transformer import attention, feed_forward
from models.building_blocks.write_model import TexturedInput, main

SHAPE = (1, 3, 32, 32)
TOKENIZER_CHANNELS = (32, 64)
WIDTH = TOKENIZER_CHANNELS[-1]
LAYERS = 2
HEADS = 2
HIDDEN = WIDTH
CLASSES = 10


def build() -> onnx.ModelProto:
    """`image` float32 [1, 3, 32, 32] in 0 … 1 to `logits` float32 [1, 10]."""
    network = Network("compact_transformer", seed=10)
    x = network.input("image", SHAPE, 0.0, 1.0)
    x = _tokens(network, x)
    positions = network.random.bell(x.shape, 0.2)
    network.node("Add", "positions", [x.name, network.constant("positions.weight", positions)])
    x = Tensor("positions", x.shape, x.moments)
    for index in range(1, LAYERS + 1):
        x = _layer(network, f"layer{index}", x)
    x = network.layer_normalization("norm", x)
    return network.model(network.classifier("logits", _sequence_pool(network, x), CLASSES))


def _tokens(network: Network, x: Tensor) -> Tensor:
    """Two convolutions with pooling, and their positions as rows: [64, WIDTH]."""
    for index, channels in enumerate(TOKENIZER_CHANNELS, 1):
        window = Window((3, 3), (1, 1), (1, 1), (1, 1, 1, 1))
        x = network.convolution(
            f"tokenizer{index}", x, channels, window, normalized=False, bias=False
        )
        x = network.relu(f"tokenizer{index}_relu", x)
        pool = Window((3, 3), (2, 2), (1, 1), (1, 1, 1, 1))
        x = network.max_pool(f"tokenizer{index}_pool", x, pool)
    network.reshape("tokenizer_columns", x.name, (WIDTH, -1))
    network.node("Transpose", "tokens", ["tokenizer_columns"], perm=[1, 0])
    return Tensor("tokens", (x.shape[2] * x.shape[3], WIDTH), x.moments)


def _layer(network: Network, name: str, x: Tensor) -> Tensor:
    """The second residual begins behind its normalisation, as in the published code."""
    y = network.layer_normalization(f"{name}.norm1", x)
    x = network.add(f"{name}.sum1", x, attention(network, f"{name}.attention", y, HEADS))
    x = network.layer_normalization(f"{name}.norm2", x)
    y = feed_forward(network, f"{name}.feed_forward", x, HIDDEN)
    return network.add(f"{name}.sum2", x, y)


def _sequence_pool(network: Network, x: Tensor) -> Tensor:
    """The rows' mean with weights softmax(x·w), [1, WIDTH].

    That is attention with one constant query, so the operator for it says it all. The published
    code adds a bias to x·w, which softmax takes away again.
    """
    query = network.random.bell((1, 1, WIDTH), 0.2)
    rows = network.reshape("pool.rows", x.name, (1, *x.shape))
    network.node(
        "Attention",
        "pool",
        [network.constant("pool.query", query), rows, rows],
        q_num_heads=1,
        kv_num_heads=1,
        scale=1.0,
    )
    network.reshape("pooled", "pool", (1, WIDTH))
    return Tensor("pooled", (1, WIDTH), Moments(x.moments.mean, x.moments.variance / 4))


if __name__ == "__main__":
    main(build, TexturedInput("image", SHAPE, patch=6))
