"""Sum and Mean: lowered models equal onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import Array
from compiler.operators.model_harness import ModelBuilder, assert_model


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("operator", ["Sum", "Mean"])
def test_model(operator: str, count: int, integer: bool) -> None:
    random = np.random.default_rng(5)
    shapes: list[tuple[int, ...]] = [(4, 1), (3,), (2, 4, 3), ()][:count]
    model = ModelBuilder()
    names: list[str] = []
    inputs: dict[str, Array] = {}
    for index, shape in enumerate(shapes):
        name = model.input(f"x{index}", shape)
        inputs[name] = np.asarray(random.normal(size=shape), np.float32)
        names.append(model.quantised(name, 0.02 + index / 500, index) if integer else name)
    y = model.node("Relu", [model.node(operator, names)])
    if integer:
        y = model.quantised(y, 0.03, -9)
    assert_model(model.build([y]), inputs, step=0.03 if integer else None)
