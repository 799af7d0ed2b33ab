"""Forms that no lowering has to think of, and scales that nothing can mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, TensorShapeProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.model_harness import run_onnxruntime


def model(
    nodes: list[NodeProto],
    shape: list[int],
    constants: dict[str, Array] | None = None,
    element: int = TensorProto.FLOAT,
    output_element: int = TensorProto.FLOAT,
) -> ModelProto:
    open_shape = [f"d{axis}" for axis, _ in enumerate(shape)]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", output_element, open_shape)],
        [numpy_helper.from_array(data, name) for name, data in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10)


def problems(proto: ModelProto) -> tuple[Problem, ...]:
    with pytest.raises(CompileError) as caught:
        lower(import_model(proto), "run")
    return caught.value.problems


def test_integers_where_real_numbers_are_computed() -> None:
    weights = {"w": np.ones((4, 4), np.int32)}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], "product"),
        helper.make_node("Relu", ["a"], ["y"], "activation"),
    ]
    found = problems(
        model(nodes, [4, 4], weights, element=TensorProto.INT32, output_element=TensorProto.INT32)
    )
    assert [problem.code for problem in found] == [Code.UNSUPPORTED_FORM] * 2
    assert "operand 'x' is int32[4, 4]" in found[0].found


@pytest.mark.parametrize(
    ("operator", "attributes", "found"),
    [
        ("LeakyRelu", {"alpha": float("nan")}, "attribute 'alpha' is NaN"),
        ("Gelu", {"approximate": b"\xff"}, "attribute 'approximate' is b"),
        ("MaxPool", {"kernel_shape": [1], "strides": [2**63 - 1]}, "attribute 'strides' is ["),
    ],
)
def test_attributes_that_mean_nothing(
    operator: str, attributes: dict[str, Any], found: str
) -> None:
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    (problem,) = problems(model([node], [1, 1, 4]))
    assert found in problem.found


@pytest.mark.parametrize("shape", [[], [4]])
def test_inputs_without_channels(shape: list[int]) -> None:
    node = helper.make_node("InstanceNormalization", ["x", "w", "w"], ["y"], "norm")
    (problem,) = problems(model([node], shape, {"w": np.ones(4, np.float32)}))
    assert problem.supported == "[batch, channels, ...]"


def test_the_mean_of_a_constant_without_elements() -> None:
    nodes = [
        helper.make_node("ReduceMean", ["none"], ["mean"], "mean", keepdims=0),
        helper.make_node("Add", ["x", "mean"], ["y"], "sum"),
    ]
    (problem,) = problems(model(nodes, [4], {"none": np.ones((0, 3), np.float32)}))
    assert problem.supported == "inputs that have elements"


def test_operands_without_a_name() -> None:
    proto = model([helper.make_node("Min", ["x", ""], ["y"])], [4])
    proto.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 4
    (problem,) = problems(proto)
    assert problem.found == "its input 1 is absent"


def test_an_axis_that_the_input_lacks() -> None:
    """ONNX's shape inference does not look at it."""
    node = helper.make_node("LayerNormalization", ["x", "scale"], ["y"], axis=1)
    (problem,) = problems(model([node], [4], {"scale": np.ones(4, np.float32)}))
    assert problem.found == "its axis is 1, and 'x' has rank 1"


def test_scalars_have_no_axis() -> None:
    """ONNX's shape inference gives the result the shape of the indices."""
    node = helper.make_node("GatherElements", ["x", "i"], ["y"], "gather")
    proto = model([node], [], {"i": np.zeros((2, 3), np.int64)})
    proto.graph.output[0].type.tensor_type.shape.dim.extend(
        TensorShapeProto.Dimension(dim_value=extent) for extent in (2, 3)
    )
    (problem,) = problems(proto)
    assert problem.found == "its input 'x' is a scalar"


@pytest.mark.parametrize("scale", [0.0, -0.5, float("nan"), float("inf"), 2e36])
def test_all_scales_that_numbers_cannot_have(scale: float) -> None:
    """2e36 times the 255 steps of int8 is infinite in float32."""
    constants = {"s": np.array(scale, np.float32), "z": np.array(0, np.int8)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], "quantise"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], "dequantise"),
    ]
    found = problems(model(nodes, [4], constants))
    assert [problem.code for problem in found] == [Code.QUANTIZATION_RANGE] * 2
    assert f"its scale is {scale:g}" in found[0].found
    assert "'dequantise'" in found[1].where


