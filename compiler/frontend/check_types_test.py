"""Operands of types that an operator does not take are found, all at once."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model


def model(*nodes: NodeProto) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 3]),
            helper.make_tensor_value_info("short", TensorProto.INT16, [4, 3]),
            helper.make_tensor_value_info("bytes", TensorProto.UINT8, [2]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "b"])],
        [numpy_helper.from_array(np.ones((2, 3), np.float32), "real")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def problems(*nodes: NodeProto) -> tuple[Problem, ...]:
    with pytest.raises(CompileError) as caught:
        import_model(model(*nodes))
    assert all(problem.code is Code.INVALID_MODEL for problem in caught.value.problems)
    return caught.value.problems


def test_types_that_the_operator_does_not_take() -> None:
    found = problems(
        helper.make_node("Gather", ["x", "bytes"], ["a"], "look_up"),
        helper.make_node("Relu", ["a"], ["y"], "activation"),
        helper.make_node("Sigmoid", ["short"], ["unused"], "gate"),
    )
    assert [problem.where for problem in found] == [
        "node 'look_up' (Gather)",
        "node 'gate' (Sigmoid)",
    ]
    assert found[0].found == "its operand 'bytes' is uint8"
    assert found[0].supported == "int32, int64"


def test_types_that_have_to_be_equal() -> None:
    (problem,) = problems(helper.make_node("Add", ["x", "short"], ["y"], "sum"))
    assert problem.found == "its operand 'short' is int16"
    assert problem.supported == "float32, the type of 'x'"


def test_constants_are_checked_before_they_are_computed_with() -> None:
    """ONNX's reference implementation does not end on such indices."""
    node = helper.make_node("GatherElements", ["real", "real"], ["y"], "elements")
    (problem,) = problems(node)
    assert problem.found == "its operand 'real' is float32"


def test_operands_of_several_types() -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["condition"], "cast", to=TensorProto.BOOL),
        helper.make_node("Where", ["condition", "x", "x"], ["y"], "choose"),
    ]
    assert len(import_model(model(*nodes)).nodes) == 2
