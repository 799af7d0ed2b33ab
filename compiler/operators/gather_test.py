"""Gather: kernel equals NumPy twin, lowering equals onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.ir import DataType
from compiler.operators.gather import Gather
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored

shapes = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
index_shapes = st.lists(st.integers(1, 4), min_size=0, max_size=2).map(tuple)
seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(
    shape=shapes,
    index_shape=index_shapes,
    data_type=st.sampled_from([DataType.INT8, DataType.INT32, DataType.FLOAT32]),
    seed=seeds,
)
def test_twin(
    shape: tuple[int, ...], index_shape: tuple[int, ...], data_type: DataType, seed: int
) -> None:
    random = np.random.default_rng(seed)
    axis = int(random.integers(len(shape)))
    data = random.integers(-128, 128, shape).astype(data_type.numpy)
    indices = np.asarray(random.integers(-shape[axis], shape[axis], index_shape)).astype(np.int32)
    (found,) = assert_twin(Gather(axis), [data, indices])
    assert np.array_equal(found, np.take(data, indices, axis=axis))


def test_indices_outside_read_the_first_or_last_slice() -> None:
    data = np.arange(12, dtype=np.int8).reshape(4, 3)
    indices = np.array([-(2**31), -5, -4, 3, 4, 2**31 - 1], np.int32)
    (found,) = assert_twin(Gather(0), [data, indices])
    assert found[:, 0].tolist() == [0, 0, 0, 9, 9, 9]


@settings(deadline=None, max_examples=20)
@given(
    axis=st.sampled_from([0, 1, -1]),
    index_shape=index_shapes,
    form=st.sampled_from(["int8", "uint8", "float32", "int64"]),
    constant_data=st.booleans(),
    seed=seeds,
)
def test_equals_onnxruntime(
    axis: int, index_shape: tuple[int, ...], form: str, constant_data: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    data = random.normal(0, 3, (5, 4, 6))
    model = ModelUnderTest()
    add = model.constant if constant_data else model.input
    operand = add("data", data.astype("int64" if form == "int64" else "float32"))
    if form.endswith("int8"):
        operand = model.quantised(operand, Stored.covering(data, DataType(form)))
    indices = np.asarray(random.integers(-data.shape[axis], data.shape[axis], index_shape))
    model.node("Gather", [operand, model.input("indices", indices)], "y", axis=axis)
    model.output("y")
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)


def test_a_quantised_embedding_stays_int8() -> None:
    random = np.random.default_rng(4)
    model = ModelUnderTest()
    model.constant("table_stored", random.integers(-128, 128, (10, 4)).astype(np.int8))
    scale = model.constant("scale", np.array(0.02, np.float32))
    zero_point = model.constant("zero_point", np.array(5, np.int8))
    model.node("DequantizeLinear", ["table_stored", scale, zero_point], "table")
    model.node("Gather", ["table", model.input("tokens", np.array([[3, 9]]))], "embedding")
    model.node("QuantizeLinear", ["embedding", scale, zero_point], "stored")
    model.node("DequantizeLinear", ["stored", scale, zero_point], "y")
    model.output("y")
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)
    assert model.operations() == ["Gather"]
    assert any(v.type.data_type is DataType.INT8 for v in model.graph().constants())


def test_constant_indices_outside_are_refused() -> None:
    model = ModelUnderTest()
    operands = [model.input("data", np.zeros((3, 2), np.float32)), model.constant("i", np.array(3))]
    model.output(model.node("Gather", operands, "y"))
    with pytest.raises(CompileError, match="index 3 of 'i' is outside of axis 0"):
        model.graph()
