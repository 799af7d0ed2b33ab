"""Writes the anomaly detector of MLPerf Tiny with seeded random weights."""

from __future__ import annotations

import numpy as np
import onnx

from models.building_blocks.network import Network
from models.building_blocks.random_source import RandomSource
from models.building_blocks.write_model import Inputs, main

FEATURES = 640
"""Five frames of 128 mel bands."""

HIDDEN = (128, 128, 128, 128, 8, 128, 128, 128, 128)


def build() -> onnx.ModelProto:
    """`spectrogram` float32 [1, 640] from -1 to 1 to `reconstruction` float32 [1, 640]."""
    network = Network("autoencoder", seed=11)
    x = network.input("spectrogram", (1, FEATURES), -1.0, 1.0)
    for index, width in enumerate(HIDDEN, 1):
        x = network.dense(f"dense{index}", x, width, normalized=True)
        x = network.relu(f"relu{index}", x)
    return network.model(network.dense("reconstruction", x, FEATURES, gain=1.0))


class _Spectrograms:
    """Levels of the bands; the five frames are like each other."""

    def stored(self, source: RandomSource) -> Inputs:
        levels = source.integers((1, 1, 128), 193)
        changes = source.integers((1, 5, 128), 64)
        return {"spectrogram": (levels + changes - 128).astype(np.int8).reshape(1, FEATURES)}

    def real(self, stored: Inputs) -> Inputs:
        levels = stored["spectrogram"].astype(np.float64)
        return {"spectrogram": ((levels + 0.5) / 127.5).astype(np.float32)}


if __name__ == "__main__":
    main(build, _Spectrograms())
