"""Products of integers with zero points, and what onnxruntime's dynamic quantiser makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx.reference import ReferenceEvaluator

from compiler.errors import CompileError
from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    interpreted,
    lowered,
    stored,
)
from compiler.frontend.import_model import import_model
from compiler.frontend.qoperator.integer_products import as_bytes
from compiler.ir import Array

ZEROS = {np.int8: (0, -7, 127), np.uint8: (0, 128, 3, 255)}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("constant", ["", "b", "zero points", "b and zero points"])
def test_matrix_product(seed: int, constant: str) -> None:
    random = np.random.default_rng(seed)
    model = NodeModel()
    right: Any = (np.int8, np.uint8)[seed % 2]
    shapes = [((4, 7), (7, 5)), ((2, 4, 7), (7, 5)), ((2, 4, 7), (2, 7, 5))][seed % 3]
    zeros = [np.array(random.choice(ZEROS[t]), t) for t in (np.uint8, right)]
    operands = [stored(seed, np.uint8, *shapes[0]), stored(seed + 1, right, *shapes[1])]
    a = model.input("a", operands[0])
    b = model.constant(operands[1]) if "b" in constant else model.input("b", operands[1])
    if "zero" in constant:
        z = [model.constant(zero) for zero in zeros]
    else:
        z = [model.input(f"z{index}", zero) for index, zero in enumerate(zeros)]
    model.node("MatMulInteger", a, b, *z)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize("constant", [False, True])
def test_zero_points_of_rows_and_columns(constant: bool) -> None:
    """ONNX's reference computes it: onnxruntime has no kernel for zero points of rows."""
    model = NodeModel()
    a = model.input("a", stored(1, np.uint8, 4, 7))
    data = stored(2, np.uint8, 7, 5)
    b = model.constant(data) if constant else model.input("b", data)
    rows, columns = np.arange(4, dtype=np.uint8), np.arange(5, dtype=np.uint8) * 50
    y = model.node("MatMulInteger", a, b, model.constant(rows), model.constant(columns))
    left = model.data["a"].astype(np.int64) - rows[:, None]
    expected = (left @ (data.astype(np.int64) - columns)).astype(np.int32)
    (found,) = interpreted(lowered(model.declared(y, expected)), model.data)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("zero_point", ["constant", "computed", "absent"])
@pytest.mark.parametrize(
    ("weights", "attributes"),
    [
        (stored(2, np.int8, 6, 4, 3, 3), {}),
        (stored(2, np.uint8, 6, 4, 3, 3), {"pads": [1, 1, 1, 1]}),
        (stored(2, np.uint8, 6, 2, 3, 3), {"pads": [1, 0, 1, 1], "group": 2, "strides": [2, 1]}),
        (stored(2, np.int8, 4, 1, 2, 2), {"group": 4, "dilations": [2, 1]}),
        (stored(2, np.int8, 6, 4, 3, 3), {"auto_pad": "SAME_UPPER"}),
    ],
)
def test_convolution(weights: Array, attributes: dict[str, Any], zero_point: str) -> None:
    model = NodeModel()
    operands = [model.input("x", stored(1, np.uint8, 1, 4, 6, 7)), model.constant(weights)]
    if zero_point != "absent":
        z = np.array(77, np.uint8)
        operands.append(model.constant(z) if zero_point == "constant" else model.input("z", z))
        operands.append(model.constant(np.array(11, weights.dtype)))
    model.node("ConvInteger", *operands, **attributes)
    assert_agrees(model.model(), model.data)


def test_zero_points_of_outputs() -> None:
    """ONNX's reference computes it: onnxruntime has no kernel for zero points of outputs."""
    model = NodeModel()
    x, w = stored(1, np.uint8, 1, 3, 5, 5), stored(2, np.int8, 4, 3, 3, 3)
    zeros = np.array([0, 3, -9, 100], np.int8)
    names = [model.input("x", x), *map(model.constant, (w, np.array(9, np.uint8), zeros))]
    y = model.node("ConvInteger", *names)
    real = [x.astype(np.float64) - 9, w.astype(np.float64) - zeros[:, None, None, None]]
    conv = helper.make_node("Conv", ["x", "w"], ["y"])
    evaluator: Any = ReferenceEvaluator(conv)
    expected = evaluator.run(None, dict(zip("xw", real, strict=True)))[0].astype(np.int32)
    (found,) = interpreted(lowered(model.declared(y, expected)), model.data)
    assert np.array_equal(found, expected)


