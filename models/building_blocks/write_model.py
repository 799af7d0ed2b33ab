"""The command line of every architecture: writes its model and inputs to quantise and test it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from models.building_blocks.random_source import RandomSource

Inputs = Mapping[str, npt.NDArray[np.generic]]

RANGE_BITS = 5
"""Of the quantiser: see tools/quantize/ranges.py."""

_CALIBRATION_SEED = 1_000
_GOLDEN_SEED = 2_000


@dataclass(frozen=True)
class Architecture:
    """How to make a model and the inputs it may see.

    `inputs` gives one input of every kind, as the quantised model takes it: int8 over the whole
    range for a quantised tensor, which `real` turns into float32 for the float model.
    """

    build: Callable[[], onnx.ModelProto]
    inputs: Callable[[RandomSource], Inputs]
    real: Callable[[Inputs], Inputs]
    calibration_samples: int = 16
    golden_samples: int = 2


def textured(source: RandomSource, shape: tuple[int, ...], patch: int) -> npt.NDArray[np.int8]:
    """int8 of the given shape: flat patches of `patch` elements a side under fine noise.

    Axes from the third on are in space or time. Channels differ in level from sample to sample:
    noise alone would leave all averages the same, and with them what a network makes of it.
    """
    spatial = shape[2:]
    patches = source.integers((*shape[:2], *(-(-extent // patch) for extent in spatial)), 97)
    for axis, extent in enumerate(spatial, 2):
        patches = np.take(np.repeat(patches, patch, axis), range(extent), axis)
    level = source.integers((*shape[:2], *(1 for _ in spatial)), 97)
    return (level + patches + source.integers(shape, 64) - 128).astype(np.int8)


def unit_interval(values: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """Real numbers 0 … 1 that the whole int8 range stands for."""
    return ((values.astype(np.float64) + 128) / 255).astype(np.float32)


def main(architecture: Architecture) -> None:
    """Reads the command line and writes the files it names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="float32 ONNX model to write")
    parser.add_argument("--calibration", type=Path, required=True, help=".npz for the quantiser")
    parser.add_argument("--golden", type=Path, required=True, help=".npz with test inputs")
    options = parser.parse_args()
    model = architecture.build()
    options.model.write_bytes(model.SerializeToString(deterministic=True))
    source = RandomSource(_CALIBRATION_SEED)
    samples = [
        architecture.real(architecture.inputs(source))
        for _ in range(architecture.calibration_samples)
    ]
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
            for step in range(architecture.golden_samples)
            for name, value in architecture.inputs(source).items()
        },
    )
