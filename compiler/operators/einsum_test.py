"""Einsum: matrix products equal onnxruntime, other equations are refused."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(2, 3, 4)).astype(np.float32)
W = RANDOM.normal(size=(4, 5)).astype(np.float32)


def product(equation: str, weights: str, stored: Stored | None = None) -> ModelUnderTest:
    model = ModelUnderTest()
    x = model.quantised(model.input("x", X), stored)
    model.node("Einsum", [x, weights], "y", equation=equation)
    return model


@pytest.mark.parametrize("equation", ["bsk, kn -> bsn", "...k,kn->...n", "ijk,nk->ijn"])
def test_float(equation: str) -> None:
    model = product(equation, "w")
    model.constant("w", np.ascontiguousarray(W.T) if "nk" in equation else W)
    assert_float(model, "y")


@pytest.mark.parametrize("equation", ["bsk,kn->bsn", "bsk,nk->bsn"])
def test_int8(equation: str) -> None:
    weights = RANDOM.integers(-127, 128, (5, 4) if "nk" in equation else (4, 5)).astype(np.int8)
    model = ModelUnderTest()
    zero = model.constant("w_zero_point", np.array(0, np.int8))
    scale = model.constant("w_scale", np.array(0.01, np.float32))
    model.constant("w_stored", weights)
    model.node("DequantizeLinear", ["w_stored", scale, zero], "w")
    x = model.quantised(model.input("x", X), Stored(0.03, 2))
    model.node("Einsum", [x, "w"], "y", equation=equation)
    assert_quantised_group(model, "y", Stored(0.05, -4))
    assert model.operations() == ["MatMulInt8"]


@pytest.mark.parametrize("equation", ["bsk,kn->bns", "bsk,kn->bs", "bsk,kn->sbn"])
def test_other_equations_are_refused(equation: str) -> None:
    model = product(equation, "w")
    model.constant("w", W)
    model.output("y")
    with pytest.raises(CompileError, match="its equation is"):
        model.graph()
