"""Gemm and views: lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
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


def test_refusals() -> None:
    model = ModelBuilder()
    x = model.input("x", (4, 4))
    weights = model.constant(np.ones((4, 4), np.float32))
    outputs = [
        model.node("Gemm", [x, weights], transA=1),
        model.node("Gemm", [x, x]),
        model.node("Gemm", [x, weights, weights]),
    ]
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build(outputs)), "run")
    text = str(caught.value)
    assert "node 'node_gemm0' (Gemm): its first operand is transposed (transA)" in text
    assert "node 'node_gemm1' (Gemm): its weights 'x' are computed at run time" in text
    assert "node 'node_gemm2' (Gemm): its bias 'constant0' is [4, 4]" in text
