"""Writes one of the models, and inputs for it if it is asked for them.

python -m tests.integer_dialect.make_model NAME FILE [INPUTS.npz]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.integer_dialect.builder import drawn
from tests.integer_dialect.models import MODELS

RUNS = 2


def main(name: str, file: str, inputs: str = "") -> None:
    """Writes the files; inputs are of the types that the model's are."""
    model, types = MODELS[name]()
    Path(file).write_bytes(model.SerializeToString(deterministic=True))
    if not inputs:
        return
    random = np.random.default_rng(0)
    shapes = {
        value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
        for value in model.graph.input
    }
    arrays = {
        f"{run:03}//input/{name}": drawn(random, types[name].split("[")[0], shape)
        for run in range(RUNS)
        for name, shape in shapes.items()
    }
    np.savez(inputs, **arrays)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main(*sys.argv[1:])
