"""Writes the keyword spotter of MLPerf Tiny, DS-CNN, with seeded random weights."""

from __future__ import annotations

import onnx

from models.building_blocks.network import Network, Window
from models.building_blocks.write_model import TexturedInput, main

SHAPE = (1, 1, 49, 10)
"""Frames and cepstral coefficients."""

CHANNELS = 64
BLOCKS = 4
CLASSES = 12


def build() -> onnx.ModelProto:
    """`coefficients` float32 [1, 1, 49, 10] in 0 … 1 to `probabilities` float32 [1, 12]."""
    network = Network("ds_cnn", seed=1)
    x = network.input("coefficients", SHAPE, 0.0, 1.0)
    window = Window.same(x.shape[2:], (10, 4), 2)
    x = network.relu("stem_relu", network.convolution("stem", x, CHANNELS, window))
    for index in range(1, BLOCKS + 1):
        window = Window.same(x.shape[2:], (3, 3))
        x = network.convolution(f"depthwise{index}", x, CHANNELS, window, depthwise=True)
        x = network.relu(f"depthwise{index}_relu", x)
        window = Window.same(x.shape[2:], (1, 1))
        x = network.convolution(f"pointwise{index}", x, CHANNELS, window)
        x = network.relu(f"pointwise{index}_relu", x)
    x = network.flatten("flatten", network.average_pool("average", x))
    x = network.classifier("logits", x, CLASSES)
    return network.model(network.softmax("probabilities", x))


if __name__ == "__main__":
    main(build, TexturedInput("coefficients", SHAPE, patch=3))
