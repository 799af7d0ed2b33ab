"""Huge tensors are refused before anything of their size is allocated."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model
from compiler.ir import Array


def problems(
    nodes: list[NodeProto],
    shape: list[int | str],
    constants: dict[str, Array] | None = None,
    **dimensions: int,
) -> tuple[Problem, ...]:
    open_shape = [f"d{axis}" for axis, _ in enumerate(shape)]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, open_shape)],
        [numpy_helper.from_array(data, name) for name, data in (constants or {}).items()],
    )
    opset = helper.make_opsetid("", 21)
    with pytest.raises(CompileError) as caught:
        import_model(helper.make_model(graph, opset_imports=[opset], ir_version=10), dimensions)
    return caught.value.problems


def relu() -> list[NodeProto]:
    return [helper.make_node("Relu", ["x"], ["y"], "relu")]


def test_inputs_and_results() -> None:
    found = problems(relu(), [2**20, 2**20])
    assert [problem.code for problem in found] == [Code.TENSOR_TOO_LARGE] * 2
    assert "1,099,511,627,776 elements" in found[0].found


@pytest.mark.parametrize("extent", [2**31, 2**40, 10**30])
def test_pinned_dimensions(extent: int) -> None:
    (problem, *_) = problems(relu(), ["n"], n=extent)
    assert problem.code is Code.TENSOR_TOO_LARGE


def test_constants_that_would_have_to_be_computed() -> None:
    """The shape is known only after folding, so the inference of the whole model misses it."""
    nodes = [
        helper.make_node("Mul", ["extent", "extent"], ["square"], "square"),
        helper.make_node("ConstantOfShape", ["square"], ["huge"], "fill"),
        helper.make_node("Add", ["x", "huge"], ["y"], "sum"),
    ]
    (problem,) = problems(nodes, [1], {"extent": np.array([2**20], np.int64)})
    assert problem.code is Code.TENSOR_TOO_LARGE
    assert problem.where == "tensor 'huge'"


def test_windows_that_are_larger_than_the_input() -> None:
    """ONNX's shape inference subtracts, and looks no further."""
    window = [2, 2]
    nodes = [
        helper.make_node("LpPool", ["x"], ["y"], "pool", kernel_shape=window, dilations=window)
    ]
    (problem,) = problems(nodes, [1, 1, 1, 1])
    assert problem.code is Code.INVALID_MODEL
    assert problem.found.startswith("its shape is [1, 1, -1, -1]")


def test_shapes_whose_elements_overflow() -> None:
    assert problems(relu(), [2**33, 2**33])[0].code is Code.TENSOR_TOO_LARGE


def test_random_numbers_are_no_constants() -> None:
    nodes = [
        helper.make_node("RandomNormal", [], ["r"], "noise", shape=[4], dtype=1),
        helper.make_node("Add", ["x", "r"], ["y"], "sum"),
    ]
    (problem,) = problems(nodes, [4])
    assert problem.code is Code.UNSUPPORTED_OPERATOR


def test_a_constant_that_cannot_be_computed() -> None:
    nodes = [
        helper.make_node("Gather", ["table", "index"], ["element"], "look_up"),
        helper.make_node("Add", ["x", "element"], ["y"], "sum"),
    ]
    constants = {"table": np.ones(4, np.float32), "index": np.array(7)}
    (problem,) = problems(nodes, [1], constants)
    assert problem.code is Code.INVALID_MODEL
    assert problem.where == "node 'look_up' (Gather)"
