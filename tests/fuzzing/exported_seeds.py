"""Seeds that torch.onnx exported: whole networks, and parts of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from random import Random

import onnx
from onnx import ModelProto

from tests.fuzzing.seed_model import SeedModel

FOLDER = Path(__file__).parents[2] / "models" / "pytorch"
MAXIMUM_BYTES = 15_000
"""Of a file: larger ones take too long."""

EXTENT = 4
"""Of open axes, but for those of `EXTENTS`."""

EXTENTS = {"batch": 1, "time": 12}


def exported(random: Random) -> SeedModel:
    """A small network."""
    name = random.choice(list(_networks()))
    model = ModelProto()
    model.CopyFrom(_networks()[name])
    return SeedModel(f"exported {name}", model)


@functools.cache
def _networks() -> Mapping[str, ModelProto]:
    files = [path for path in sorted(FOLDER.glob("*.onnx")) if path.stat().st_size < MAXIMUM_BYTES]
    return {path.stem: _pinned(onnx.load(path)) for path in files}


def _pinned(model: ModelProto) -> ModelProto:
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_value = EXTENTS.get(dimension.dim_param, EXTENT)
    return model
