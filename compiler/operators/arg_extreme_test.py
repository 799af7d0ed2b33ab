"""ArgMax and ArgMin: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.arg_extreme import ArgExtreme
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model

SHAPE = (2, 7, 4, 5)


@settings(max_examples=120, deadline=None)
@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple),
    axis=st.integers(0, 3),
    smallest=st.booleans(),
    last=st.booleans(),
    keep=st.booleans(),
    element=st.sampled_from([np.float32, np.int32, np.int8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    shape: tuple[int, ...],
    axis: int,
    smallest: bool,
    last: bool,
    keep: bool,
    element: type[np.float32 | np.int32 | np.int8],
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-3, 4, shape).astype(element)  # many are equal
    if element is np.float32:
        special = random.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape).astype(np.float32)
        x = np.where(random.random(shape) < 0.3, special, x)
    operation = ArgExtreme(axis % len(shape), smallest, last, keep)
    (found,) = assert_twin(operation, [x])
    value = np.take_along_axis(
        x, np.asarray(found).reshape(indexed(shape, operation)), operation.axis
    )
    extreme = (np.min if smallest else np.max)(x, axis=operation.axis, keepdims=True)
    assert np.array_equal(value, extreme, equal_nan=element is np.float32)


def indexed(shape: tuple[int, ...], operation: ArgExtreme) -> tuple[int, ...]:
    return (*shape[: operation.axis], 1, *shape[operation.axis + 1 :])


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, -1, -2])
@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("form", ["float", "quantised", "unsigned", "int32"])
def test_model(operator: str, axis: int, last: int, keepdims: int, form: str) -> None:
    model = ModelBuilder()
    x = model.input("x", SHAPE, 6 if form == "int32" else 1)
    values: Array = np.random.default_rng(13).integers(-9, 9, SHAPE)
    values = values.astype(np.int32) if form == "int32" else values.astype(np.float32)
    if form in ("quantised", "unsigned"):
        x = model.quantised(x, 0.7, 3, unsigned=form == "unsigned")
    y = model.node(operator, [x], axis=axis, keepdims=keepdims, select_last_index=last)
    graph = assert_model(model.build([y]), {"x": values})
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    assert "Dequantize" not in kernels


@pytest.mark.parametrize("element", [2, 3])
def test_bytes_of_the_model(element: int) -> None:
    """int8 and uint8 that nothing dequantises."""
    model = ModelBuilder()
    y = model.node("ArgMax", [model.input("x", SHAPE, element)], axis=1)
    low = 0 if element == 2 else -128
    values = np.random.default_rng(13).integers(low, low + 256, SHAPE)
    assert_model(model.build([y]), {"x": values.astype(np.uint8 if element == 2 else np.int8)})


def test_refusal() -> None:
    model = ModelBuilder()
    x = model.node("Cast", [model.input("x", SHAPE)], to=5)
    y = model.node("ArgMax", [x], axis=1)
    with pytest.raises(CompileError, match="int16"):
        lower(import_model(model.build([y])), "run")
