"""Names, order, cycles and damaged data are found, all of a kind at once."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model


def model(
    nodes: list[NodeProto], initializers: list[TensorProto] | None = None, output: str = "y"
) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [4])],
        initializers or [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def relu(source: str, target: str) -> NodeProto:
    return helper.make_node("Relu", [source], [target], f"{source}_to_{target}")


def problems(proto: ModelProto, **dimensions: int) -> tuple[Problem, ...]:
    with pytest.raises(CompileError) as caught:
        import_model(proto, dimensions)
    return caught.value.problems


def test_unsorted_nodes_are_sorted() -> None:
    nodes = [relu("b", "y"), relu("x", "a"), relu("a", "b")]
    imported = import_model(model(nodes))
    assert [node.name for node in imported.nodes] == ["x_to_a", "a_to_b", "b_to_y"]


def test_a_cycle_is_named_in_the_direction_of_the_data() -> None:
    nodes = [
        helper.make_node("Add", ["x", "c"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "second"),
        helper.make_node("Relu", ["b"], ["c"], "third"),
        relu("c", "y"),
    ]
    (problem,) = problems(model(nodes))
    assert problem.code is Code.CYCLE
    assert "'first' -> 'second' -> 'third' -> 'first'" in problem.found


def test_a_node_that_reads_itself() -> None:
    (problem,) = problems(model([helper.make_node("Add", ["x", "y"], ["y"], "loop")]))
    assert problem.code is Code.CYCLE
    assert problem.found.endswith("'loop' -> 'loop'")


def test_all_undefined_tensors_are_named() -> None:
    nodes = [relu("nowhere", "a"), helper.make_node("Add", ["absent", "missing"], ["b"], "sum")]
    found = problems(model(nodes))
    assert [problem.code for problem in found] == [Code.UNDEFINED_TENSOR] * 4
    text = "\n".join(map(str, found))
    assert all(f"{name!r}" in text for name in ("nowhere", "absent", "missing", "y"))


def test_all_tensors_of_one_name_are_named() -> None:
    one = numpy_helper.from_array(np.ones(4, np.float32), "one")
    found = problems(model([relu("x", "x"), relu("one", "y"), relu("x", "y")], [one, one]))
    assert [problem.code for problem in found] == [Code.DUPLICATE_TENSOR] * 3
    assert [problem.where for problem in found] == ["tensor 'x'", "tensor 'one'", "tensor 'y'"]


def test_an_initialiser_can_be_an_inputs_default() -> None:
    default = numpy_helper.from_array(np.ones(4, np.float32), "x")
    assert import_model(model([relu("x", "y")], [default])).inputs == []


@pytest.mark.parametrize("dims", [[5], [2**40], [-4], [2, 2, 2]])
def test_data_that_does_not_fit_its_shape(dims: list[int]) -> None:
    tensor = numpy_helper.from_array(np.ones(4, np.float32), "w")
    del tensor.dims[:]
    tensor.dims.extend(dims)
    value = numpy_helper.from_array(np.ones(4, np.float32), "value")
    value.raw_data = value.raw_data[:-1]
    nodes = [
        helper.make_node("Add", ["x", "w"], ["a"], "sum"),
        helper.make_node("Constant", [], ["c"], "constant", value=value),
        helper.make_node("Add", ["a", "c"], ["y"], "total"),
    ]
    found = problems(model(nodes, [tensor]))
    assert [problem.code for problem in found] == [Code.INVALID_MODEL] * 2
    assert [problem.where for problem in found] == [
        "initialiser 'w'",
        "node 'constant' (Constant), attribute 'value'",
    ]


def test_sparse_initialisers_are_refused() -> None:
    proto = model([helper.make_node("Add", ["x", "w"], ["y"], "sum")])
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "w_indices")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))
    (problem,) = problems(proto)
    assert problem.code is Code.INVALID_MODEL
    assert "'w'" in problem.where


def test_an_input_that_is_no_tensor() -> None:
    proto = model([relu("x", "y")])
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, [4])
    proto.graph.input.append(sequence)
    (problem,) = problems(proto)
    assert problem.code is Code.UNSUPPORTED_DATA_TYPE
    assert "sequence" in problem.found
