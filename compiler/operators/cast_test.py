"""Cast: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import DataType
from compiler.lowering.lower import lower
from compiler.operators.cast import KERNELS, Cast
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model

LIMITS = [0, 1, -1, 2**24 + 1, 2**24 + 3, 2**31 - 1, -(2**31), 2**31 - 65]
REALS = [0.0, -0.0, 0.5, -0.5, 2.99, -2.99, 2147483520.0, 2147483648.0, 1e20, -2147483648.0, -1e20]


@pytest.mark.parametrize(("source", "target"), KERNELS)
def test_twin(source: DataType, target: DataType) -> None:
    random = np.random.default_rng(9)
    if source is DataType.FLOAT32:
        x = np.array([*REALS, np.inf, -np.inf, np.nan], np.float32)
    elif source is DataType.INT32:
        x = np.array(LIMITS, np.int32)
    elif source is DataType.BOOL:
        x = random.integers(0, 2, 31).astype(bool)
    else:
        x = np.arange(256).astype(np.uint8).view(source.numpy)
    assert_twin(Cast(target), [x])


def test_truncation_saturates() -> None:
    x = np.array([1e20, -1e20, np.nan, -2.9], np.float32)
    (found,) = Cast(DataType.INT32).evaluate([x])
    assert found.tolist() == [2**31 - 1, -(2**31), 0, -2]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (TensorProto.FLOAT, TensorProto.INT32),
        (TensorProto.FLOAT, TensorProto.INT64),
        (TensorProto.INT64, TensorProto.FLOAT),
        (TensorProto.INT64, TensorProto.INT32),
        (TensorProto.INT32, TensorProto.BOOL),
        (TensorProto.UINT8, TensorProto.FLOAT),
        (TensorProto.INT8, TensorProto.INT64),
        (TensorProto.BOOL, TensorProto.FLOAT),
        (TensorProto.FLOAT, TensorProto.BOOL),
        (TensorProto.FLOAT, TensorProto.INT8),
        (TensorProto.FLOAT, TensorProto.UINT16),
        (TensorProto.INT64, TensorProto.UINT8),
        (TensorProto.INT16, TensorProto.FLOAT),
        (TensorProto.UINT16, TensorProto.INT8),
        (TensorProto.UINT8, TensorProto.BOOL),
    ],
)
def test_model(source: int, target: int) -> None:
    model = ModelBuilder()
    y = model.node("Cast", [model.input("x", (3, 4), source)], to=target)
    values = np.random.default_rng(2).uniform(0, 100, (3, 4))
    values[0] = 0
    elements: dict[int, type[np.generic]] = {
        TensorProto.FLOAT: np.float32,
        TensorProto.INT64: np.int64,
        TensorProto.INT32: np.int32,
        TensorProto.UINT8: np.uint8,
        TensorProto.INT8: np.int8,
        TensorProto.INT16: np.int16,
        TensorProto.UINT16: np.uint16,
        TensorProto.BOOL: np.bool_,
    }
    assert_model(model.build([y]), {"x": values.astype(elements[source])})


@pytest.mark.parametrize("like", [TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT64])
def test_the_type_of_another_operand(like: int) -> None:
    model = ModelBuilder()
    operands = [model.input("x", (3, 4)), model.input("like", (2,), like)]
    values = np.random.default_rng(3).uniform(-100, 100, (3, 4)).astype(np.float32)
    other = np.zeros(2, helper.tensor_dtype_to_np_dtype(like))
    assert_model(model.build([model.node("CastLike", operands)]), {"x": values, "like": other})


def test_refusal() -> None:
    model = ModelBuilder()
    y = model.node("Cast", [model.input("x", (3, 4))], to=TensorProto.UINT32)
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([y])), "run")
    assert "node 'node_cast0' (Cast): it casts float32 to uint32" in str(caught.value)
