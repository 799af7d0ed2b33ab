"""Additions of constants disappear in the linear operators before them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.fold_bias import fold_biases
from compiler.lowering.lower import lower
from compiler.operators.conv import ConvFloat
from compiler.operators.matmul import MatMulFloat, MatMulInt8
from compiler.operators.model_harness import ModelBuilder, assert_model

IMAGE = (2, 4, 6, 5)
RANDOM = np.random.default_rng(4)


def floats(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


def linear(model: ModelBuilder, operator: str, **attributes: Any) -> str:
    """A Conv, Gemm or MatMul with 7 output channels."""
    if operator == "Conv":
        return model.node("Conv", [model.input("x", IMAGE), model.constant(floats(7, 4, 3, 3))])
    shape = (3, 5) if operator == "Gemm" else (2, 3, 5)
    operands = [model.input("x", shape), model.constant(floats(5, 7))]
    return model.node(operator, operands, **attributes)


def before_and_after(model: ModelBuilder, outputs: list[str]) -> tuple[list[str], list[str]]:
    """The operators of the model without and with folded biases."""
    imported = import_model(model.build(outputs))
    folded = fold_biases(imported)
    return [n.operator for n in imported.nodes], [n.operator for n in folded.nodes]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("operator", "shape"),
    [
        ("Conv", (7, 1, 1)),
        ("Conv", (1, 7, 1, 1)),
        ("Conv", ()),
        ("Gemm", (7,)),
        ("Gemm", (1, 7)),
        ("MatMul", (7,)),
        ("MatMul", (1, 1, 1)),
    ],
)
def test_constants_per_channel_are_folded(
    operator: str, shape: tuple[int, ...], first: bool
) -> None:
    model = ModelBuilder()
    y, constant = linear(model, operator), model.constant(floats(*shape))
    y = model.node("Relu", [model.node("Add", [y, constant] if first else [constant, y])])
    assert before_and_after(model, [y]) == ([operator, "Add", "Relu"], [operator, "Relu"])
    graph = assert_model(model.build([y]), {"x": floats(*model_shape(model))})
    (node,) = (node for node in graph.nodes if isinstance(node.operation, ConvFloat | MatMulFloat))
    assert node.origin == (f"node_{operator.lower()}0", "node_add1", "node_relu2")


def test_a_second_constant_joins_the_first() -> None:
    model = ModelBuilder()
    y = linear(model, "Gemm", alpha=0.5)
    for _ in range(3):
        y = model.node("Add", [y, model.constant(floats(7))])
    assert before_and_after(model, [y]) == (["Gemm", "Add", "Add", "Add"], ["Gemm"])
    assert_model(model.build([y]), {"x": floats(3, 5)})


def test_beta_scales_the_old_bias_only() -> None:
    model = ModelBuilder()
    operands = [model.input("x", (3, 5)), model.constant(floats(5, 7)), model.constant(floats(7))]
    y = model.node("Gemm", operands, beta=3.0)
    y = model.node("Add", [y, model.constant(floats(7))])
    assert before_and_after(model, [y])[1] == ["Gemm"]
    assert_model(model.build([y]), {"x": floats(3, 5)})


@pytest.mark.parametrize("shape", [(5,), (6, 1), (7, 6, 5), (2, 1, 1, 1), (1, 2, 7, 6, 5)])
def test_other_constants_stay(shape: tuple[int, ...]) -> None:
    model = ModelBuilder()
    y = model.node("Conv", [model.input("x", (2, 4, 8, 7)), model.constant(floats(7, 4, 3, 3))])
    y = model.node("Add", [y, model.constant(floats(*shape))])
    assert before_and_after(model, [y]) == (["Conv", "Add"], ["Conv", "Add"])


def test_what_others_read_stays() -> None:
    model = ModelBuilder()
    product = linear(model, "MatMul")
    y = model.node("Add", [product, model.constant(floats(7))])
    expected = (["MatMul", "Add", "Sigmoid"], ["MatMul", "Add", "Sigmoid"])
    assert before_and_after(model, [y, model.node("Sigmoid", [product])]) == expected


def test_an_output_stays() -> None:
    model = ModelBuilder()
    product = linear(model, "MatMul")
    y = model.node("Add", [product, model.constant(floats(7))])
    assert before_and_after(model, [product, y])[1] == ["MatMul", "Add"]


def test_a_quantised_group_becomes_one_integer_operation() -> None:
    """The bias is quantised as well; without folding the product would be computed in float32."""
    model = ModelBuilder()
    x = model.quantised(model.input("x", (2, 3, 5)), 0.02, -7)
    stored = RANDOM.integers(-127, 128, (5, 7)).astype(np.int8)
    weights = model.quantised_constant(stored, RANDOM.uniform(0.005, 0.01, 7), axis=1)
    bias = model.quantised_constant(RANDOM.integers(-127, 128, 7).astype(np.int8), np.array(0.01))
    y = model.node("Add", [bias, model.node("MatMul", [x, weights])])
    y = model.quantised(model.node("Relu", [y]), 0.03, -128)
    graph = assert_model(model.build([y]), {"x": floats(2, 3, 5)}, step=0.03)
    assert [type(node.operation).__name__ for node in graph.nodes] == [
        "Quantize",
        "MatMulInt8",
        "Dequantize",
    ]


def test_a_quantised_product_is_not_folded() -> None:
    """It is rounded before the addition; the bits of the model's own arithmetic are kept."""
    model = ModelBuilder()
    x = model.quantised(model.input("x", (2, 3, 5)), 0.02, -7)
    stored = RANDOM.integers(-127, 128, (5, 7)).astype(np.int8)
    weights = model.quantised_constant(stored, np.array(0.01))
    product = model.quantised(model.node("MatMul", [x, weights]), 0.03, 4)
    bias = model.quantised_constant(RANDOM.integers(-127, 128, 7).astype(np.int8), np.array(0.01))
    y = model.quantised(model.node("Add", [product, bias]), 0.04, 0)
    operators, folded = before_and_after(model, [y])
    assert operators == folded
    graph = assert_model(model.build([y]), {"x": floats(2, 3, 5)}, step=0.04)
    assert any(isinstance(node.operation, MatMulInt8) for node in graph.nodes)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 40), st.integers(1, 6), st.floats(0.01, 100.0))
