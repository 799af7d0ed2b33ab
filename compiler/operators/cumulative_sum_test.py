"""CumSum: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.cumulative_sum import CumulativeSum
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model

SHAPE = (2, 7, 4)


@settings(max_examples=80, deadline=None)
@given(
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple),
    axis=st.integers(0, 3),
    exclusive=st.booleans(),
    reverse=st.booleans(),
    integer=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    shape: tuple[int, ...], axis: int, exclusive: bool, reverse: bool, integer: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-(2**31), 2**31, shape).astype(np.int32)
    if not integer:
        special = random.choice([np.nan, np.inf, -np.inf, -0.0], shape).astype(np.float32)
        x = np.where(random.random(shape) < 0.1, special, x.astype(np.float32))
    assert_twin(CumulativeSum(axis % len(shape), exclusive, reverse), [x])


@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("form", ["float", "quantised", "int32", "int64"])
def test_model(axis: int, exclusive: int, reverse: int, form: str) -> None:
    model = ModelBuilder()
    x = model.input("x", SHAPE, {"int32": 6, "int64": 7}.get(form, 1))
    values = np.random.default_rng(13).integers(-99, 99, SHAPE)
    values = values.astype(form if form.startswith("int") else np.float32)
    x = model.quantised(x, 1.0, 3) if form == "quantised" else x
    y = model.node(
        "CumSum", [x, model.constant(np.array(axis))], exclusive=exclusive, reverse=reverse
    )
    y = model.quantised(y, 4.0, -9) if form == "quantised" else y
    assert_model(model.build([y]), {"x": values}, step=4.0 if form == "quantised" else None)


def test_refusal() -> None:
    model = ModelBuilder()
    y = model.node("CumSum", [model.input("x", SHAPE), model.input("axis", (), 7)])
    with pytest.raises(CompileError, match="its axis 'axis' is computed at run time"):
        lower(import_model(model.build([y])), "run")
