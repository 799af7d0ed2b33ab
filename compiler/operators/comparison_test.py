"""Comparisons and logic: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.broadcast_harness import Shape, broadcasts
from compiler.operators.comparison import Comparison
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model

KERNELS: list[tuple[str, Any]] = [
    ("less", np.float32),
    ("less", np.int32),
    ("less_or_equal", np.float32),
    ("less_or_equal", np.int32),
    ("equal", np.float32),
    ("equal", np.int32),
    ("equal", np.bool_),
    ("and", np.bool_),
    ("or", np.bool_),
    ("xor", np.bool_),
]
ORDER = ["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"]


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize(("function", "element"), KERNELS)
@given(shapes=broadcasts(), seed=st.integers(0, 2**32 - 1))
def test_twin(function: str, element: Any, shapes: tuple[Shape, ...], seed: int) -> None:
    random = np.random.default_rng(seed)
    x = [np.asarray(random.integers(-1, 2, shape)).astype(element) for shape in shapes]
    assert_twin(Comparison((), function), list(x))


@pytest.mark.parametrize("function", ["less", "less_or_equal", "equal"])
def test_twin_of_special_values(function: str) -> None:
    values = np.array([0.0, -0.0, 1e-45, np.inf, -np.inf, np.nan], np.float32)
    (found,) = assert_twin(Comparison((), function), [values[:, None], values])
    assert not found[-1].any() and not found[:, -1].any(), "nothing compares with NaN"
    limits = np.array([0, -1, 2**31 - 1, -(2**31)], np.int32)
    assert_twin(Comparison((), function), [limits[:, None], limits])


@pytest.mark.parametrize("element", [TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64])
@pytest.mark.parametrize("operator", ORDER)
def test_comparison_model(operator: str, element: int) -> None:
    random = np.random.default_rng(4)
    types: dict[int, Any] = {
        TensorProto.FLOAT: np.float32,
        TensorProto.INT32: np.int32,
        TensorProto.INT64: np.int64,
    }
    shapes: dict[str, Shape] = {"a": (3, 1, 4), "b": (2, 1)}
    model = ModelBuilder()
    names = [model.input(name, shape, element) for name, shape in shapes.items()]
    inputs: dict[str, Array] = {
        name: random.integers(-2, 3, shape).astype(types[element]) for name, shape in shapes.items()
    }
    assert_model(model.build([model.node(operator, names)]), inputs)


@pytest.mark.parametrize("operator", ORDER)
def test_quantised_comparison_model(operator: str) -> None:
    random = np.random.default_rng(5)
    model = ModelBuilder()
    names = [model.quantised(model.input(name, (4, 9)), 0.25, 3) for name in ("a", "b")]
    inputs: dict[str, Array] = {
        name: random.normal(size=(4, 9)).astype(np.float32) for name in ("a", "b")
    }
    assert_model(model.build([model.node(operator, names)]), inputs)


@pytest.mark.parametrize("operator", ["And", "Or", "Xor", "Equal"])
def test_logic_model(operator: str) -> None:
    random = np.random.default_rng(6)
    model = ModelBuilder()
    names = [
        model.input("a", (3, 1, 4), TensorProto.BOOL),
        model.input("b", (2, 1), TensorProto.BOOL),
    ]
    inputs = {
        "a": random.integers(0, 2, (3, 1, 4)).astype(bool),
        "b": np.array([[True], [False]]),
    }
    assert_model(model.build([model.node(operator, names)]), inputs)


def test_refusal() -> None:
    model = ModelBuilder()
    u = model.input("u", (3,), TensorProto.UINT32)
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([model.node("Equal", [u, u])])), "run")
    assert "node 'node_equal0' (Equal): it compares uint32" in str(caught.value)


@pytest.mark.parametrize("element", [np.int8, np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize("operator", ORDER)
def test_comparison_of_narrow_integers(operator: str, element: type[np.integer[Any]]) -> None:
    """The reference is NumPy: onnxruntime lacks most of these types."""
    limits = np.iinfo(element)
    values = np.array([limits.min, limits.min + 1, 0, 1, limits.max - 1, limits.max], element)
    model = ModelBuilder()
    code = helper.np_dtype_to_tensor_dtype(np.dtype(element))
    names = [model.input("a", (6, 1), code), model.input("b", (6,), code)]
    graph = lower(import_model(model.build([model.node(operator, names)])), "run")
    found = interpret(graph, {"a": values[:, None], "b": values})[graph.outputs[0]]
    functions: dict[str, Any] = {
        "Less": np.less,
        "LessOrEqual": np.less_equal,
        "Greater": np.greater,
        "GreaterOrEqual": np.greater_equal,
        "Equal": np.equal,
    }
    assert np.array_equal(found, functions[operator](values[:, None], values))


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("IsNaN", {}),
        ("IsInf", {}),
        ("IsInf", {"detect_negative": 0}),
        ("IsInf", {"detect_positive": 0}),
        ("IsInf", {"detect_positive": 0, "detect_negative": 0}),
    ],
)
def test_what_is_no_number(operator: str, attributes: dict[str, int]) -> None:
    model = ModelBuilder(opset=20)
    y = model.node(operator, [model.input("x", (2, 3))], **attributes)
    data = np.array([[np.nan, 0.0, -np.inf], [np.inf, -1.0, 3e38]], np.float32)
    assert_model(model.build([y]), {"x": data})