@pytest.mark.parametrize("scales", [2, 5])
def test_scales_of_another_number_than_the_axis_has(scales: int) -> None:
    constants = {
        "w": np.ones((4, 4), np.int8),
        "s": np.ones(scales, np.float32),
        "z": np.zeros(scales, np.int8),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["r"], "weights", axis=0),
        helper.make_node("MatMul", ["x", "r"], ["y"], "product"),
    ]
    (problem, *_) = problems(model(nodes, [4, 4], constants))
    assert problem.code is Code.UNSUPPORTED_QUANTIZATION
    assert "axis 0 of its input has 4 elements" in problem.found


@pytest.mark.parametrize("element", [TensorProto.INT8, TensorProto.UINT8])
def test_without_a_zero_point_the_stored_type_is_that_of_the_input(element: int) -> None:
    nodes = [helper.make_node("DequantizeLinear", ["x", "s"], ["y"], "dequantise")]
    proto = model(nodes, [4], {"s": np.array(0.5, np.float32)}, element=element)
    data = np.arange(4).astype(helper.tensor_dtype_to_np_dtype(element))
    found = interpret(lower(import_model(proto), "run"), {"x": data})["y"]
    assert found.tolist() == run_onnxruntime(proto, {"x": data})[0].tolist()


@pytest.mark.parametrize(
    ("operator", "shape", "constant"),
    [
        ("Conv", [1, 3, 8, 8], np.ones((2, 1, 3, 3), np.float32)),
        ("Conv", [1, 3, 0, 8], np.ones((2, 3, 1, 1), np.float32)),
        ("Split", [6], np.array([2, 2], np.int64)),
        ("RMSNormalization", [2, 4, 5], np.ones((3, 5), np.float32)),
        ("PRelu", [2, 4, 5], np.ones((3, 5), np.float32)),
        ("CumSum", [2, 4], np.array([0, 1], np.int64)),
        ("Clip", [2, 4], np.ones(2, np.float32)),
        ("PRelu", [2, 1, 5], np.ones((4, 1), np.float32)),
    ],
)
def test_shapes_that_onnx_does_not_compare(
    operator: str, shape: list[int], constant: Array
) -> None:
    outputs = ["y", "z"] if operator == "Split" else ["y"]
    node = helper.make_node(operator, ["x", "w"], outputs, "node")
    (problem,) = problems(model([node], shape, {"w": constant}))
    assert problem.code in (Code.UNSUPPORTED_FORM, Code.INVALID_MODEL)


@pytest.mark.parametrize(
    ("operator", "shape", "constants"),
    [
        ("GatherElements", [2, 3], {"i": np.zeros((3, 3), np.int64)}),
        ("GatherElements", [0, 3], {"i": np.zeros((0, 4), np.int64)}),
        ("GatherElements", [0, 3], {"i": np.zeros((1, 3), np.int64)}),
        ("Gather", [0, 3], {"i": np.zeros((2, 1), np.int64)}),
        ("ScatterND", [4, 3], {"i": np.zeros((2, 1), np.int64), "u": np.ones((2, 2), np.float32)}),
        ("ScatterND", [4, 3], {"i": np.zeros((2, 3), np.int64), "u": np.ones(2, np.float32)}),
    ],
)
def test_indices_that_no_run_could_follow(
    operator: str, shape: list[int], constants: dict[str, Array]
) -> None:
    axis: dict[str, Any] = {"axis": 1} if operator == "GatherElements" and shape[0] else {}
    (problem,) = problems(
        model([helper.make_node(operator, ["x", *constants], ["y"], **axis)], shape, constants)
    )
    assert problem.code in (Code.UNSUPPORTED_FORM, Code.INVALID_MODEL)


@pytest.mark.parametrize("operator", ["Expand", "Tile"])
def test_what_decides_on_shapes_is_not_read_at_run_time(operator: str) -> None:
    """Even where the model says what comes out of it."""
    node = helper.make_node(operator, ["data", "x"], ["y"], "node")
    proto = model([node], [2], {"data": np.ones((3, 1), np.float32)}, element=TensorProto.INT64)
    for extent in (3, 4):
        proto.graph.output[0].type.tensor_type.shape.dim.add().dim_value = extent
    del proto.graph.output[0].type.tensor_type.shape.dim[0]
    (problem,) = problems(proto)
    assert problem.code is Code.UNSUPPORTED_FORM
    assert "'x' is computed at run time" in problem.found


def test_concatenation_of_rows_without_elements() -> None:
    node = helper.make_node("Concat", ["x", "x"], ["y"], axis=1)
    graph = lower(import_model(model([node], [0, 3])), "run")
    assert interpret(graph, {"x": np.ones((0, 3), np.float32)})["y"].shape == (0, 6)
