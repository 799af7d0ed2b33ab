"""GatherND: kernel equals NumPy twin, lowering equals onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.ir import DataType
from compiler.operators.gather_nd import GatherSlices
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored


@pytest.mark.parametrize("data_type", [DataType.INT8, DataType.INT32, DataType.FLOAT32])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_twin(axes: int, data_type: DataType) -> None:
    random = np.random.default_rng(axes)
    data = random.integers(-128, 128, (3, 4, 2)).astype(data_type.numpy)
    positions = random.integers(-5, 30, (2, 7)).astype(np.int32)
    positions[0, :2] = -(2**31), 2**31 - 1
    (found,) = assert_twin(GatherSlices(axes), [data, positions])
    assert found.shape == (2, 7, *data.shape[axes:])
    assert np.array_equal(found[0, 0], data.reshape(-1, *data.shape[axes:])[0])


@settings(deadline=None, max_examples=60)
@given(
    batch_rank=st.integers(0, 2),
    depth=st.integers(1, 2),
    constant=st.booleans(),
    form=st.sampled_from(["int8", "uint8", "float32", "int64"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_onnxruntime(
    batch_rank: int, depth: int, constant: bool, form: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    shape = tuple(int(extent) for extent in random.integers(1, 5, 4))
    data = random.normal(0, 3, shape)
    model = ModelUnderTest()
    operand = model.input("data", data.astype("int64" if form == "int64" else "float32"))
    if form.endswith("int8"):
        operand = model.quantised(operand, Stored.covering(data, DataType(form)))
    extents = np.array(shape[batch_rank : batch_rank + depth])
    middle = tuple(int(extent) for extent in random.integers(1, 4, random.integers(0, 3)))
    indices = random.integers(-extents, extents, (*shape[:batch_rank], *middle, depth))
    add = model.constant if constant else model.input
    model.node("GatherND", [operand, add("indices", indices)], "y", batch_dims=batch_rank)
    model.output("y")
    ((found, expected),) = model.run()
    assert np.array_equal(found, expected)


def test_constant_indices_outside_are_refused() -> None:
    model = ModelUnderTest()
    indices = model.constant("i", np.array([[0, 1], [2, -3]]))
    model.output(model.node("GatherND", [model.input("x", np.zeros((3, 2), "f")), indices], "y"))
    with pytest.raises(CompileError, match=r"index \[2, -3\] of 'i' is outside of axes"):
        model.graph()
