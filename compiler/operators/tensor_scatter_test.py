"""TensorScatter: kernel equals NumPy twin, lowering equals onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.frontend.import_model import import_model
from compiler.ir import Array, DataType, State
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)
from compiler.operators.tensor_scatter import TensorScatter
from compiler.passes import run_passes

shapes = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def arrays(
    shape: tuple[int, ...], axis: int, rows: int, seed: int, data_type: DataType
) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    smaller = (*shape[:axis], rows, *shape[axis + 1 :])
    cache, update = (
        random.integers(-128, 128, s).astype(data_type.numpy) for s in (shape, smaller)
    )
    return cache, update


@settings(deadline=None)
@given(
    shape=shapes,
    data=st.data(),
    circular=st.booleans(),
    data_type=st.sampled_from([DataType.INT8, DataType.FLOAT32]),
    seed=seeds,
)
def test_twin(
    shape: tuple[int, ...], data: st.DataObject, circular: bool, data_type: DataType, seed: int
) -> None:
    axis = data.draw(st.integers(1, len(shape) - 1))
    capacity = shape[axis]
    rows = data.draw(st.integers(1, capacity))
    cache, update = arrays(shape, axis, rows, seed, data_type)
    extremes = st.sampled_from([-(2**31), 2**31 - 1])
    index = st.one_of(st.integers(-3, capacity + 3), extremes)
    written = data.draw(st.lists(index, min_size=shape[0], max_size=shape[0]))
    indices = np.array(written, np.int32) if data.draw(st.booleans()) else None
    (found,) = assert_twin(TensorScatter(axis, circular), [cache, update, indices])
    expected = cache.copy()
    for place in np.ndindex(update.shape):  # the definition, element by element
        row = place[axis] + (0 if indices is None else int(indices[place[0]]))
        row = row % capacity if circular else row
        if 0 <= row < capacity:
            expected[(*place[:axis], row, *place[axis + 1 :])] = update[place]
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("axis", [-2, 1, 2])
@pytest.mark.parametrize("data_type", [DataType.FLOAT32, DataType.INT8, DataType.UINT8])
def test_equals_onnxruntime(mode: str, axis: int, data_type: DataType) -> None:
    cache, update = arrays((2, 3, 8, 4), axis % 4, 2, 1, data_type)
    model = ModelUnderTest()
    operands = [model.input("cache", cache), model.input("update", update)]
    first = [1, 0] if mode == "linear" else [1, cache.shape[axis] - 1]
    operands.append(model.input("indices", np.array(first)))
    model.node("TensorScatter", operands, "y", mode=mode, axis=axis)
    if data_type is DataType.FLOAT32:
        assert_float(model, "y", tolerance=0.0)
        return
    model.output("y")
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)
    assert found.dtype == expected.dtype


@settings(deadline=None, max_examples=10)
@given(seed=seeds, form=st.sampled_from([DataType.INT8, DataType.UINT8]), alike=st.booleans())
def test_quantised_group_equals_onnxruntime(seed: int, form: DataType, alike: bool) -> None:
    random = np.random.default_rng(seed)
    cache, update = (random.normal(size=(2, 3, n, 4)).astype(np.float32) for n in (8, 2))
    stored = Stored.covering(cache, form)
    other = stored if alike else Stored.covering(update * 0.7, form)
    model = ModelUnderTest()
    operands = [
        model.quantised(model.input("cache", cache), stored),
        model.quantised(model.input("update", update), other),
        model.input("indices", random.integers(0, 7, 2)),
    ]
    model.node("TensorScatter", operands, "y")
    assert_quantised_group(model, "y", stored)
    assert model.operations() == ["TensorScatter"] if alike else ["Table", "TensorScatter"]


def test_a_quantised_state_stays_int8() -> None:
    cache, update = (np.ones((1, 2, n, 4), np.float32) for n in (8, 1))
    stored = Stored(0.01)
    model = ModelUnderTest()
    operands = [
        model.quantised(model.input("cache", cache), stored),
        model.quantised(model.input("update", update), stored),
        model.input("index", np.array([3])),
    ]
    model.output(model.quantised(model.node("TensorScatter", operands, "next"), stored))
    state = State("cache", model.outputs[0])
    graph = lower(import_model(model.model()), "run", states=[state])
    run_passes(graph)
    assert graph.values["cache"].type.data_type is DataType.INT8
    assert [type(node.operation).__name__ for node in graph.nodes] == ["Quantize", "TensorScatter"]
    assert graph.nodes[1].operation.updates == 0
