"""Writes the person detector of MLPerf Tiny, MobileNetV1 0.25, with seeded random weights."""

from __future__ import annotations

import onnx

from models.building_blocks.network import Network, Window
from models.building_blocks.write_model import TexturedInput, main

SHAPE = (1, 3, 96, 96)
CLASSES = 2
STEM_CHANNELS = 8
BLOCKS = (
    (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1), (128, 1), (128, 1),
    (128, 1), (256, 2), (256, 1),
)  # fmt: skip
"""Output channels of the pointwise and stride of the depthwise convolution."""


def build() -> onnx.ModelProto:
    """`image` float32 [1, 3, 96, 96] in 0 … 1 to `probabilities` float32 [1, 2]."""
    network = Network("mobilenet_v1", seed=9)
    x = network.input("image", SHAPE, 0.0, 1.0)
    window = Window.same(x.shape[2:], (3, 3), 2)
    x = network.relu("stem_relu", network.convolution("stem", x, STEM_CHANNELS, window))
    for index, (channels, stride) in enumerate(BLOCKS, 1):
        window = Window.same(x.shape[2:], (3, 3), stride)
        x = network.convolution(f"depthwise{index}", x, x.channels, window, depthwise=True)
        x = network.relu(f"depthwise{index}_relu", x)
        window = Window.same(x.shape[2:], (1, 1))
        x = network.convolution(f"pointwise{index}", x, channels, window)
        x = network.relu(f"pointwise{index}_relu", x)
    x = network.flatten("flatten", network.average_pool("average", x))
    x = network.classifier("logits", x, CLASSES)
    return network.model(network.softmax("probabilities", x))


if __name__ == "__main__":
    main(build, TexturedInput("image", SHAPE, patch=12))
