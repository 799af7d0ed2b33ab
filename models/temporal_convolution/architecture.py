"""Writes a temporal convolutional network with seeded random weights."""

from __future__ import annotations

import onnx

from models.building_blocks.network import Network, Tensor, Window
from models.building_blocks.write_model import TexturedInput, main

SHAPE = (1, 40, 98)
"""Cepstral coefficients and frames: a second in steps of 10 ms."""

CHANNELS = 32
KERNEL = 3
DILATIONS = (1, 2, 4, 8, 16)
CLASSES = 12


def build() -> onnx.ModelProto:
    """`coefficients` float32 [1, 40, 98] in 0 … 1 to `probabilities` float32 [1, 12]."""
    network = Network("temporal_convolution", seed=29)
    x = network.input("coefficients", SHAPE, 0.0, 1.0)
    for index, dilation in enumerate(DILATIONS, 1):
        x = _block(network, f"block{index}", x, dilation)
    # The last frame has seen all others: 1 + 4·(1 + 2 + 4 + 8 + 16) frames would be in its view.
    x = network.last_position("last_frame", x)
    x = network.classifier("logits", network.flatten("flatten", x), CLASSES)
    return network.model(network.softmax("probabilities", x))


def _block(network: Network, name: str, x: Tensor, dilation: int) -> Tensor:
    """Two causal convolutions beside a shortcut, which is a projection where channels differ."""
    past = (KERNEL - 1) * dilation
    window = Window((KERNEL,), (1,), (dilation,), (past, 0))
    y = x
    for index in (1, 2):
        y = network.convolution(f"{name}.convolution{index}", y, CHANNELS, window)
        y = network.relu(f"{name}.relu{index}", y)
    if x.channels != CHANNELS:
        window = Window((1,), (1,), (1,), (0, 0))
        x = network.convolution(f"{name}.shortcut", x, CHANNELS, window, normalized=False, gain=1.0)
    return network.relu(f"{name}.relu3", network.add(f"{name}.sum", x, y))


if __name__ == "__main__":
    main(build, TexturedInput("coefficients", SHAPE, patch=7))
