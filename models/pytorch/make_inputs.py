"""Draws calibration data and test inputs of an exported network, the same on every machine.

float32 inputs have mean 0 and deviation 1; of integers the bound is given.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from models.building_blocks.random_source import RandomSource

Shapes = Mapping[str, tuple[tuple[int, ...], int]]
"""Shape and ONNX's element type of inputs, by name."""

_CALIBRATION_SEED, _CALIBRATION_RUNS = 3_000, 8
_STATEFUL_RUNS = 4
"""Runs of a sequence, where there are states; others stand alone."""

_GOLDEN_SEED, _GOLDEN_RUNS = 4_000, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="ONNX model")
    parser.add_argument("--calibration", type=Path, required=True, help=".npz for the quantiser")
    parser.add_argument("--golden", type=Path, required=True, help=".npz with test inputs")
    parser.add_argument(
        "--entry-point", action="append", default=[], metavar="NAME:DIMENSION=EXTENT,...",
        help="extents of open axes; without a name for networks with one entry point",
    )  # fmt: skip
    parser.add_argument(
        "--below", action="append", default=[], metavar="INPUT=BOUND",
        help="what the integers of an input are below",
    )  # fmt: skip
    parser.add_argument(
        "--state", action="append", default=[], metavar="INPUT", help="an input that is a state"
    )
    options = parser.parse_args()
    model = onnx.load(options.model)
    below = {name: int(bound) for name, _, bound in (x.partition("=") for x in options.below)}
    entry_points = dict(_entry_point(text) for text in options.entry_point or [":"])
    shapes = {
        name: _shapes(model, dimensions, options.state) for name, dimensions in entry_points.items()
    }
    source = RandomSource(_CALIBRATION_SEED)
    together = _STATEFUL_RUNS if options.state else 1
    calibration = {
        f"{run // together}/{run % together}/{name}": value
        for run in range(_CALIBRATION_RUNS)
        for name, value in _draw(source, [*shapes.values()][-1], below).items()
    }
    np.savez(options.calibration, allow_pickle=False, **calibration)
    source = RandomSource(_GOLDEN_SEED)
    golden = {
        f"{run:03}/{entry_point}/input/{name}": _narrow(value)
        for run, entry_point in enumerate([*shapes] * _GOLDEN_RUNS)
        for name, value in _draw(source, shapes[entry_point], below).items()
    }
    np.savez(options.golden, allow_pickle=False, **golden)


def _entry_point(text: str) -> tuple[str, dict[str, int]]:
    name, _, rest = text.partition(":")
    pairs = (item.partition("=") for item in rest.split(",") if item)
    return name, {dimension: int(extent) for dimension, _, extent in pairs}


def _shapes(model: onnx.ModelProto, dimensions: Mapping[str, int], states: list[str]) -> Shapes:
    return {
        value.name: (
            tuple(
                dimensions[d.dim_param] if d.dim_param else d.dim_value
                for d in value.type.tensor_type.shape.dim
            ),
            value.type.tensor_type.elem_type,
        )
        for value in model.graph.input
        if value.name not in states
    }


def _draw(
    source: RandomSource, shapes: Shapes, below: Mapping[str, int]
) -> dict[str, npt.NDArray[Any]]:
    return {
        name: source.bell(shape, 1.0).astype(np.float32)
        if element == onnx.TensorProto.FLOAT
        else source.integers(shape, below[name])
        for name, (shape, element) in shapes.items()
    }


def _narrow(data: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """As the network's interface takes it: it has no int64."""
    return data.astype(np.int32) if data.dtype == np.int64 else data


if __name__ == "__main__":
    main()
