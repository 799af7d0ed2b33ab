"""Reductions: kernels equal NumPy twins, lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.reduction import KERNELS, OPERATORS, Reduce

SHAPE = (2, 3, 4, 5)
MODEL_TYPES = {np.float32: 1, np.int32: 6, np.int64: 7}
forms = st.sampled_from([(name, type_) for name, types in KERNELS.items() for type_ in types])


@settings(max_examples=150, deadline=None)
@given(
    form=forms,
    outer=st.integers(1, 5),
    extent=st.sampled_from([1, 2, 7, 300]),
    inner=st.integers(1, 5),
    special=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    form: tuple[str, str], outer: int, extent: int, inner: int, special: bool, seed: int
) -> None:
    function, type_ = form
    random = np.random.default_rng(seed)
    shape = (outer, extent, inner)
    if type_ == "f32":
        x = random.normal(size=shape).astype(np.float32)
        if special:
            values = np.array([np.inf, -np.inf, np.nan, -0.0, 0.0, 1e-40, 3e38], np.float32)
            x = np.where(random.random(shape) < 0.5, random.choice(values, shape), x)
    elif type_ == "s32":
        x = random.integers(-(2**31), 2**31, shape).astype(np.int32)
    else:
        x = random.integers(-128, 128, shape).astype(np.int8)
    assert_twin(Reduce(function, outer, extent, inner, (outer, inner)), [x])


@pytest.mark.parametrize("zeros", [[0.0, -0.0], [-0.0, 0.0], [-0.0], [-0.0, -0.0]])
@pytest.mark.parametrize("function", KERNELS)
def test_signs_of_zeros(function: str, zeros: list[float]) -> None:
    assert_twin(Reduce(function, 1, len(zeros), 1, (1,)), [np.array(zeros, np.float32)])


AXES = [[2, 3], [-1], [0, 1], [1, -2], [1, 2, 3, 0], [0, 2], [-1, 1], [0, 3], []]


def reduced(
    model: ModelBuilder, operator: str, x: str, axes: list[int], keepdims: int, noop: int = 0
) -> str:
    """A reduction with its axes as the operator set has them: an operand or an attribute."""
    if model.opset >= 18 or operator == "ReduceSum":
        operands = [x, model.constant(np.array(axes, np.int64))]
        return model.node(operator, operands, keepdims=keepdims, noop_with_empty_axes=noop)
    attributes: dict[str, Any] = {"axes": axes} if axes else {}
    return model.node(operator, [x], keepdims=keepdims, **attributes)


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("version", [13, 18])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("operator", ["ReduceMean", *OPERATORS])
def test_float_model(operator: str, axes: list[int], version: int, keepdims: int) -> None:
    model = ModelBuilder(version)
    y = reduced(model, operator, model.input("x", SHAPE), axes, keepdims)
    assert_model(model.build([y]), {"x": data(SHAPE)})


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("operator", ["ReduceMean", *OPERATORS])
def test_quantised_model(operator: str, axes: list[int], unsigned: bool, keepdims: int) -> None:
    model = ModelBuilder(18)
    shift = 128 if unsigned else 0
    x = model.quantised(model.input("x", SHAPE), 0.02, -7 + shift, unsigned)
    step = 0.4 if operator in ("ReduceSum", "ReduceL1", "ReduceSumSquare") else 0.025
    y = model.quantised(reduced(model, operator, x, axes, keepdims), step, 4 + shift, unsigned)
    graph = assert_model(model.build([y]), {"x": data(SHAPE)}, step=step)
    kernels = [type(node.operation).__name__ for node in graph.nodes]
    if operator in ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"):
        assert kernels.count("Dequantize") == 1, "no float in between"


@pytest.mark.parametrize("axes", [[2, 3], [0, 2], []])
@pytest.mark.parametrize("element", [np.int32, np.int64])
@pytest.mark.parametrize("operator", ["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin"])
def test_integer_model(operator: str, element: type[np.int32 | np.int64], axes: list[int]) -> None:
    model = ModelBuilder(18)
    y = reduced(model, operator, model.input("x", SHAPE, MODEL_TYPES[element]), axes, 1)
    limit = 2 if operator == "ReduceProd" else 1000
    x = np.random.default_rng(3).integers(-limit, limit, SHAPE).astype(element)
    assert_model(model.build([y]), {"x": x})


@pytest.mark.parametrize("operator", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceProd"])
@pytest.mark.parametrize("integer", [False, True])
def test_no_axes(operator: str, integer: bool) -> None:
    """With noop_with_empty_axes the operand passes."""
    model = ModelBuilder(18)
    x = model.input("x", SHAPE)
    x = model.quantised(x, 0.02, -7) if integer else x
    y = reduced(model, operator, x, [], 1, noop=1)
    y = model.quantised(y, 0.02, 4) if integer else y
    assert_model(model.build([y]), {"x": data(SHAPE)}, step=0.02 if integer else None)


@pytest.mark.parametrize("axes", [[0, 2, 3], [0], [1, 3]])
def test_axes_of_extent_one_need_no_transpose(axes: list[int]) -> None:
    shape = (1, 3, 1, 5)
    model = ModelBuilder()
    y = model.node("ReduceMax", [model.input("x", shape)], axes=axes, keepdims=0)
    graph = assert_model(model.build([y]), {"x": data(shape)})
    assert [type(node.operation).__name__ for node in graph.nodes] == ["Reduce"]


def test_refusals() -> None:
    model = ModelBuilder(18)
    x = model.input("x", SHAPE)
    integers = model.input("integers", SHAPE, 6)
    many = model.input("many", (2,) * 7)
    outputs = [
        reduced(model, "ReduceMean", integers, [1], 1),
        reduced(model, "ReduceL2", x, [], 1, noop=1),
        reduced(model, "ReduceSum", many, [0, 2], 1),
        reduced(model, "ReduceMean", model.input("empty", (2, 0, 4)), [0], 1),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    text = str(caught.value)
    assert "(ReduceMean): its operand 'integers' is int32" in text
    assert "(ReduceL2): it reduces no axes" in text
    assert "(ReduceSum): it reduces axes [0, 2] of 7" in text
    assert "(ReduceMean): its input 'empty' is float32[2, 0, 4]" in text


def data(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(13).normal(size=shape).astype(np.float32)
