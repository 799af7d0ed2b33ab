"""Weights of 4 and 2 bits: imported, computed as onnxruntime does, and refused elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array, DataType
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulFloat, MatMulInt8
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored, assert_quantised_group
from compiler.operators.weight_only_matmul import MatMulWeightOnly

TYPES = {"int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3)}


def numbers(type_: str, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Random numbers of a type, its ends among them."""
    low, high = TYPES[type_]
    data = random.integers(low, high + 1, shape)
    data.reshape(-1)[:2] = low, high
    return data.astype(helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(type_.upper())))


def product(
    random: np.random.Generator,
    type_: str,
    *,
    axis: int | None,
    zero_point: bool,
    block: int = 0,
) -> ModelUnderTest:
    """x @ w with quantised activations; w [12, 6] has one scale, one per index of `axis`, or one
    for every `block` indices of axis 0."""
    model = ModelUnderTest(opset=25)
    w = numbers(type_, (12, 6), random)
    shape = (12 // block, 6) if block else () if axis is None else (w.shape[axis],)
    operands = [
        model.constant("w", w),
        model.constant("w_scale", random.uniform(0.01, 0.1, shape).astype(np.float32)),
    ]
    if zero_point:
        low, high = TYPES[type_]
        zeros = random.integers(low, high + 1, shape)
        operands.append(model.constant("w_zero", np.asarray(zeros).astype(w.dtype)))
    attributes = {"axis": 0, "block_size": block} if block else {"axis": axis or 0}
    x = model.input("x", random.normal(size=(3, 12)).astype(np.float32))
    x = model.quantised(x, Stored(0.02, 3))
    model.node("DequantizeLinear", operands, "w_real", **attributes)
    model.node("MatMul", [x, "w_real"], "y")
    return model


@pytest.mark.parametrize("zero_point", [False, True])
@pytest.mark.parametrize("axis", [None, 1])
@pytest.mark.parametrize("type_", TYPES)
def test_products_are_integer_and_right(type_: str, axis: int | None, zero_point: bool) -> None:
    model = product(np.random.default_rng(1), type_, axis=axis, zero_point=zero_point)
    assert_quantised_group(model, "y", Stored(0.02, -5))
    operations = [type(node.operation) for node in model.graph().nodes]
    assert MatMulInt8 in operations and MatMulFloat not in operations


@pytest.mark.parametrize("type_", TYPES)
def test_weights_with_scales_of_blocks_stay_narrow(type_: str) -> None:
    model = product(np.random.default_rng(2), type_, axis=0, zero_point=True, block=4)
    assert_quantised_group(model, "y", Stored(0.02, -5))
    operations = (node.operation for node in model.graph().nodes)
    (found,) = (each for each in operations if isinstance(each, MatMulWeightOnly))
    assert f"int{found.bits}" in type_


@pytest.mark.parametrize("type_", TYPES)
def test_convolutions_per_channel(type_: str) -> None:
    random = np.random.default_rng(3)
    model = ModelUnderTest(opset=25)
    scale = random.uniform(0.01, 0.1, 5).astype(np.float32)
    model.constant("w", numbers(type_, (5, 4, 3, 3), random))
    model.constant("w_scale", scale)
    model.constant("b", random.integers(-99, 99, 5, np.int32))
    model.constant("b_scale", scale * np.float32(0.02))
    x = model.input("x", random.normal(size=(1, 4, 6, 7)).astype(np.float32))
    x = model.quantised(x, Stored(0.02, 131, DataType.UINT8))
    model.node("DequantizeLinear", ["w", "w_scale"], "w_real", axis=0)
    model.node("DequantizeLinear", ["b", "b_scale"], "b_real", axis=0)
    model.node("Conv", [x, "w_real", "b_real"], "y", pads=[1, 1, 1, 1])
    assert_quantised_group(model, "y", Stored(0.03, 4))
    assert ConvInt8 in [type(node.operation) for node in model.graph().nodes]


def test_weights_that_are_quantised_in_the_model() -> None:
    """A QuantizeLinear of a constant, transposed, as some exporters leave it."""
    random = np.random.default_rng(4)
    model = ModelUnderTest(opset=21)
    zero = helper.tensor_dtype_to_np_dtype(TensorProto.INT4)
    model.constant("w", random.normal(size=(6, 12)).astype(np.float32))
    model.constant("w_scale", np.array(0.3, np.float32))
    model.constant("w_zero", np.array(0).astype(zero))
    model.node("QuantizeLinear", ["w", "w_scale", "w_zero"], "w_stored")
    model.node("Transpose", ["w_stored"], "w_turned", perm=[1, 0])
    model.node("DequantizeLinear", ["w_turned", "w_scale", "w_zero"], "w_real")
    x = model.quantised(
        model.input("x", random.normal(size=(3, 12)).astype(np.float32)), Stored(0.02)
    )
    model.node("MatMul", [x, "w_real"], "y")
    assert_quantised_group(model, "y", Stored(0.05))
    graph = model.graph()
    (node,) = [node for node in graph.nodes if isinstance(node.operation, MatMulInt8)]
    weights = graph.values[node.inputs[1] or ""].constant
    assert weights is not None and weights.dtype == np.int8
    assert int(weights.min()) >= -8 and int(weights.max()) <= 7


@pytest.mark.parametrize("type_", ["int4", "uint2"])
def test_activations_are_refused_with_what_there_is(type_: str) -> None:
    model = ModelUnderTest(opset=25)
    zero = helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(type_.upper()))
    x = model.input("x", np.zeros((2, 3), np.float32))
    model.constant("scale", np.array(0.1, np.float32))
    model.constant("zero", np.array(0).astype(zero))
    model.node("QuantizeLinear", [x, "scale", "zero"], "stored")
    model.output(model.node("DequantizeLinear", ["stored", "scale", "zero"], "y"))
    with pytest.raises(CompileError) as caught:
        import_model(model.model())
    (problem,) = caught.value.problems
    assert problem.code is Code.UNSUPPORTED_DATA_TYPE
    assert f"tensor 'stored': its elements are {type_}" in str(problem)
    assert "quantise activations to 8 bits" in str(problem)
