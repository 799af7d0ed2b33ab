"""Writes the image classifier of MLPerf Tiny, ResNet-8, with seeded random weights."""

from __future__ import annotations

import onnx

from models.building_blocks.network import Network, Tensor, Window
from models.building_blocks.write_model import TexturedInput, main

SHAPE = (1, 3, 32, 32)
CLASSES = 10
STACKS = ((16, 1), (32, 2), (64, 2))
"""Channels and stride."""


def build() -> onnx.ModelProto:
    """`image` float32 [1, 3, 32, 32] in 0 … 1 to `probabilities` float32 [1, 10]."""
    network = Network("resnet8", seed=13)
    x = network.input("image", SHAPE, 0.0, 1.0)
    x = _convolution(network, "stem", x, 16, 3)
    x = network.relu("stem_relu", x)
    for index, (channels, stride) in enumerate(STACKS, 1):
        x = _stack(network, f"stack{index}", x, channels, stride)
    x = network.flatten("flatten", network.average_pool("average", x))
    x = network.classifier("logits", x, CLASSES)
    return network.model(network.softmax("probabilities", x))


def _stack(network: Network, name: str, x: Tensor, channels: int, stride: int) -> Tensor:
    """Two convolutions beside a shortcut, which changes the shape without normalisation."""
    y = _convolution(network, f"{name}.convolution1", x, channels, 3, stride)
    y = network.relu(f"{name}.relu1", y)
    y = _convolution(network, f"{name}.convolution2", y, channels, 3)
    if stride != 1:
        window = Window.same(x.shape[2:], (1, 1), stride)
        # Less gain than others: the sum of both branches then grows little from stack to stack.
        x = network.convolution(f"{name}.shortcut", x, channels, window, normalized=False, gain=1.0)
    return network.relu(f"{name}.relu2", network.add(f"{name}.sum", x, y))


def _convolution(
    network: Network, name: str, x: Tensor, channels: int, size: int, stride: int = 1
) -> Tensor:
    return network.convolution(name, x, channels, Window.same(x.shape[2:], (size, size), stride))


if __name__ == "__main__":
    main(build, TexturedInput("image", SHAPE, patch=6))
