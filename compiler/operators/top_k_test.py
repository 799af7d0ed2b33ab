"""TopK: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.top_k import TopK

SHAPE = (2, 7, 4)


@settings(max_examples=120, deadline=None)
@given(
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple),
    axis=st.integers(0, 2),
    count=st.integers(1, 7),
    smallest=st.booleans(),
    element=st.sampled_from([np.float32, np.int32, np.int8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    shape: tuple[int, ...],
    axis: int,
    count: int,
    smallest: bool,
    element: type[np.float32 | np.int32 | np.int8],
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    x: Array = random.integers(-3, 4, shape).astype(element)  # many are equal
    if element is not np.float32:
        lowest = -128 if element is np.int8 else -(2**31)  # has no negative
        x = np.where(random.random(shape) < 0.2, lowest, x).astype(element)
    else:
        special = random.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape).astype(np.float32)
        x = np.where(random.random(shape) < 0.3, special, x)
    axis %= len(shape)
    values, _ = assert_twin(TopK(axis, min(count, shape[axis]), smallest), [x])
    if not np.isnan(x).any():
        ordered = np.sort(x, axis=axis)
        ordered = ordered if smallest else np.flip(ordered, axis)
        assert np.array_equal(values, np.take(ordered, range(values.shape[axis]), axis=axis))


def top_k(model: ModelBuilder, x: str, count: int, axis: int = -1, largest: int = 1) -> str:
    k = model.constant(np.array([count]))
    return model.node("TopK", [x, k], outputs=2, axis=axis, largest=largest)


@pytest.mark.parametrize("largest", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("form", ["float", "quantised", "unsigned", "int32", "int64"])
def test_model(form: str, count: int, axis: int, largest: int) -> None:
    model = ModelBuilder()
    x = model.input("x", SHAPE, {"int32": 6, "int64": 7}.get(form, 1))
    values = np.random.default_rng(13).integers(-9, 9, SHAPE)
    values = values.astype(form if form.startswith("int") else np.float32)
    if form in ("quantised", "unsigned"):
        x = model.quantised(x, 0.7, 3, unsigned=form == "unsigned")
    y = top_k(model, x, count, axis, largest)
    indices = f"{y}_1"
    if form in ("quantised", "unsigned"):
        y = model.quantised(y, 0.7, 3, unsigned=form == "unsigned")
    graph = assert_model(model.build([y, indices]), {"x": values}, step=None)
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert kernels.count("Dequantize") == (form in ("quantised", "unsigned"))


@pytest.mark.parametrize("output", [0, 1])
def test_one_output_is_read(output: int) -> None:
    model = ModelBuilder()
    y = top_k(model, model.input("x", SHAPE), 2)
    values = np.random.default_rng(13).normal(size=SHAPE).astype(np.float32)
    assert_model(model.build([f"{y}_1" if output else y]), {"x": values})


def test_refusals() -> None:
    model = ModelBuilder()
    x = model.input("x", SHAPE)
    small = model.node("Cast", [x], to=5)
    y = top_k(model, small, 2)
    with pytest.raises(CompileError, match="int16"):
        lower(import_model(model.build([y])), "run")