def test_rounding_of_random_products(seed: int, inner: int, columns: int, size: float) -> None:
    """Both orders of a sum of n products and a bias are within n + 1 roundings of the exact one:
    |difference| <= 2 (n + 1) u (|x| |w| + |b|), u = 2^-24, for each result."""
    random = np.random.default_rng(seed)
    x, weights, bias = (
        (random.normal(size=shape) * factor).astype(np.float32)
        for shape, factor in (((3, inner), 1.0), ((inner, columns), 1.0), ((columns,), size))
    )
    model = ModelBuilder()
    y = model.node("MatMul", [model.input("x", (3, inner)), model.constant(weights)])
    y = model.node("Add", [y, model.constant(bias)])
    graph: Graph = lower(import_model(model.build([y])), "run")
    (found,) = interpret(graph, {"x": x}).values()
    assert len(graph.nodes) == 1

    (product,) = MatMulFloat(-np.inf, np.inf).evaluate([x, weights, None])
    terms = np.abs(x).astype(np.float64) @ np.abs(weights).astype(np.float64) + np.abs(bias)
    bound = 2 * (inner + 1) * 2.0**-24 * 1.01 * terms
    assert np.all(np.abs(found.astype(np.float64) - (product + bias)) <= bound)


def model_shape(model: ModelBuilder) -> tuple[int, ...]:
    return tuple(d.dim_value for d in model.inputs[0].type.tensor_type.shape.dim)


def test_an_addition_behind_weights_without_a_scale_that_means_something() -> None:
    """It is part of the product already when the weights are refused."""
    model = ModelBuilder()
    stored = model.constant(np.ones((4, 3), np.int8))
    weights = model.node("DequantizeLinear", [stored, model.constant(np.float32(np.nan))])
    y = model.node("MatMul", [model.input("x", (2, 4)), weights])
    total = model.node("Add", [y, model.constant(np.ones(3, np.float32))])
    with pytest.raises(CompileError, match="its scale is nan"):
        lower(import_model(model.build([total])), "run")
