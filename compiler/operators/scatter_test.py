"""GatherElements and ScatterND: kernels equal NumPy twins, lowering equals onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored
from compiler.operators.scatter import (
    REDUCTIONS,
    GatherElements,
    ScatterElements,
    ScatterND,
)

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=5)
types = st.sampled_from(["int8", "int16", "int32", "float32"])
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(shape=shapes, data_type=types, seed=seeds)
def test_gather_elements_twin(shape: list[int], data_type: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    axis = int(random.integers(len(shape)))
    wanted = [int(random.integers(1, extent + 1)) for extent in shape]
    wanted[axis] = int(random.integers(1, 6))
    data = random.integers(-128, 128, shape).astype(data_type)
    indices = random.integers(-shape[axis] - 1, shape[axis] + 2, wanted).astype(np.int32)
    assert_twin(GatherElements(axis), [data, indices])


@settings(deadline=None)
@given(shape=shapes, data_type=types, seed=seeds)
def test_scatter_twin(shape: list[int], data_type: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    depth = int(random.integers(1, len(shape) + 1))
    slices = [int(extent) for extent in random.integers(1, 4, random.integers(0, 3))]
    data = random.integers(-128, 128, shape).astype(data_type)
    limits = np.array(shape[:depth])
    indices = random.integers(-limits - 1, limits + 1, (*slices, depth)).astype(np.int32)
    updates = random.integers(-128, 128, (*slices, *shape[depth:])).astype(data_type)
    reduction = str(random.choice(list(REDUCTIONS))) if data.itemsize == 4 else "none"
    assert_twin(ScatterND(reduction), [data, indices, updates])


@settings(deadline=None)
@given(shape=shapes, data_type=types, seed=seeds)
def test_scatter_elements_twin(shape: list[int], data_type: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    axis = int(random.integers(len(shape)))
    wanted = [int(random.integers(1, extent + 1)) for extent in shape]
    wanted[axis] = int(random.integers(1, 6))
    data = random.integers(-128, 128, shape).astype(data_type)
    indices = random.integers(-shape[axis] - 1, shape[axis] + 2, wanted).astype(np.int32)
    updates = random.integers(-128, 128, wanted).astype(data_type)
    if data_type == "float32":
        updates *= np.float32(1 / 3)
        updates[random.random(wanted) < 0.1] = np.nan
    reduction = str(random.choice(list(REDUCTIONS))) if data.itemsize == 4 else "none"
    assert_twin(ScatterElements(axis, reduction), [data, indices, updates])


def test_the_last_of_equal_indices_stays() -> None:
    indices = np.array([[1], [1], [-2]], np.int32)
    (found,) = assert_twin(
        ScatterND(), [np.zeros(3, np.int8), indices, np.array([4, 5, 6], np.int8)]
    )
    assert found.tolist() == [0, 6, 0]


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_elements(axis: int, integer: bool, constant: bool) -> None:
    random = np.random.default_rng(2)
    data = random.normal(size=(3, 4, 5)).astype(np.float32)
    wanted = [2, 3, 4]
    indices = random.integers(-data.shape[axis], data.shape[axis], wanted)
    model = ModelUnderTest()
    x = model.quantised(model.input("x", data), Stored(0.02, 4) if integer else None)
    add = model.constant if constant else model.input
    model.output(model.node("GatherElements", [x, add("indices", indices)], "y", axis=axis))
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)
    assert model.operations() == ["GatherElements"]


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_scatter(depth: int, integer: bool) -> None:
    random = np.random.default_rng(3)
    data = random.normal(size=(3, 4, 5)).astype(np.float32)
    chosen = np.array([[2, 1, -3], [0, -1, 4], [-2, 0, 0]])[:, :depth]
    updates = random.normal(size=(3, *data.shape[depth:])).astype(np.float32)
    stored = Stored(0.02, 4) if integer else None
    model = ModelUnderTest()
    x, u = (
        model.quantised(model.input(name, array), stored)
        for name, array in (("x", data), ("u", updates))
    )
    model.output(model.node("ScatterND", [x, model.input("indices", chosen), u], "y"))
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)
    assert model.operations() == ["ScatterND"]


@pytest.mark.parametrize("reduction", ["add", "mul", "max", "min"])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
@pytest.mark.parametrize("operator", ["ScatterND", "ScatterElements"])
def test_reductions(
    operator: str, dtype: type[np.float32] | type[np.int64], reduction: str
) -> None:
    """Of several updates with the same index, also through quantised tensors."""
    random = np.random.default_rng(4)
    data = (random.normal(size=(4, 3)) * 5).astype(dtype)
    chosen = random.integers(-4, 4, (6, 1) if operator == "ScatterND" else (5, 2))
    shape = (6, 3) if operator == "ScatterND" else chosen.shape
    updates = (random.normal(size=shape) * 5).astype(dtype)
    model = ModelUnderTest(opset=18)
    names = [model.input("x", data), model.input("i", chosen), model.input("u", updates)]
    model.output(model.node(operator, names, "y", reduction=reduction))
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)
    assert model.operations() == [operator]


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scatter_elements(axis: int, integer: bool) -> None:
    random = np.random.default_rng(5)
    data = random.normal(size=(3, 4, 5)).astype(np.float32)
    extent = data.shape[axis]
    wanted = [2, 3, 4]
    wanted[axis] = 2
    line = np.array([extent - 1, -extent]).reshape([2 if i == axis % 3 else 1 for i in range(3)])
    chosen = np.broadcast_to(line, wanted).copy()
    updates = random.normal(size=wanted).astype(np.float32)
    stored = Stored(0.02, 4) if integer else None
    model = ModelUnderTest()
    x, u = (
        model.quantised(model.input(name, array), stored)
        for name, array in (("x", data), ("u", updates))
    )
    model.output(model.node("ScatterElements", [x, model.input("i", chosen), u], "y", axis=axis))
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)
    assert model.operations() == ["ScatterElements"]


def test_refusals() -> None:
    model = ModelUnderTest()
    x, u = model.input("x", np.zeros((3, 2), np.float32)), model.input("u", np.zeros((1, 2), "f4"))
    outside, inside = model.constant("i", np.array([[3]])), model.constant("j", np.array([[0]]))
    model.output(model.node("ScatterND", [x, outside, u], "y"))
    bytes_, more = (model.input(name, np.zeros((1, 2), np.int8)) for name in ("b", "m"))
    model.output(model.node("ScatterND", [bytes_, inside, more], "z", reduction="add"))
    model.output(model.node("GatherElements", [x, outside], "w"))
    with pytest.raises(CompileError) as caught:
        model.graph()
    assert str(caught.value).count("index 3 of 'i' is outside of 'x'") == 2
    assert "its reduction is add, of int8" in str(caught.value)
