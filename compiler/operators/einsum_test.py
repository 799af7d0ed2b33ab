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


# equation, shapes
PRODUCTS = [
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bhqk,bhkd->bqhd", (2, 3, 4, 6), (2, 3, 6, 5)),
    ("bqhd,bkhd->bhqk", (2, 4, 3, 5), (2, 6, 3, 5)),
    ("bsk,kn->bns", (2, 3, 4), (4, 5)),
    ("bsd,dhk->bhsk", (2, 3, 4), (4, 2, 5)),
    ("i,j->ij", (4,), (5,)),
    ("i,i->", (4,), (4,)),
    ("ij,ij", (4, 5), (4, 5)),
    ("ij,jk", (4, 5), (5, 3)),
    ("kj,ji", (4, 5), (5, 3)),
    ("...ij,...jk->...ik", (2, 1, 4, 5), (2, 3, 5, 6)),
    ("abc,cd->dab", (2, 3, 4), (4, 5)),
    ("bno,bnd->bd", (2, 6, 1), (2, 6, 5)),
    ("bo,nd->bd", (2, 1), (1, 5)),
]

# Sums over axes of one operand alone: equation, shapes
SUMS = [
    ("bsk,kn->bs", (2, 3, 4), (4, 5)),
    ("abk,kcd->ad", (2, 3, 4), (4, 5, 6)),
    ("ijk,lj->i", (4, 5, 2), (3, 5)),
    ("ij,kl->", (2, 3), (4, 5)),
]


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize(("equation", "left", "right"), [*PRODUCTS, *SUMS])
def test_products(
    equation: str, left: tuple[int, ...], right: tuple[int, ...], constant: bool
) -> None:
    random = np.random.default_rng(5)
    model = ModelUnderTest()
    model.input("x", random.normal(size=left).astype(np.float32))
    add = model.constant if constant else model.input
    add("w", random.normal(size=right).astype(np.float32))
    model.node("Einsum", ["x", "w"], "y", equation=equation)
    assert_float(model, "y")


@pytest.mark.parametrize(("equation", "left", "right"), PRODUCTS)
def test_products_of_quantised_tensors(
    equation: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    random = np.random.default_rng(6)
    model = ModelUnderTest()
    x = model.quantised(
        model.input("x", random.normal(size=left).astype(np.float32)), Stored(0.03, 7)
    )
    w = model.quantised(
        model.input("w", random.normal(size=right).astype(np.float32)), Stored(0.02, -100)
    )
    model.node("Einsum", [x, w], "y", equation=equation)
    assert_quantised_group(model, "y", Stored(0.1, -4))
    assert "BatchedMatMulInt8" in model.operations()


@pytest.mark.parametrize(("equation", "left", "right"), SUMS)
def test_sums_of_quantised_tensors(
    equation: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    random = np.random.default_rng(7)
    model = ModelUnderTest()
    x = model.input("x", random.normal(size=left).astype(np.float32))
    w = model.input("w", random.normal(size=right).astype(np.float32))
    operands = [model.quantised(x, Stored(0.03, 7)), model.quantised(w, Stored(0.02, -100))]
    model.node("Einsum", operands, "y", equation=equation)
    assert_quantised_group(model, "y", Stored(0.3, -4))


def test_weights_with_several_axes_of_outputs() -> None:
    """Scales per head become scales per column."""
    model = ModelUnderTest()
    random = np.random.default_rng(7)
    scale = model.constant("w_scale", random.uniform(0.005, 0.02, 2).astype(np.float32))
    zero = model.constant("w_zero_point", np.zeros(2, np.int8))
    model.constant("w_stored", random.integers(-127, 128, (4, 2, 5)).astype(np.int8))
    model.node("DequantizeLinear", ["w_stored", scale, zero], "w", axis=1)
    x = model.quantised(model.input("x", X), Stored(0.03, 2))
    model.node("Einsum", [x, "w"], "y", equation="bsd,dhk->bshk")
    assert_quantised_group(model, "y", Stored(0.05, -4))
    assert model.operations() == ["MatMulInt8", "View"]


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("bsk,kn->bsnn", "its equation is"),
        ("bsk,kn->bsb", "its equation is"),
    ],
)
def test_other_equations_are_refused(equation: str, message: str) -> None:
    model = ModelUnderTest()
    extents = {"b": 2, "s": 3, "k": 4, "n": 5}
    terms = equation.partition("->")[0].split(",")
    for name, term in zip("xyz", terms, strict=False):
        model.input(name, np.ones([extents[label] for label in term], np.float32))
    model.node("Einsum", list("xyz")[: len(terms)], "out", equation=equation)
    model.output("out")
    with pytest.raises(CompileError, match=message):
        model.graph()
