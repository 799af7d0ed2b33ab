"""Attributes without a meaning are refused before ONNX's shape inference sees them."""

from __future__ import annotations

from typing import Any

import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model


def model(*nodes: NodeProto) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "b", "c"])],
        [helper.make_tensor("scale", TensorProto.FLOAT, [4], [1.0] * 4)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)


def problems(*nodes: NodeProto) -> tuple[Problem, ...]:
    with pytest.raises(CompileError) as caught:
        import_model(model(*nodes))
    assert all(problem.code is Code.INVALID_MODEL for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("axis", [2**31, 2**63 - 1, -(2**63), 64, -65])
def test_axes_that_no_tensor_has(axis: int) -> None:
    """With three outputs and an axis of 2^31, ONNX's shape inference ends the process."""
    outputs = ["y", "mean", "deviation"]
    node = helper.make_node("LayerNormalization", ["x", "scale"], outputs, "norm", axis=axis)
    (problem,) = problems(node)
    assert problem.where == "node 'norm' (LayerNormalization)"
    assert problem.found == f"its attribute 'axis' is {axis}"


@pytest.mark.parametrize("count", [-(2**31), -100, -1, 64, 2**40])
def test_counts_of_axes_that_no_tensor_has(count: int) -> None:
    """With indices as an input, ONNX's shape inference of negative ones ends the process."""
    (problem,) = problems(
        helper.make_node("GatherND", ["scale", "x"], ["y"], "gather", batch_dims=count)
    )
    assert problem.where == "node 'gather' (GatherND)"
    assert problem.found == f"its attribute 'batch_dims' is {count}"
    assert problem.supported == "0 to 63"


def test_all_wrong_attributes_are_reported() -> None:
    found = problems(
        helper.make_node("ReduceL2", ["x"], ["a"], "norm", keepdims=2),
        helper.make_node("ArgMax", ["a"], ["b"], "arg", select_last_index=-1),
        helper.make_node("Gemm", ["x", "x", "b"], ["y"], "product", transB=2**40),
    )
    assert [problem.found for problem in found] == [
        "its attribute 'keepdims' is 2",
        "its attribute 'select_last_index' is -1",
        "its attribute 'transB' is 1099511627776",
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 2**40])
def test_a_split_into_another_number_of_outputs(count: int) -> None:
    split = helper.make_node("Split", ["x"], ["a", "y"], "split", num_outputs=count)
    (problem,) = problems(split)
    assert problem.found == f"its attribute 'num_outputs' is [{count}], and it has 2 outputs"


def test_two_kinds_of_padding() -> None:
    """ONNX's shape inference takes one, onnxruntime the other."""
    pool: dict[str, Any] = {"kernel_shape": [2], "pads": [1, 0], "auto_pad": "SAME_LOWER"}
    (problem,) = problems(helper.make_node("MaxPool", ["x"], ["y"], "pool", **pool))
    assert problem.supported == "pads or auto_pad, but not both"


def test_attributes_inside_of_subgraphs() -> None:
    node = helper.make_node("ReduceMax", ["x"], ["z"], "inner", keepdims=7)
    branch = helper.make_graph(
        [node], "branch", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    )
    nodes = [
        helper.make_node(
            "Constant", [], ["yes"], value=helper.make_tensor("", TensorProto.BOOL, [], [True])
        ),
        helper.make_node("If", ["yes"], ["y"], "if", then_branch=branch, else_branch=branch),
    ]
    assert {problem.where for problem in problems(*nodes)} == {"node 'inner' (ReduceMax)"}


def test_other_domains_have_their_own_attributes() -> None:
    custom = helper.make_node("Custom", ["x"], ["y"], "custom", domain="com.example", axis=2**31)
    proto = model(custom)
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(CompileError) as caught:
        import_model(proto)
    assert [problem.code for problem in caught.value.problems] == [Code.UNSUPPORTED_OPERATOR]
