"""Addition, subtraction, multiplication: kernels equal twins, models onnxruntime."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.numerics.addition import choose_addition, choose_multiplication
from compiler.operators.binary import AddInt8, Arithmetic, MultiplyInt8
from compiler.operators.broadcast_harness import Shape, broadcasts, full
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.strides import broadcast_strides, collapse
from compiler.operators.table import Table

Shapes = tuple[Shape, ...]
seeds = st.integers(0, 2**32 - 1)
factors = st.floats(1e-4, 50.0)
stored = st.integers(-128, 127)


def int8(shapes: Shapes, random: np.random.Generator) -> list[Array | None]:
    return [random.integers(-128, 128, shape).astype(np.int8) for shape in shapes]


@settings(max_examples=80, deadline=None)
@given(shapes=broadcasts(), left=factors, right=factors, negative=st.booleans(), seed=seeds)
def test_integer_addition_twin(
    shapes: Shapes, left: float, right: float, negative: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    z = [int(value) for value in random.integers(-128, 128, 3)]
    constants = choose_addition(left, -right if negative else right, (z[0], z[1]), z[2])
    assert constants is not None
    operation = AddInt8(
        full(shapes),
        constants.left_scale,
        constants.right_scale,
        constants.bias,
        constants.shift,
        -120,
        127,
    )
    assert_twin(operation, int8(shapes, random))


@settings(max_examples=80, deadline=None)
@given(shapes=broadcasts(), factor=factors, seed=seeds)
def test_integer_multiplication_twin(shapes: Shapes, factor: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    z = [int(value) for value in random.integers(-128, 128, 3)]
    constants = choose_multiplication(factor, z[2])
    assert constants is not None
    operation = MultiplyInt8(
        full(shapes), z[0], z[1], constants.scale, constants.bias, constants.shift, -128, 100
    )
    assert_twin(operation, int8(shapes, random))


@settings(max_examples=120, deadline=None)
@given(
    shapes=broadcasts(),
    function=st.sampled_from(["add", "subtract", "multiply"]),
    integer=st.booleans(),
    seed=seeds,
)
def test_arithmetic_twin(shapes: Shapes, function: str, integer: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    if integer:
        x = [random.integers(-(2**31), 2**31, shape).astype(np.int32) for shape in shapes]
        operation = Arithmetic(full(shapes), function)
    else:
        x = [np.round(random.normal(size=shape), 1).astype(np.float32) for shape in shapes]
        operation = Arithmetic(full(shapes), function, -1.0, 0.0)
    assert_twin(operation, list(x))


@given(left=factors, right=factors, z=st.tuples(stored, stored, stored), a=stored, b=stored)
def test_addition_is_rounded_correctly_within_a_small_error(
    left: float, right: float, z: tuple[int, int, int], a: int, b: int
) -> None:
    constants = choose_addition(left, right, (z[0], z[1]), z[2])
    assert constants is not None
    exact = Fraction(left) * (a - z[0]) + Fraction(right) * (b - z[1]) + z[2]
    total = a * constants.left_scale + b * constants.right_scale + constants.bias
    assert -(2**31) <= total < 2**31
    assert abs((total >> constants.shift) - exact) <= Fraction(51, 100)


def test_factors_too_large_for_int32_have_no_constants() -> None:
    assert choose_addition(1e8, 1.0, (0, 0), 0) is None
    assert choose_multiplication(1e5, 0) is None


def test_collapse_merges_axes_that_all_operands_walk_as_one() -> None:
    shape = (2, 3, 4, 5)
    operands = [broadcast_strides(s, shape) for s in (shape, (4, 5))]
    extents, strides = collapse(shape, operands)
    assert extents == (1, 1, 1, 1, 6, 20)
    assert strides == [(0, 0, 0, 0, 20, 1), (0, 0, 0, 0, 0, 1)]


SHAPES: dict[str, Shapes] = {
    "equal": ((2, 3, 4), (2, 3, 4)),
    "channels": ((2, 3, 4, 5), (3, 1, 1)),
    "both": ((2, 1, 4, 1), (3, 1, 5)),
    "scalar": ((2, 3), ()),
    "rank 6": ((2, 1, 2, 1, 2, 1), (1, 3, 1, 3, 1, 3)),
}


@pytest.mark.parametrize("constant", [None, 0, 1])
@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_float_model(shapes: str, operator: str, constant: int | None) -> None:
    random = np.random.default_rng(1)
    model = ModelBuilder()
    names: list[str] = []
    inputs: dict[str, Array] = {}
    for index, shape in enumerate(SHAPES[shapes]):
        data = np.asarray(random.normal(size=shape), np.float32)
        if index == constant:
            names.append(model.constant(data))
        else:
            names.append(model.input(f"x{index}", shape))
            inputs[f"x{index}"] = data
    y = model.node("Relu", [model.node(operator, names)])
    graph = assert_model(model.build([y]), inputs)
    assert len(graph.nodes) == 1, "Relu is fused"


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("constant", [None, 0, 1])
@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_quantised_model(shapes: str, operator: str, constant: int | None, unsigned: bool) -> None:
    random = np.random.default_rng(2)
    model = ModelBuilder()
    shift = 128 if unsigned else 0
    names: list[str] = []
    inputs: dict[str, Array] = {}
    for index, shape in enumerate(SHAPES[shapes]):
        scale, zero_point = (0.02, -7) if index == 0 else (0.011, 30)
        if index == constant:
            data = random.integers(-128, 128, shape)
            element = np.uint8 if unsigned else np.int8
            data = np.asarray(data + shift).astype(element)
            zero = np.array(zero_point + shift, element)
            names.append(model.quantised_constant(data, np.array(scale), zero))
        else:
            inputs[f"x{index}"] = np.asarray(random.normal(size=shape) * 2, np.float32)
            name = model.input(f"x{index}", shape)
            names.append(model.quantised(name, scale, zero_point + shift, unsigned))
    y = model.node("Clip", [model.node(operator, names), model.constant(np.float32(-2.0))])
    y = model.quantised(y, 0.025, 5 + shift, unsigned)
    graph = assert_model(model.build([y]), inputs, step=0.025)
    kernels = [node.operation for node in graph.nodes]
    assert any(isinstance(operation, AddInt8 | MultiplyInt8 | Table) for operation in kernels)
    assert not any(isinstance(operation, Arithmetic) for operation in kernels)


def test_float_constant_scalar_becomes_a_table() -> None:
    random = np.random.default_rng(3)
    model = ModelBuilder()
    x = model.quantised(model.input("x", (5, 7)), 0.02, -7)
    y = model.quantised(model.node("Sub", [model.constant(np.float32(1.5)), x]), 0.03, 1)
    graph = assert_model(
        model.build([y]), {"x": random.normal(size=(5, 7)).astype(np.float32)}, step=0.03, steps=0
    )
    assert any(isinstance(node.operation, Table) for node in graph.nodes)


def test_the_same_tensor_twice() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (5, 7)), 0.02, -7)
    y = model.quantised(model.node("Mul", [x, x]), 0.03, -128)
    data = np.random.default_rng(3).normal(size=(5, 7)).astype(np.float32)
    assert_model(model.build([y]), {"x": data}, step=0.03)


@pytest.mark.parametrize("element", [TensorProto.INT32, TensorProto.INT64])
@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul"])
def test_integer_model(operator: str, element: int) -> None:
    random = np.random.default_rng(4)
    model = ModelBuilder()
    names = [model.input("a", (3, 1, 4), element), model.input("b", (2, 1), element)]
    data_type = np.int32 if element == TensorProto.INT32 else np.int64
    inputs = {
        "a": random.integers(-9, 9, (3, 1, 4)).astype(data_type),
        "b": random.integers(-9, 9, (2, 1)).astype(data_type),
    }
    assert_model(model.build([model.node(operator, names)]), inputs)


def test_refusals() -> None:
    model = ModelBuilder()
    names = [model.input("a", (2, 1) * 4), model.input("b", (1, 3) * 4)]
    u = model.input("u", (3,), TensorProto.UINT32)
    outputs = [model.node("Add", names), model.node("Mul", [u, u])]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    assert "node 'node_add0' (Add): 'a' [2, 1, 2, 1, 2, 1, 2, 1]" in str(caught.value)
    assert "node 'node_mul1' (Mul): its operands are uint32" in str(caught.value)
