"""Div, Pow, Min, Max, Mod, PRelu: kernels equal NumPy twins, models equal onnxruntime."""

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
from compiler.ir import Array, Operation
from compiler.lowering.lower import lower
from compiler.operators.binary import Arithmetic
from compiler.operators.binary_function import BinaryFunction
from compiler.operators.broadcast_harness import Shape, broadcasts, full
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.table import Table

KERNELS = [
    ("divide", np.float32),
    ("divide", np.int32),
    ("power", np.float32),
    ("power", np.int32),
    ("minimum", np.float32),
    ("minimum", np.int32),
    ("minimum", np.int8),
    ("maximum", np.float32),
    ("maximum", np.int32),
    ("maximum", np.int8),
    ("modulo", np.int32),
    ("remainder", np.int32),
    ("remainder", np.float32),
    ("parametric_relu", np.float32),
]
SPECIAL: dict[Any, list[float]] = {
    np.float32: [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, np.inf, -np.inf, np.nan, 3e38, -1e-45],
    np.int32: [0, 1, -1, 2, -2, 7, -7, 2**31 - 1, -(2**31)],
    np.int8: [0, 1, -1, 127, -128],
}


@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize(("function", "element"), KERNELS)
@given(shapes=broadcasts(), seed=st.integers(0, 2**32 - 1))
def test_twin(function: str, element: Any, shapes: tuple[Shape, ...], seed: int) -> None:
    random = np.random.default_rng(seed)
    x = [(random.normal(size=shape) * 9).astype(element) for shape in shapes]
    assert_twin(BinaryFunction(full(shapes), function), list(x))


@pytest.mark.parametrize(("function", "element"), KERNELS)
def test_twin_of_special_values(function: str, element: Any) -> None:
    values = np.array(SPECIAL[element], element)
    assert_twin(BinaryFunction((), function), [values[:, None], values])


@given(left=st.floats(width=32), right=st.floats(width=32))
def test_twin_of_remainders(left: float, right: float) -> None:
    pair: list[Array | None] = [np.array([value], np.float32) for value in (left, right)]
    assert_twin(BinaryFunction((), "remainder"), pair)


def test_powers_of_integers() -> None:
    left = np.array([3, -3, 2, 2, 1, -1, -1, 0, 7, 0], np.int32)
    right = np.array([4, 3, 31, 32, -5, -5, -4, -1, -1, 0], np.int32)
    (found,) = assert_twin(BinaryFunction((), "power"), [left, right])
    assert found.tolist() == [81, -27, -(2**31), 0, 1, -1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("base", "exponent"),
    [
        (np.int32, np.int32),
        (np.int64, np.int64),
        (np.int32, np.float32),
        (np.int64, np.float32),
        (np.float32, np.int32),
        (np.float32, np.int64),
    ],
)
def test_power_of_mixed_types(base: Any, exponent: Any) -> None:
    model = ModelBuilder()
    data = {
        "a": np.arange(1, 7).astype(base).reshape(2, 3),
        "b": np.array([0, 3, 8]).astype(exponent),
    }
    names = [
        model.input(name, array.shape, helper.np_dtype_to_tensor_dtype(array.dtype))
        for name, array in data.items()
    ]
    assert_model(model.build([model.node("Pow", names)]), data)


def test_power_with_a_constant_exponent_of_another_type() -> None:
    """The reference is NumPy: onnxruntime lacks unsigned exponents."""
    model = ModelBuilder()
    exponent = model.constant(np.array([0, 3, 8], np.uint32))
    graph = lower(
        import_model(model.build([model.node("Pow", [model.input("x", (3,)), exponent])])), "run"
    )
    x = np.array([3.0, -2.0, 0.5], np.float32)
    assert interpret(graph, {"x": x})[graph.outputs[0]].tolist() == [1.0, -8.0, 0.5**8]


def test_integer_division_by_zero_and_overflow() -> None:
    left = np.array([5, -5, -(2**31), 7, -7], np.int32)
    right = np.array([0, 0, -1, -2, 2], np.int32)
    expected = {
        "divide": [0, 0, -(2**31), -3, -3],
        "modulo": [0, 0, 0, -1, 1],
        "remainder": [0, 0, 0, 1, -1],
    }
    for function, values in expected.items():
        (found,) = BinaryFunction((), function).evaluate([left, right])
        assert found.tolist() == values, function


SHAPES: dict[str, tuple[Shape, Shape]] = {
    "equal": ((2, 3, 4), (2, 3, 4)),
    "channels": ((2, 3, 4, 5), (3, 1, 1)),
    "both": ((2, 1, 4, 1), (3, 1, 5)),
    "scalar": ((2, 3), ()),
}
CASES = [
    (operator, shapes)
    for operator in ("Div", "Pow", "Min", "Max", "PRelu")
    for shapes in SHAPES
    if (operator, shapes) != ("PRelu", "both")  # a slope broadcasts to its operand only
]


def operands(operator: str, shapes: tuple[Shape, Shape]) -> list[Array]:
    """Random operands where the function is defined and its result moderate."""
    random = np.random.default_rng(1)
    left, right = (random.normal(size=shape) for shape in shapes)
    if operator == "Div":
        right = np.copysign(np.abs(right) + 0.5, right)
    if operator == "Pow":
        left = np.abs(left) + 0.1
    return [np.asarray(left, np.float32), np.asarray(right, np.float32)]


