"""Gemm and views: lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.batched_matmul import BatchedMatMulInt8
from compiler.operators.matmul import MatMulInt8
from compiler.operators.model_harness import ModelBuilder, assert_model

Shape = tuple[int, ...]

CASES: dict[str, tuple[Shape, Shape | None, dict[str, Any]]] = {
    # name: (first operand, bias, attributes)
    "plain": ((4, 9), None, {}),
    "bias": ((4, 9), (7,), {}),
    "bias of one row": ((1, 9), (1, 7), {"transB": 1}),
    "scalar bias": ((4, 9), (), {}),
    "alpha, beta": ((4, 9), (7,), {"alpha": 0.3, "beta": -1.7, "transB": 1}),
    "negative alpha": ((4, 9), (7,), {"alpha": -0.3}),
    "transposed": ((9, 4), (7,), {"transA": 1, "transB": 1, "alpha": 0.5}),
}


@pytest.mark.parametrize("case", CASES)
def test_float_model(case: str) -> None:
    left, bias, attributes = CASES[case]
    random = np.random.default_rng(1)
    model = ModelBuilder()
    weights = random.normal(size=(7, 9) if attributes.get("transB") else (9, 7))
    operands = [model.input("x", left), model.constant(weights.astype(np.float32))]
    if bias is not None:
        operands.append(model.constant(np.float32(random.normal(size=bias))))
    y = model.node("Gemm", operands, **attributes)
    assert_model(model.build([y]), {"x": random.normal(size=left).astype(np.float32)})


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_quantised_model(case: str, per_channel: bool) -> None:
    left, bias, attributes = CASES[case]
    random = np.random.default_rng(2)
    model = ModelBuilder()
    axis = 0 if attributes.get("transB") else 1
    stored = random.integers(-127, 128, (7, 9) if axis == 0 else (9, 7)).astype(np.int8)
    scale = random.uniform(0.005, 0.01, 7 if per_channel else ())
    operands = [
        model.quantised(model.input("x", left), 0.02, -7),
        model.quantised_constant(stored, np.asarray(scale), axis=axis),
    ]
    if bias is not None:
        operands.append(model.constant(np.float32(random.normal(size=bias))))
    y = model.quantised(model.node("Gemm", operands, **attributes), 0.03, 5)
    graph = assert_model(
        model.build([y]), {"x": random.normal(size=left).astype(np.float32)}, step=0.03
    )
    integer = any(isinstance(node.operation, MatMulInt8) for node in graph.nodes)
    assert integer == (case != "negative alpha")


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("weights", ["constant", "run time"])
@pytest.mark.parametrize("bias", ["none", "column", "matrix", "run time"])
def test_operands_at_run_time_in_float(weights: str, bias: str, transposed: bool) -> None:
    random = np.random.default_rng(3)
    model = ModelBuilder()
    shape = (9, 7) if not transposed else (7, 9)
    data = {
        "x": random.normal(size=(9, 4)).astype(np.float32),
        "w": random.normal(size=shape).astype(np.float32),
        "c": random.normal(size=(4, 1) if bias == "column" else (4, 7)).astype(np.float32),
    }
    run_time = ["x"] + ["w"] * (weights == "run time") + ["c"] * (bias == "run time")
    names = ["x", "w"] + ["c"] * (bias != "none")
    operands = [
        model.input(name, data[name].shape) if name in run_time else model.constant(data[name])
        for name in names
    ]
    y = model.node("Gemm", operands, transA=1, transB=int(transposed), alpha=-1.5, beta=0.3)
    relu = model.node("Relu", [y])
    assert_model(model.build([relu]), {name: data[name] for name in run_time})


def test_run_time_weights_in_int8() -> None:
    random = np.random.default_rng(4)
    model = ModelBuilder()
    left = model.quantised(model.input("x", (4, 9)), 0.02, -7)
    right = model.quantised(model.input("w", (7, 9)), 0.03, 20)
    y = model.quantised(model.node("Gemm", [left, right], transB=1, alpha=0.7), 0.05, 3)
    data = {
        "x": random.normal(size=(4, 9)).astype(np.float32),
        "w": random.normal(size=(7, 9)).astype(np.float32),
    }
    graph = assert_model(model.build([y]), data, step=0.05)
    assert any(isinstance(node.operation, BatchedMatMulInt8) for node in graph.nodes)


@pytest.mark.parametrize("name", ["alpha", "beta"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_factors_are_finite(name: str, value: float) -> None:
    """Infinitely large weights would make infinity minus infinity of finite products."""
    model = ModelBuilder()
    operands = [model.input("x", (3, 9)), model.constant(np.ones((9, 4), np.float32))]
    factors: dict[str, Any] = {name: value}
    y = model.node("Gemm", [*operands, model.input("c", (4,))], **factors)
    with pytest.raises(CompileError, match=f"its attribute '{name}' is -?inf"):
        lower(import_model(model.build([y])), "run")


def test_a_factor_that_makes_weights_infinite() -> None:
    model = ModelBuilder()
    operands = [model.input("x", (3, 9)), model.constant(np.full((9, 4), 1e30, np.float32))]
    y = model.node("Gemm", operands, alpha=1e30)
    with pytest.raises(CompileError, match=r"times 1e\+30"):
        lower(import_model(model.build([y])), "run")


def test_a_bias_of_more_rows_than_the_product() -> None:
    model = ModelBuilder()
    operands = [model.input("x", (3, 9)), model.constant(np.ones((9, 4), np.float32))]
    y = model.node("Gemm", [*operands, model.input("c", (7, 4))])
    with pytest.raises(CompileError, match=r"its bias 'c' is float32\[7, 4\]"):
        lower(import_model(model.build([y])), "run")
