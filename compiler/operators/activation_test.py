"""Relu, Clip, LeakyRelu: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Operation
from compiler.lowering.lower import lower
from compiler.operators.activation import ClipFloat, LeakyReluFloat
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.table import Table

floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    "operation",
    [
        ClipFloat(0.0, np.inf),
        ClipFloat(-0.0, 6.0),
        ClipFloat(-np.inf, np.inf),
        LeakyReluFloat(0.01),
        LeakyReluFloat(-1.5),
    ],
)
@given(values=st.lists(floats, min_size=1, max_size=20))
def test_twin(operation: Operation, values: list[float]) -> None:
    assert_twin(operation, [np.array([*values, 0.0, -0.0], np.float32)])


CASES: dict[str, tuple[str, list[float], dict[str, Any]]] = {
    "relu": ("Relu", [], {}),
    "clip": ("Clip", [-0.5, 0.75], {}),
    "clip from below": ("Clip", [0.1], {}),
    "leaky": ("LeakyRelu", [], {"alpha": 0.2}),
    "leaky by default": ("LeakyRelu", [], {}),
}


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_model(case: str, integer: bool) -> None:
    operator, bounds, attributes = CASES[case]
    model = ModelBuilder()
    x = model.input("x", (3, 4, 50))
    if integer:
        x = model.quantised(x, 0.02, -7)
    operands = [x, *(model.constant(np.float32(bound)) for bound in bounds)]
    y = model.node(operator, operands, **attributes)
    if integer:
        y = model.quantised(y, 0.0125, 11)
    data = np.random.default_rng(1).normal(size=(3, 4, 50)).astype(np.float32)
    graph = assert_model(model.build([y]), {"x": data}, step=0.0125 if integer else None)
    assert integer == any(isinstance(node.operation, Table) for node in graph.nodes)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("bounds", [("low",), ("low", "high"), ("", "high")])
def test_clip_with_bounds_at_run_time(bounds: tuple[str, ...], integer: bool) -> None:
    model = ModelBuilder()
    x = model.input("x", (3, 4))
    if integer:
        x = model.quantised(x, 0.02, -7)
    data = {"x": np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)}
    limits = {"low": np.array(-0.5, np.float32), "high": np.array(0.25, np.float32)}
    for name in filter(None, bounds):
        data[name] = limits[name]
        model.input(name, ())
    y = model.node("Clip", [x, *bounds])
    if integer:
        y = model.quantised(y, 0.0125, 11)
    assert_model(model.build([y]), data, step=0.0125 if integer else None)


@pytest.mark.parametrize("element", [np.int8, np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("bounds", [(), (3,), (3, 90), (90, 3)])
def test_clip_of_integers(bounds: tuple[int, ...], element: type[np.integer[Any]]) -> None:
    model = ModelBuilder()
    x = model.input("x", (100,), helper.np_dtype_to_tensor_dtype(np.dtype(element)))
    y = model.node("Clip", [x, *(model.constant(np.array(bound, element)) for bound in bounds)])
    assert_model(model.build([y]), {"x": np.arange(100).astype(element)})


def test_refusal() -> None:
    model = ModelBuilder()
    y = model.node("Clip", [model.input("x", (3,), TensorProto.UINT32)])
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([y])), "run")
    assert "its operand 'x' is uint32" in str(caught.value)