@pytest.mark.parametrize("constant", [None, 0, 1])
@pytest.mark.parametrize(("operator", "shapes"), CASES)
@pytest.mark.parametrize("form", ["float", "int8", "uint8"])
def test_model(shapes: str, operator: str, constant: int | None, form: str) -> None:
    model = ModelBuilder()
    names: list[str] = []
    inputs: dict[str, Array] = {}
    unsigned = form == "uint8"
    shift = 128 if unsigned else 0
    for index, data in enumerate(operands(operator, SHAPES[shapes])):
        if index == constant:
            names.append(model.constant(data))
            continue
        name = model.input(f"x{index}", data.shape)
        inputs[name] = data
        scale, zero_point = (0.03, -7) if index == 0 else (0.02, 12)
        if form != "float":
            name = model.quantised(name, scale, zero_point + shift, unsigned)
        names.append(name)
    y = model.node(operator, names)
    step = None if form == "float" else 0.025
    if step is not None:
        y = model.quantised(y, step, 5 + shift, unsigned)
    graph = assert_model(model.build([y]), inputs, step=step)
    found = [node.operation for node in graph.nodes]
    if form != "float" and constant == 1 and shapes == "scalar":
        assert any(isinstance(operation, Table) for operation in found)
        assert not any(isinstance(operation, BinaryFunction) for operation in found)
    if form != "float" and operator in ("Min", "Max"):
        for node in graph.nodes:
            if isinstance(node.operation, BinaryFunction):
                assert graph.values[node.outputs[0]].type.data_type.value == "int8"


@pytest.mark.parametrize("element", [TensorProto.INT32, TensorProto.INT64])
@pytest.mark.parametrize("case", ["Div", "Min", "Max", "Mod", "fmod"])
def test_integer_model(case: str, element: int) -> None:
    random = np.random.default_rng(4)
    data_type = np.int32 if element == TensorProto.INT32 else np.int64
    model = ModelBuilder()
    names = [model.input("a", (3, 1, 4), element), model.input("b", (2, 1), element)]
    inputs = {
        "a": random.integers(-99, 99, (3, 1, 4)).astype(data_type),
        "b": np.array([[-7], [5]], data_type),
    }
    attributes = {"fmod": 1} if case == "fmod" else {}
    y = model.node("Mod" if case == "fmod" else case, names, **attributes)
    assert_model(model.build([y]), inputs)


def test_remainder_of_reals() -> None:
    random = np.random.default_rng(6)
    model = ModelBuilder()
    y = model.node("Mod", [model.input("a", (40,)), model.input("b", (40,))], fmod=1)
    data = {name: (random.normal(size=40) * 9).astype(np.float32) for name in "ab"}
    assert_model(model.build([y]), data)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("count", [1, 3, 4])
@pytest.mark.parametrize("operator", ["Min", "Max"])
def test_extremum_of_several(operator: str, count: int, integer: bool) -> None:
    random = np.random.default_rng(5)
    shapes: list[Shape] = [(4, 1), (3,), (2, 4, 3), ()][:count]
    model = ModelBuilder()
    names: list[str] = []
    inputs: dict[str, Array] = {}
    for index, shape in enumerate(shapes):
        name = model.input(f"x{index}", shape)
        inputs[name] = np.asarray(random.normal(size=shape), np.float32)
        names.append(model.quantised(name, 0.02 + index / 500, index) if integer else name)
    y = model.node(operator, names)
    if integer:
        y = model.quantised(y, 0.03, -3)
    graph = assert_model(model.build([y]), inputs, step=0.03 if integer else None, steps=1)
    functions = [n.operation for n in graph.nodes if isinstance(n.operation, BinaryFunction)]
    assert len(functions) == count - 1


@pytest.mark.parametrize("exponent", [np.float32(2.0), np.int64(2), np.int32(3), np.float32(0.5)])
def test_constant_exponent(exponent: Any) -> None:
    model = ModelBuilder()
    data = np.abs(np.random.default_rng(6).normal(size=(5, 7))).astype(np.float32)
    y = model.node("Pow", [model.input("x", (5, 7)), model.constant(np.asarray(exponent))])
    graph = assert_model(model.build([y]), {"x": data})
    expected: type[Operation] = Arithmetic if exponent == 2 else BinaryFunction
    assert [type(node.operation) for node in graph.nodes] == [expected]


def test_refusals() -> None:
    model = ModelBuilder()
    i = model.input("i", (3,), TensorProto.UINT32)
    f = model.input("f", (3,))
    wide = [model.input("a", (2, 1) * 4), model.input("b", (1, 3) * 4)]
    outputs = [
        model.node("Min", [i, i]),
        model.node("Mod", [f, f]),
        model.node("Div", wide),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    message = str(caught.value)
    assert "node 'node_min0' (Min): its operand 'i' is uint32" in message
    assert "node 'node_mod1' (Mod): its operand 'f' is float32" in message
    assert "node 'node_div2' (Div): 'a' [2, 1, 2, 1, 2, 1, 2, 1]" in message
