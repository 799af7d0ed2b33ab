"""MatMul: lowered models equal onnxruntime for operands of any rank, constant or not."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.operators.onnxruntime_harness import (
    ModelUnderTest,
    Stored,
    assert_float,
    assert_quantised_group,
)

Shape = tuple[int, ...]

SHAPES: list[tuple[Shape, Shape]] = [
    ((4, 5), (5, 6)),
    ((5,), (5, 6)),
    ((4, 5), (5,)),
    ((5,), (5,)),
    ((3, 4, 5), (5, 6)),
    ((4, 5), (3, 5, 6)),
    ((5,), (3, 5, 6)),
    ((3, 4, 5), (5,)),
    ((2, 3, 4, 5), (2, 3, 5, 6)),
    ((2, 1, 4, 5), (3, 5, 6)),
    ((1, 4, 5), (1, 5, 6)),
]


def _data(shape: Shape, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("constant", ["none", "left", "right"])
@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_float(left: Shape, right: Shape, constant: str) -> None:
    model = ModelUnderTest()
    for name, shape, side in (("a", left, "left"), ("b", right, "right")):
        (model.constant if side == constant else model.input)(name, _data(shape, len(name + side)))
    model.node("MatMul", ["a", "b"], "y")
    assert_float(model, "y")


@pytest.mark.parametrize("constant", ["none", "left", "right"])
@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_int8(left: Shape, right: Shape, constant: str) -> None:
    model = ModelUnderTest()
    names: list[str] = []
    for name, shape, side in (("a", left, "left"), ("b", right, "right")):
        if side == constant:
            stored = np.random.default_rng(3).integers(-100, 100, shape).astype(np.int8)
            model.constant(f"{name}_stored", stored)
            scale = model.constant(f"{name}_scale", np.array(0.02, np.float32))
            zero = model.constant(f"{name}_zero", np.array(9, np.int8))
            names.append(model.node("DequantizeLinear", [f"{name}_stored", scale, zero], name))
        else:
            model.input(name, _data(shape, len(shape)))
            names.append(model.quantised(name, Stored(0.02, -11 if name == "a" else 30)))
    model.node("MatMul", names, "product")
    model.node("Relu", ["product"], "y")
    assert_quantised_group(model, "y", Stored(0.05, -90))
    operations = model.operations()
    assert "BatchedMatMulInt8" in operations or operations.count("MatMulInt8") == 1


def test_attention_scores_need_no_copy_of_transposed_keys() -> None:
    """A Transpose to [..., inner, columns] in the model cancels the one that the kernel needs."""
    model = ModelUnderTest()
    model.input("q", _data((2, 3, 4, 5), 1))
    model.input("k", _data((2, 3, 6, 5), 2))
    model.node("Transpose", ["k"], "kt", perm=[0, 1, 3, 2])
    model.node("MatMul", ["q", "kt"], "y")
    assert_float(model, "y")
    assert model.operations() == ["BatchedMatMulFloat"]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_an_addition_behind_is_no_bias_of_other_axes(left: Shape, right: Shape) -> None:
    """What is constant along the result's last axis is a bias only where that is the weights'."""
    model = ModelUnderTest()
    model.input("a", _data(left, 1))
    model.constant("b", _data(right, 2))
    model.node("MatMul", ["a", "b"], "product")
    shape = (_data(left, 1) @ _data(right, 2)).shape
    model.constant("c", _data(shape[-1:], 3))
    model.node("Add", ["product", "c"], "y")
    assert_float(model, "y")
