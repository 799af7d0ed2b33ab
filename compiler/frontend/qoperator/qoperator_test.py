"""Operators on quantised tensors: at most one step from onnxruntime's own kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import Code, CompileError
from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    interpreted,
    lowered,
    stored,
)
from compiler.frontend.import_model import import_model
from compiler.ir import Array

TYPES = (np.int8, np.uint8)


class QuantisedModel(NodeModel):
    """Adds quantised operands: a tensor, its scale and its zero point."""

    def operand(self, name: str, data: Array, scale: float, zero_point: int) -> tuple[str, ...]:
        return (self.input(name, data), *self.parameters(scale, zero_point, data.dtype))

    def weights(self, data: Array, scale: float | Array, zero_point: int = 0) -> tuple[str, ...]:
        return (self.constant(data), *self.parameters(scale, zero_point, data.dtype))

    def parameters(self, scale: float | Array, zero_point: int, dtype: Any) -> tuple[str, ...]:
        scales = np.asarray(scale, np.float32)
        return self.constant(scales), self.constant(np.full(scales.shape, zero_point, dtype))


def middle(dtype: Any, offset: int = 3) -> int:
    """A zero point near the middle of the range."""
    return offset + (128 if dtype is np.uint8 else 0)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("form", ["plain", "per channel", "depthwise", "one axis"])
def test_convolution(form: str, dtype: Any) -> None:
    model = QuantisedModel()
    spatial = (9,) if form == "one axis" else (7, 9)
    groups = 6 if form == "depthwise" else 1
    taps = (3,) * len(spatial)
    scale = np.linspace(0.002, 0.004, 6) if form == "per channel" else 0.003
    x = model.operand("x", stored(1, dtype, 1, 6, *spatial), 0.02, middle(dtype))
    w = model.weights(stored(2, np.int8, 6, 6 // groups, *taps), scale)
    bias = model.constant(stored(3, np.int8, 6).astype(np.int32) * 99)
    y = model.parameters(0.05, middle(dtype, -9), dtype)
    pads = [1] * 2 * len(spatial)
    model.node("QLinearConv", *x, *w, *y, bias, pads=pads, group=groups)
    assert_agrees(model.model(), model.data, steps=1)
    assert "ConvInt8" in {type(node.operation).__name__ for node in lowered(model.model()).nodes}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("form", ["matrix", "per column", "vector of parameters", "two batches"])
def test_matrix_product(form: str, dtype: Any) -> None:
    model = QuantisedModel()
    a = model.operand("a", stored(1, dtype, 2, 5, 8), 0.02, middle(dtype))
    if form == "two batches":
        b = model.operand("b", stored(2, dtype, 2, 8, 7), 0.01, middle(dtype, 5))
    else:
        scales: dict[str, Any] = {
            "per column": np.linspace(0.01, 0.02, 7),
            "vector of parameters": np.array([0.01]),
        }
        b = model.weights(stored(2, np.int8, 8, 7), scales.get(form, 0.01))
    y = model.parameters(0.3, middle(dtype, -9), dtype)
    model.node("QLinearMatMul", *a, *b, *y)
    assert_agrees(model.model(), model.data, steps=1)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("transposed", [0, 1])
def test_general_matrix_product(transposed: int, real: bool) -> None:
    model = QuantisedModel()
    a = model.operand("a", stored(1, np.uint8, 4, 8), 0.02, 130)
    shape = (7, 8) if transposed else (8, 7)
    b = model.weights(stored(2, np.int8, *shape), np.linspace(0.01, 0.02, 7))
    c = model.constant(stored(3, np.int8, 7).astype(np.int32) * 20)
    y = () if real else model.parameters(0.3, 120, np.uint8)
    model.contrib("QGemm", *a, *b, c, *y, alpha=0.5, transB=transposed)
    assert_agrees(model.model(), model.data, steps=1)


@pytest.mark.parametrize("absent", [0, 1])
def test_general_matrix_product_with_half_of_the_parameters_of_its_result(absent: int) -> None:
    model = QuantisedModel()
    a = model.operand("a", stored(1, np.uint8, 4, 8), 0.02, 130)
    b = model.weights(stored(2, np.int8, 8, 7), 0.01)
    y = list(model.parameters(0.3, 120, np.uint8))
    y[absent] = ""
    model.contrib("QGemm", *a, *b, "", *y)
    with pytest.raises(CompileError, match="one of y_scale and y_zero_point"):
        import_model(model.model())


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("operator", ["QLinearAdd", "QLinearMul"])
@pytest.mark.parametrize("constant", [False, True])
def test_arithmetic(operator: str, dtype: Any, constant: bool) -> None:
    model = QuantisedModel()
    a = model.operand("a", stored(1, dtype, 3, 4, 5), 0.02, middle(dtype))
    if constant:
        b = model.weights(stored(2, dtype, 5), 0.03, middle(dtype, 11))
    else:
        b = model.operand("b", stored(2, dtype, 4, 1), 0.03, middle(dtype, 11))
    model.contrib(operator, *a, *b, *model.parameters(0.06, middle(dtype, -7), dtype))
    assert_agrees(model.model(), model.data, steps=1)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("QLinearSigmoid", {}),
        ("QLinearLeakyRelu", {"alpha": 0.2}),
        ("QLinearSoftmax", {"axis": -1, "opset": 13}),
        ("QLinearSoftmax", {"axis": 1, "opset": 11}),
        ("QLinearAveragePool", {"kernel_shape": [2, 3], "pads": [0, 1, 1, 1], "strides": [2, 1]}),
        ("QLinearAveragePool", {"kernel_shape": [3, 3], "channels_last": 1}),
        ("QLinearGlobalAveragePool", {"channels_last": 0}),
        ("QLinearGlobalAveragePool", {"channels_last": 1}),
    ],
)
def test_function_of_one_tensor(operator: str, attributes: dict[str, Any], dtype: Any) -> None:
    model = QuantisedModel()
    x = model.operand("x", stored(1, dtype, 1, 4, 5, 6), 0.04, middle(dtype))
    step = 1 / 256 if operator in ("QLinearSigmoid", "QLinearSoftmax") else 0.03
    zero_point = np.iinfo(dtype).min if step < 0.01 else middle(dtype, -7)
    y = model.parameters(step, zero_point, dtype)
    model.contrib(operator, *x, *y, **attributes)
    assert_agrees(model.model(), model.data, steps=1)


def test_mean_over_axes() -> None:
    """onnxruntime has no kernel for QLinearReduceMean: what it means is computed here."""
    model = QuantisedModel()
    data = stored(1, np.int8, 2, 3, 4, 5)
    x = model.operand("x", data, 0.04, 3)
    y = model.parameters(0.03, -7, np.int8)
    name = model.contrib("QLinearReduceMean", *x, *y, axes=[2, 3], keepdims=0)
    expected = np.rint((data - 3.0).mean(axis=(2, 3)) * 0.04 / 0.03) - 7
    proto = model.declared(name, expected.astype(np.int8))
    graph = lowered(proto)
    (found,) = interpreted(graph, model.data)
    assert found.shape == expected.shape
    assert np.abs(found - np.clip(expected, -128, 127)).max() <= 1


@pytest.mark.parametrize("dtype", TYPES)
def test_choice(dtype: Any) -> None:
    model = QuantisedModel()
    condition = model.input("condition", np.random.default_rng(3).random((3, 1)) > 0.5)
    x = model.operand("x", stored(1, dtype, 3, 4), 0.02, middle(dtype))
    y = model.operand("y", stored(2, dtype, 3, 4), 0.05, middle(dtype, 11))
    model.contrib("QLinearWhere", condition, *x, *y, *model.parameters(0.04, middle(dtype), dtype))
    assert_agrees(model.model(), model.data, steps=1)


@pytest.mark.parametrize("dtype", TYPES)
def test_concatenation(dtype: Any) -> None:
    model = QuantisedModel()
    y = model.parameters(0.04, middle(dtype), dtype)
    operands = [
        model.operand(f"x{index}", stored(index, dtype, 2, index, 3), 0.01 * index, middle(dtype))
        for index in (1, 2, 4)
    ]
    model.contrib("QLinearConcat", *y, *(name for part in operands for name in part), axis=1)
    assert_agrees(model.model(), model.data, steps=1)


@pytest.mark.parametrize("dtype", TYPES)
def test_operators_on_bytes(dtype: Any) -> None:
    model = NodeModel()
    x = model.input("x", stored(1, dtype, 1, 3, 8, 8))
    y = model.node("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 0, 0], strides=[2, 2])
    low, high = (np.full((), bound, dtype) for bound in (7, 99))
    y = model.node("Clip", y, *map(model.constant, (low, high)))
    model.node("Relu", y) if dtype is np.int8 else model.node("Identity", y)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(
    ("opset", "dtype"), [(17, np.uint8), (17, np.int16), (17, np.uint16), (19, np.int8)]
)
def test_nodes_of_the_domain_of_onnxruntime(opset: int, dtype: Any) -> None:
    model = QuantisedModel(opset)
    x = model.input("x", np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32))
    parameters = model.parameters(0.02, 7, dtype)
    y = model.contrib("QuantizeLinear", x, *parameters)
    y = model.node("Relu", model.contrib("DequantizeLinear", y, *parameters))
    model.contrib("DequantizeLinear", model.contrib("QuantizeLinear", y, *parameters), *parameters)
    assert_agrees(model.model(), model.data)


def test_all_that_is_wrong_is_said_at_once() -> None:
    model = QuantisedModel()
    a = model.operand("a", stored(1, np.int8, 4, 8), 0.02, 0)
    rows = model.parameters(np.full(4, 0.02), 0, np.int8)
    b = model.weights(stored(2, np.int8, 8, 8), 0.01)
    y = model.parameters(0.3, 0, np.int8)
    first = model.node("QLinearMatMul", a[0], *rows, *b, *y)
    second = model.contrib("QLinearSigmoid", first, *rows, *y)
    with pytest.raises(CompileError) as caught:
        import_model(model.declared(second, stored(1, np.int8, 4, 8)))
    codes = [(problem.code, problem.where) for problem in caught.value.problems]
    assert codes == [
        (Code.UNSUPPORTED_QUANTIZATION, "node 'node_QLinearMatMul_0' (QLinearMatMul)"),
        (Code.UNSUPPORTED_QUANTIZATION, "node 'node_QLinearSigmoid_1' (QLinearSigmoid)"),
    ]
    assert "4 scales" in str(caught.value)


def test_an_unknown_attribute_is_refused() -> None:
    model = QuantisedModel()
    x = model.operand("x", stored(1, np.int8, 4, 8), 0.02, 0)
    y = model.contrib("QLinearSigmoid", *x, *model.parameters(0.3, 0, np.int8), alpha=3.0)
    with pytest.raises(CompileError, match=r"TW-0202.*node_QLinearSigmoid_0.*'alpha'"):
        import_model(model.declared(y, stored(1, np.int8, 4, 8)))


def test_scales_that_are_no_real_numbers() -> None:
    model = QuantisedModel()
    x = model.operand("x", stored(1, np.int8, 4, 8), 0.02, 0)
    scale = model.constant(np.array(1, np.int8))
    y = model.contrib("QLinearSigmoid", x[0], scale, x[2], scale, x[2])
    with pytest.raises(CompileError, match=r"TW-0101.*is int8"):
        import_model(model.declared(y, stored(1, np.int8, 4, 8)))


def test_empty_scales() -> None:
    model = QuantisedModel()
    x = model.input("x", stored(1, np.int8, 4, 8))
    parameters = model.parameters(np.zeros(0), 0, np.int8)
    y = model.contrib("QLinearSigmoid", x, *parameters, *parameters)
    with pytest.raises(CompileError, match="0 scales"):
        import_model(model.declared(y, stored(1, np.int8, 4, 8)))
