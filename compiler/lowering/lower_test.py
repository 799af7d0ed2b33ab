"""Lowering whole models: quantised groups, interface, states, and all problems at once."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, DataType, Graph, State
from compiler.lowering.lower import lower
from compiler.operators.matmul import MatMulFloat, MatMulInt8
from compiler.operators.model_harness import run_onnxruntime
from compiler.operators.weight_only_matmul import MatMulWeightOnly
from compiler.passes import run_passes

RANDOM = np.random.default_rng(7)
CONSTANTS = {
    "x_scale": np.float32(0.05),
    "x_zero": np.int8(3),
    "y_scale": np.float32(0.1),
    "y_zero": np.uint8(100),
    "w": RANDOM.integers(-127, 128, (16, 8)).astype(np.int8),
    "w_scale": RANDOM.uniform(0.001, 0.01, 8).astype(np.float32),
    "w_zero": np.zeros(8, np.int8),
}


def quantise(source: str, target: str, name: str) -> NodeProto:
    return helper.make_node(
        "QuantizeLinear", [source, f"{name}_scale", f"{name}_zero"], [target], f"{target}_node"
    )


def dequantise(source: str, target: str, name: str) -> NodeProto:
    inputs = [source, f"{name}_scale", f"{name}_zero"]
    return helper.make_node("DequantizeLinear", inputs, [target], f"{target}_node", axis=1)


def quantised_product(*extra: NodeProto, outputs: tuple[str, ...] = ("y",)) -> ModelProto:
    nodes = [
        quantise("x", "x_stored", "x"),
        dequantise("x_stored", "x_real", "x"),
        dequantise("w", "w_real", "w"),
        helper.make_node("MatMul", ["x_real", "w_real"], ["product"], "product_node"),
        quantise("product", "y_stored", "y"),
        dequantise("y_stored", "y", "y"),
        *extra,
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5, 16])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["?0", "?1"]) for name in outputs],
        [numpy_helper.from_array(np.asarray(data), name) for name, data in CONSTANTS.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def lowered(model: ModelProto, **options: object) -> Graph:
    graph = lower(import_model(model), "run", **options)  # type: ignore[arg-type]
    run_passes(graph)
    return graph


def reference(model: ModelProto, x: Array) -> list[Array]:
    return run_onnxruntime(model, {"x": x})


def test_an_output_that_is_a_dequantised_constant() -> None:
    """Nothing else reads it, so no operation ever needed its integers."""
    model = quantised_product(dequantise("w", "z", "w"), outputs=("y", "z"))
    graph = lowered(model)
    x = np.zeros((5, 16), np.float32)
    assert np.array_equal(interpret(graph, {"x": x})["z"], reference(model, x)[1])


def test_quantised_group_becomes_one_integer_operation() -> None:
    model = quantised_product()
    graph = lowered(model)
    assert [type(node.operation).__name__ for node in graph.nodes] == [
        "Quantize",
        "MatMulInt8",
        "Dequantize",
    ]
    x = RANDOM.normal(0.0, 3.0, (5, 16)).astype(np.float32)
    (expected,) = reference(model, x)
    assert np.abs(interpret(graph, {"x": x})["y"] - expected).max() <= 0.1 * 1.001


def test_integer_interface_drops_the_outer_conversions() -> None:
    graph = lowered(quantised_product(), integer_io=("x", "y"))
    assert [type(node.operation) for node in graph.nodes] == [MatMulInt8]
    assert (graph.inputs, graph.outputs) == (["x"], ["y"])
    assert graph.values["x"].type.data_type is DataType.INT8
    quantization = graph.values["y"].quantization
    assert quantization is not None
    assert quantization.zero_point == 100 - 128


@pytest.mark.parametrize("data_type", [TensorProto.INT8, TensorProto.UINT8])
def test_without_a_zero_point_it_is_zero_of_the_stored_type(data_type: int) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_scale"], ["s"], output_dtype=data_type),
        helper.make_node("DequantizeLinear", ["s", "x_scale"], ["y"]),
    ]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [40]) for name in "xy"]
    scale = numpy_helper.from_array(np.asarray(CONSTANTS["x_scale"]), "x_scale")
    graph = helper.make_graph(nodes, "graph", tensors[:1], tensors[1:], [scale])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    x = np.linspace(-15, 15, 40, dtype=np.float32)
    assert np.array_equal(interpret(lowered(model), {"x": x})["y"], reference(model, x)[0])


def test_a_float_reader_keeps_the_product_in_float() -> None:
    extra = helper.make_node("MatMul", ["product", "square"], ["z"], "reader")
    model = quantised_product(extra, outputs=("y", "z"))
    model.graph.initializer.append(numpy_helper.from_array(np.eye(8, dtype=np.float32), "square"))
    graph = lowered(model)
    kinds = [type(node.operation) for node in graph.nodes]
    assert [kind for kind in kinds if kind in (MatMulFloat, MatMulWeightOnly, MatMulInt8)] == [
        MatMulWeightOnly,
        MatMulFloat,
    ]
    x = RANDOM.normal(0.0, 3.0, (5, 16)).astype(np.float32)
    results = interpret(graph, {"x": x})
    for name, expected in zip(("y", "z"), reference(model, x), strict=True):
        assert np.allclose(results[name], expected, rtol=1e-5, atol=0.1001 if name == "y" else 1e-4)


def test_an_output_that_is_an_input_is_copied() -> None:
    model = quantised_product(
        helper.make_node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["again"], "second"),
        dequantise("again", "z", "x"),
        outputs=("y", "z"),
    )
    graph = lowered(model, integer_io=("x", "z"))
    assert graph.outputs[1] not in graph.inputs
    x = RANDOM.integers(-128, 128, (5, 16)).astype(np.int8)
    assert np.array_equal(interpret(graph, {"x": x})[graph.outputs[1]], x)


def test_outputs_that_are_constants() -> None:
    """Each is copied from a constant, which leaves its name to the interface."""
    nodes = [
        helper.make_node("Constant", [], ["a"], value_float=3.0),
        helper.make_node("Relu", ["x"], ["y"]),
        helper.make_node("Identity", ["a"], ["b"]),
    ]
    types = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, []) for name in "xyab"}
    graph = helper.make_graph(nodes, "graph", [types["x"]], [types[name] for name in "ayb"])
    opset = helper.make_opsetid("", 21)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    constants = lowered(model)
    assert constants.outputs == ["a", "y", "b"]
    results = interpret(constants, {"x": np.array(-2.0, np.float32)})
    assert {name: float(value) for name, value in results.items()} == {"a": 3.0, "y": 0.0, "b": 3.0}


def test_all_unsupported_operators_are_reported_at_once() -> None:
    model = quantised_product(
        helper.make_node("RandomNormalLike", ["y"], ["a"], "first"),
        helper.make_node("RandomNormalLike", ["a"], ["b"], "second"),
        helper.make_node("Bernoulli", ["b"], ["z"], "third"),
        outputs=("z",),
    )
    with pytest.raises(CompileError) as caught:
        lowered(model)
    assert [problem.code for problem in caught.value.problems] == [Code.UNSUPPORTED_OPERATOR] * 2
    assert "'first', 'second'" in str(caught.value)
    assert "'third'" in str(caught.value)


def test_all_unsupported_forms_are_reported_at_once() -> None:
    model = quantised_product(
        helper.make_node("Einsum", ["left", "y"], ["a"], "first", equation="ik,kl->ii"),
        helper.make_node("Einsum", ["left", "y"], ["z"], "second", equation="ik,kl->ii"),
        outputs=("a", "z"),
    )
    model.graph.initializer.append(numpy_helper.from_array(np.ones((5, 5), np.float32), "left"))
    with pytest.raises(CompileError) as caught:
        lowered(model)
    problems = caught.value.problems
    assert {"'first'", "'second'"} <= {part for p in problems for part in p.where.split()}


def test_a_state_must_exist_and_match() -> None:
    with pytest.raises(CompileError) as caught:
        lowered(quantised_product(), states=(State("cache", "y"), State("x", "next")))
    assert [problem.code for problem in caught.value.problems] == [Code.BAD_STATE] * 2
    with pytest.raises(CompileError) as caught:
        lowered(quantised_product(), states=(State("x", "y"),))
    assert [problem.code for problem in caught.value.problems] == [Code.BAD_STATE]
    assert "scale 0.05, zero point 3" in str(caught.value)


def test_nodes_that_one_node_becomes_have_names_of_their_own() -> None:
    """Schedules know nodes by name."""
    node = helper.make_node("Split", ["x"], ["a", "b", "c"], "split", num_outputs=3, axis=1)
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, extent])
        for name, extent in (("x", 6), ("a", 2), ("b", 2), ("c", 2))
    ]
    model = helper.make_graph([node], "graph", values[:1], values[1:])
    opset = helper.make_opsetid("", 21)
    graph = lower(import_model(helper.make_model(model, opset_imports=[opset])), "run")
    assert [node.name for node in graph.nodes] == ["split", "split.1", "split.2"]
    assert [node.origin for node in graph.nodes] == [("split",)] * 3


def test_an_output_has_its_name_though_its_int8_form_came_first() -> None:
    """A Transpose at the end moves int8, and only then are its elements made real."""
    product = quantised_product(
        helper.make_node("Transpose", ["y"], ["z"], "transpose", perm=[1, 0]), outputs=("z",)
    )
    graph = lowered(product)
    assert graph.outputs == ["z"]
    assert graph.values["z"].type.data_type is DataType.FLOAT32
