"""The command line of every architecture: writes its model and inputs to quantise and test it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx

from models.building_blocks.random_source import RandomSource

Inputs = Mapping[str, npt.NDArray[Any]]

RANGE_BITS = 5
"""Of the quantiser: see tools/quantize/ranges.py."""

_CALIBRATION_SEED = 1_000
_CALIBRATION_SAMPLES = 16
_GOLDEN_SEED = 2_000
_GOLDEN_SAMPLES = 2


class InputSource(Protocol):
    """Draws inputs of a model."""

    def stored(self, source: RandomSource) -> Inputs:
        """One input of every kind as the int8 model takes it on the target: int8 or int32."""
        ...

    def real(self, stored: Inputs) -> Inputs:
        """The same as the float model takes it: float32 or int64."""
        ...


@dataclass(frozen=True)
class TexturedInput:
    """Flat patches of `patch` elements a side under fine noise; real values are 0 … 1.

    Axes from the third on are in space or time. Channels differ in level from sample to sample:
    noise alone would leave all averages the same, and with them what a network makes of it.
    """

    name: str
    shape: tuple[int, ...]
    patch: int

    def stored(self, source: RandomSource) -> Inputs:
        """int8, over the whole range."""
        spatial = self.shape[2:]
        counts = (-(-extent // self.patch) for extent in spatial)
        patches = source.integers((*self.shape[:2], *counts), 97)
        for axis, extent in enumerate(spatial, 2):
            patches = np.take(np.repeat(patches, self.patch, axis), range(extent), axis)
        level = source.integers((*self.shape[:2], *(1 for _ in spatial)), 97)
        noise = source.integers(self.shape, 64)
        return {self.name: (level + patches + noise - 128).astype(np.int8)}

    def real(self, stored: Inputs) -> Inputs:
        values = stored[self.name].astype(np.float64)
        return {self.name: ((values + 128) / 255).astype(np.float32)}


def main(build: Callable[[], onnx.ModelProto], inputs: InputSource) -> None:
    """Reads the command line and writes the files it names.

    Args:
        build: makes the float32 model.
        inputs: what it may see.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="float32 ONNX model to write")
    parser.add_argument("--calibration", type=Path, required=True, help=".npz for the quantiser")
    parser.add_argument("--golden", type=Path, required=True, help=".npz with test inputs")
    options = parser.parse_args()
    model = build()
    options.model.write_bytes(model.SerializeToString(deterministic=True))
    source = RandomSource(_CALIBRATION_SEED)
    samples = [inputs.real(inputs.stored(source)) for _ in range(_CALIBRATION_SAMPLES)]
    np.savez(
        options.calibration,
        allow_pickle=False,
        **{name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]},
    )
    source = RandomSource(_GOLDEN_SEED)
    np.savez(
        options.golden,
        allow_pickle=False,
        **{
            f"{step:03}//input/{name}": value
            for step in range(_GOLDEN_SAMPLES)
            for name, value in inputs.stored(source).items()
        },
    )