def test_weights_must_be_constant() -> None:
    model = NodeModel()
    x, w = model.input("x", stored(1, np.uint8, 1, 3, 5, 5)), stored(2, np.int8, 4, 3, 3, 3)
    zero = model.constant(np.array(9, np.uint8))
    y = model.node("ConvInteger", x, model.input("w", w), zero)
    with pytest.raises(CompileError, match=r"TW-0202.*node_ConvInteger_0.*'w' is computed"):
        import_model(model.declared(y, np.zeros((1, 4, 3, 3), np.int32)))


@pytest.mark.parametrize(
    ("factor", "offset"), [(1.0, 0.0), (1.0, 9.0), (1.0, -9.0), (0.0, 0.0), (1e-6, 0.0)]
)
def test_quantisation_by_what_a_run_holds(factor: float, offset: float) -> None:
    model = NodeModel()
    data = np.random.default_rng(1).normal(size=(5, 40)) * factor + offset
    model.input("x", data.astype(np.float32))
    model.node("DynamicQuantizeLinear", "x", outputs=3)
    expected = assert_agrees(model.model(), model.data)
    assert expected[0].dtype == np.uint8


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("operator", ["DynamicQuantizeMatMul", "MatMulIntegerToFloat"])
def test_dynamic_product(operator: str, bias: bool) -> None:
    model = NodeModel()
    random = np.random.default_rng(1)
    b, scale = stored(2, np.int8, 4, 5), random.random(5).astype(np.float32)
    offset = model.constant(random.normal(size=5).astype(np.float32)) if bias else ""
    zeros = model.constant(np.zeros(5, np.int8))
    if operator == "DynamicQuantizeMatMul":
        a = model.input("a", random.normal(size=(2, 3, 4)).astype(np.float32))
        operands = [a, model.constant(b), model.constant(scale), zeros, offset]
    else:
        a = model.input("a", stored(1, np.uint8, 2, 3, 4))
        scales = [model.constant(np.array([0.25], np.float32)), model.constant(scale)]
        zero = model.constant(np.array([9], np.uint8))
        operands = [a, model.constant(b), *scales, zero, zeros, offset]
    model.contrib(operator, *operands)
    assert_agrees(model.model(), model.data)


def test_nine_bits_are_a_few_bytes() -> None:
    wide = np.arange(-255, 256)
    parts = as_bytes(wide)
    assert [part.dtype for part in parts] == [np.int8] * 3
    assert np.array_equal(sum(part.astype(np.int64) for part in parts), wide)
    assert len(as_bytes(np.array([-128, 127]))) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_operands_that_are_no_bytes(dtype: Any) -> None:
    model = NodeModel()
    a, b = model.input("a", stored(1, np.uint8, 3, 4)), model.constant(np.ones((4, 5), dtype))
    scale = model.constant(np.float32(0.5))
    y = model.contrib("MatMulIntegerToFloat", a, b, scale, scale)
    with pytest.raises(CompileError, match=r"TW-0202.*constant_0' is \w+ \[4, 5\]"):
        import_model(model.declared(y, np.zeros((3, 5), np.float32)))


def test_zero_points_that_do_not_fit() -> None:
    model = NodeModel()
    a, b = model.input("a", stored(1, np.uint8, 3, 4)), model.constant(stored(2, np.int8, 4, 5))
    zeros = [model.constant(np.ones(count, t)) for count, t in ((1, np.uint8), (3, np.int8))]
    y = model.node("MatMulInteger", a, b, *zeros)
    with pytest.raises(CompileError, match=r"zero points \[3\] for weights \[4, 5\]"):
        import_model(model.declared(y, np.zeros((3, 5), np.int32)))
