"""Neg, Abs, Sign, Not: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, DataType
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.sign import KERNELS, IntegerFunction
from compiler.operators.table import Table


@pytest.mark.parametrize(("function", "data_type"), KERNELS)
def test_twin(function: str, data_type: DataType) -> None:
    random = np.random.default_rng(1)
    if data_type is DataType.BOOL:
        x: Array = random.integers(0, 2, 31).astype(bool)
    else:
        limits = np.array([0, 1, -1, 2**31 - 1, -(2**31)])
        x = np.concatenate([limits, random.integers(-(2**31), 2**31, 28)]).astype(np.int32)
    assert_twin(IntegerFunction(function), [x])
    assert_twin(IntegerFunction(function), [x[:1].reshape(())])


@pytest.mark.parametrize("operator", ["Neg", "Abs", "Sign"])
@pytest.mark.parametrize("form", ["float", "int8", "uint8", "int32", "int64"])
def test_model(operator: str, form: str) -> None:
    elements: dict[str, tuple[int, Any]] = {
        "int32": (TensorProto.INT32, np.int32),
        "int64": (TensorProto.INT64, np.int64),
    }
    element, data_type = elements.get(form, (TensorProto.FLOAT, np.float32))
    data = (np.random.default_rng(2).normal(size=(3, 4, 50)) * 2).astype(data_type)
    data[0, 0, :3] = 0
    model = ModelBuilder()
    name = model.input("x", data.shape, element)
    if form in ("int8", "uint8"):
        shift = 128 if form == "uint8" else 0
        name = model.quantised(name, 0.02, shift - 7, form == "uint8")
        y = model.quantised(model.node(operator, [name]), 0.0125, shift + 11, form == "uint8")
        graph = assert_model(model.build([y]), {"x": data}, step=0.0125)
        assert any(isinstance(node.operation, Table) for node in graph.nodes)
    else:
        graph = assert_model(model.build([model.node(operator, [name])]), {"x": data})
        assert len(graph.nodes) == 1


def test_not_model() -> None:
    model = ModelBuilder()
    y = model.node("Not", [model.input("x", (3, 5), TensorProto.BOOL)])
    data = np.random.default_rng(3).integers(0, 2, (3, 5)).astype(bool)
    assert_model(model.build([y]), {"x": data})


def test_refusal() -> None:
    model = ModelBuilder()
    y = model.node("Neg", [model.input("x", (3,), TensorProto.INT8)])
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([y])), "run")
    assert "node 'node_neg0' (Neg): its operand 'x' is int8" in str(caught.value)
