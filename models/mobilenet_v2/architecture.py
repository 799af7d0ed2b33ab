"""Writes a small MobileNetV2 with seeded random weights."""

from __future__ import annotations

import onnx

from models.building_blocks.network import Network, Tensor, Window
from models.building_blocks.write_model import TexturedInput, main

SHAPE = (1, 3, 96, 96)
CLASSES = 2
WIDTH = 0.35
STEM_CHANNELS = 32
GROUPS = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels at width 1, blocks and stride of the first one."""

LAST_CHANNELS = 1280
"""Widths below 1 do not apply to it."""


def scaled(channels: int) -> int:
    """Channels at this width: the nearest multiple of 8 that takes away at most a tenth."""
    exact = channels * WIDTH
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * exact else rounded


def build() -> onnx.ModelProto:
    """`image` float32 [1, 3, 96, 96] in 0 … 1 to `probabilities` float32 [1, 2]."""
    network = Network("mobilenet_v2", seed=10)
    x = network.input("image", SHAPE, 0.0, 1.0)
    window = Window.same(x.shape[2:], (3, 3), 2)
    x = network.convolution("stem", x, scaled(STEM_CHANNELS), window)
    x = network.relu6("stem_relu", x)
    block = 0
    for expansion, channels, blocks, first_stride in GROUPS:
        for index in range(blocks):
            block += 1
            stride = first_stride if index == 0 else 1
            x = _block(network, f"block{block}", x, expansion, scaled(channels), stride)
    x = _pointwise(network, "last", x, LAST_CHANNELS)
    x = network.relu6("last_relu", x)
    x = network.flatten("flatten", network.average_pool("average", x))
    x = network.classifier("logits", x, CLASSES)
    return network.model(network.softmax("probabilities", x))


def _block(
    network: Network, name: str, x: Tensor, expansion: int, channels: int, stride: int
) -> Tensor:
    """An inverted residual: expand, convolve per channel, project without activation."""
    y = x
    if expansion != 1:
        y = _pointwise(network, f"{name}.expand", y, x.channels * expansion)
        y = network.relu6(f"{name}.expand_relu", y)
    window = Window.same(y.shape[2:], (3, 3), stride)
    y = network.convolution(f"{name}.depthwise", y, y.channels, window, depthwise=True)
    y = network.relu6(f"{name}.depthwise_relu", y)
    y = _pointwise(network, f"{name}.project", y, channels)
    return y if x.shape != y.shape else network.add(f"{name}.sum", x, y)


def _pointwise(network: Network, name: str, x: Tensor, channels: int) -> Tensor:
    return network.convolution(name, x, channels, Window.same(x.shape[2:], (1, 1)))


if __name__ == "__main__":
    main(build, TexturedInput("image", SHAPE, patch=12))
