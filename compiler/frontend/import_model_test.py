"""Importing: names, static shapes, folding, and what is said about bad models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array


def model(
    nodes: list[NodeProto],
    inputs: dict[str, list[int | str]],
    outputs: dict[str, list[int | str]],
    initializers: dict[str, Array] | None = None,
    *,
    opset: int = 21,
    element_type: int = TensorProto.FLOAT,
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, element_type, dims) for name, dims in inputs.items()],
        [helper.make_tensor_value_info(name, element_type, dims) for name, dims in outputs.items()],
        [numpy_helper.from_array(data, name) for name, data in (initializers or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def relu() -> list[NodeProto]:
    return [helper.make_node("Relu", ["x"], ["y"], "first")]


def codes(error: CompileError) -> list[Code]:
    return [problem.code for problem in error.problems]


def test_dimensions_are_pinned() -> None:
    imported = import_model(model(relu(), {"x": ["n", 3]}, {"y": ["n", 3]}), {"n": 7})
    assert imported.tensors["y"].type.shape == (7, 3)


def test_every_open_dimension_is_named() -> None:
    with pytest.raises(CompileError) as caught:
        import_model(model(relu(), {"x": ["n", "m"]}, {"y": ["n", "m"]}))
    assert codes(caught.value) == [Code.DYNAMIC_SHAPE] * 2
    assert "dimension 1 is 'm'" in str(caught.value)


def test_unknown_dimension_is_refused() -> None:
    with pytest.raises(CompileError) as caught:
        import_model(model(relu(), {"x": ["n"]}, {"y": ["n"]}), {"n": 1, "k": 2})
    assert codes(caught.value) == [Code.BAD_ENTRY_POINT]
    assert "its dimensions: n" in str(caught.value)


@pytest.mark.parametrize("opset", [3, 26])
def test_operator_sets_outside_the_range_are_refused(opset: int) -> None:
    with pytest.raises(CompileError) as caught:
        import_model(model(relu(), {"x": [1]}, {"y": [1]}, opset=opset))
    assert codes(caught.value) == [Code.UNSUPPORTED_OPSET]


def test_element_type_is_refused_with_the_tensor_name() -> None:
    with pytest.raises(CompileError) as caught:
        import_model(model(relu(), {"x": [1]}, {"y": [1]}, element_type=TensorProto.DOUBLE))
    assert codes(caught.value) == [Code.UNSUPPORTED_DATA_TYPE] * 2
    assert "tensor 'x': its elements are double" in str(caught.value)


def test_unnamed_and_equal_names_become_unique() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"], "same"),
        helper.make_node("Relu", ["b"], ["y"], "same"),
    ]
    imported = import_model(model(nodes, {"x": [1]}, {"y": [1]}))
    assert [node.name for node in imported.nodes] == ["Relu(a)", "same", "same#2"]


def test_shape_arithmetic_is_folded() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["rows"]),
        helper.make_node("Mul", ["rows", "two"], ["doubled"]),
        helper.make_node("Reshape", ["x", "doubled"], ["y"], "reshape"),
    ]
    constants = {"zero": np.array([0]), "two": np.array([2])}
    imported = import_model(model(nodes, {"x": [4, 2]}, {"y": [8]}, constants))
    assert [node.name for node in imported.nodes] == ["reshape"]
    folded = imported.tensors["doubled"].constant
    assert folded is not None
    assert folded.tolist() == [8]


def test_shapes_that_depend_on_folded_values_become_known() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
        helper.make_node("Squeeze", ["rows"], ["count"]),
        helper.make_node("Range", ["zero", "count", "one"], ["index"]),
        helper.make_node("Cast", ["index"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["x", "real"], ["y"], "add"),
    ]
    constants = {"zero": np.array(0), "one": np.array(1)}
    imported = import_model(model(nodes, {"x": ["n"]}, {"y": ["n"]}, constants), {"n": 5})
    assert [node.name for node in imported.nodes] == ["add"]
    assert imported.tensors["y"].type.shape == (5,)


def test_scalar_operands_may_be_vectors_of_one_element() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
        helper.make_node("Squeeze", ["rows"], ["count"]),
        helper.make_node("Range", ["zero", "count", "one"], ["index"]),
        helper.make_node("Cast", ["index"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["x", "real"], ["y"], "add"),
    ]
    constants = {"zero": np.array([0]), "one": np.array([1])}
    imported = import_model(model(nodes, {"x": ["n"]}, {"y": ["n"]}, constants), {"n": 3})
    folded = imported.tensors["real"].constant
    assert folded is not None
    assert folded.tolist() == [0, 1, 2]


def test_a_number_of_axes_that_depends_on_the_input() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["axes"], to=TensorProto.INT64),
        helper.make_node("ReduceL2", ["table", "axes"], ["norm"], "norm", keepdims=0),
        helper.make_node("Relu", ["norm"], ["y"], "relu"),
    ]
    constants = {"table": np.ones((2, 3), np.float32)}
    with pytest.raises(CompileError) as caught:
        import_model(model(nodes, {"x": [1]}, {"y": [2]}, constants))
    (problem,) = caught.value.problems
    assert problem.code is Code.DYNAMIC_SHAPE
    assert problem.where == "tensor 'norm'"
    assert problem.found == "its number of axes depends on run-time values"


def test_size_and_constant_of_shape_are_folded() -> None:
    seven = helper.make_tensor("seven", TensorProto.FLOAT, [1], [7.0])
    nodes = [
        helper.make_node("Size", ["x"], ["size"]),
        helper.make_node("Div", ["size", "two"], ["half"]),
        helper.make_node("Unsqueeze", ["half", "zero"], ["half_row"]),
        helper.make_node("Concat", ["two_rows", "half_row"], ["wanted"], axis=0),
        helper.make_node("ConstantOfShape", ["wanted"], ["sevens"], value=seven),
        helper.make_node("Reshape", ["x", "wanted"], ["rows"], "reshape"),
        helper.make_node("Add", ["rows", "sevens"], ["y"], "add"),
    ]
    constants = {"zero": np.array([0]), "two": np.array(2), "two_rows": np.array([2])}
    imported = import_model(model(nodes, {"x": [4, "n"]}, {"y": [2, 6]}, constants), {"n": 3})
    assert [node.name for node in imported.nodes] == ["reshape", "add"]
    folded = imported.tensors["sevens"].constant
    assert folded is not None
    assert np.array_equal(folded, np.full((2, 6), 7, np.float32))


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("ReduceSum", 0.0), ("ReduceProd", 1.0), ("ReduceMax", -np.inf), ("ReduceMin", np.inf)],
)
def test_reductions_of_nothing_are_constants(operator: str, expected: float) -> None:
    nodes = [
        helper.make_node(operator, ["x", "axes"], ["sum"], "reduce"),
        helper.make_node("Relu", ["sum"], ["y"], "relu"),
    ]
    constants = {"axes": np.array([1])}
    imported = import_model(model(nodes, {"x": [3, 0]}, {"y": [3, 1]}, constants))
    assert imported.nodes == []
    folded = imported.tensors["y"].constant
    assert folded is not None
    assert np.array_equal(folded, np.full((3, 1), max(expected, 0.0), np.float32))


@pytest.mark.parametrize(
    ("shape", "attributes", "scale"),
    [
        ([], {}, 0.02),
        ([3], {"axis": 1}, 0.02),
        ([3], {"axis": -2}, 1e30),
        ([2, 2, 1], {"axis": 1, "block_size": 2}, 0.02),
    ],
)
def test_quantised_constants_saturate(
    shape: list[int], attributes: dict[str, int], scale: float
) -> None:
    """Whatever their scales: also where the steps are more than int32 holds."""
    x = np.array([3e38, -3e38, np.inf, -np.inf, np.nan, 0.0], np.float32).reshape(2, 3, 1)
    constants = {
        "w": x,
        "scale": np.full(shape, scale, np.float32),
        "zero": np.full(shape, -3, np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["w", "scale", "zero"], ["q"], "quantise"),
        helper.make_node("Cast", ["q"], ["real"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Add", ["x", "real"], ["y"], "sum"),
    ]
    nodes[0].attribute.extend(helper.make_attribute(*item) for item in attributes.items())
    imported = import_model(model(nodes, {"x": [1]}, {"y": [2, 3, 1]}, constants))
    folded = imported.tensors["real"].constant
    assert folded is not None
    assert folded.reshape(-1).tolist() == [127, -128, 127, -128, -128, -3]


def test_dequantised_weights_stay_quantised() -> None:
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["real"], "weights"),
        helper.make_node("MatMul", ["x", "real"], ["y"], "product"),
    ]
    constants = {
        "w": np.ones((2, 3), np.int8),
        "scale": np.array(0.5, np.float32),
        "zero": np.array(0, np.int8),
    }
    imported = import_model(model(nodes, {"x": [1, 2]}, {"y": [1, 3]}, constants))
    assert [node.operator for node in imported.nodes] == ["DequantizeLinear", "MatMul"]


def test_shapes_that_do_not_fit_are_reported() -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], "product")]
    with pytest.raises(CompileError) as caught:
        import_model(model(nodes, {"x": [1, 2]}, {"y": [1, 4]}, {"w": np.ones((3, 4), np.float32)}))
    assert codes(caught.value) == [Code.INVALID_MODEL]


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x07"])
def test_a_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(CompileError) as caught:
        import_model(path)
    assert codes(caught.value) == [Code.INVALID_MODEL]


def test_types_that_onnx_does_not_define() -> None:
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["ones"], "fill", value=value),
        helper.make_node("LayerNormalization", ["x", "ones"], ["y", "mean"], "n", stash_type=-1),
    ]
    with pytest.raises(CompileError) as caught:
        import_model(model(nodes, {"x": [4]}, {"y": [4]}, {"shape": np.array([4])}))
    assert codes(caught.value) == [Code.UNSUPPORTED_DATA_TYPE]
    assert "of type -1" in str(caught.value)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        import_model(tmp_path / "absent.onnx")
    assert codes(caught.value) == [Code.UNREADABLE_FILE]


def test_unsupported_operators_come_before_the_shapes_that_they_hide() -> None:
    nodes = [
        helper.make_node("NonZero", ["x"], ["where"], "find"),
        helper.make_node("Cast", ["where"], ["y"], "cast", to=TensorProto.FLOAT),
    ]
    with pytest.raises(CompileError) as caught:
        import_model(model(nodes, {"x": [4]}, {"y": [1, "n"]}))
    assert codes(caught.value) == [Code.UNSUPPORTED_OPERATOR]
    assert "'find'" in str(caught.value)
