"""Convolutions that do not fit their weights are refused, whatever ONNX's inference makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.import_model import import_model

FLOATS, INTEGERS = ("Conv", "ConvTranspose"), ("ConvInteger",)
LARGE = 2**63 - 1


def model(
    operator: str,
    weights: tuple[int, ...],
    image: tuple[int, ...] = (1, 4, 6, 5),
    result: tuple[int, ...] | None = None,
    **attributes: Any,
) -> ModelProto:
    """A convolution with zero points, if it can have them; `result`: what it says it makes."""
    integer = operator in INTEGERS
    data = [np.ones(weights, np.int8 if integer else np.float32)]
    data += [np.array(3, np.uint8), np.array(2, np.int8)] if integer else []
    tensors = [numpy_helper.from_array(array, f"c{index}") for index, array in enumerate(data)]
    names = [tensor.name for tensor in tensors]
    node = helper.make_node(operator, ["x", *names], ["y"], "node", **attributes)
    given, made = (TensorProto.UINT8, TensorProto.INT32) if integer else (TensorProto.FLOAT,) * 2
    shape: Any = [f"d{axis}" for axis in range(len(image))] if result is None else result
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info("x", given, image)],
        [helper.make_tensor_value_info("y", made, shape)],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def problem(source: ModelProto, code: Code = Code.INVALID_MODEL) -> Problem:
    with pytest.raises(CompileError) as caught:
        import_model(source)
    (found,) = caught.value.problems
    assert (found.code, found.where) == (code, f"node 'node' ({source.graph.node[0].op_type})")
    return found


@pytest.mark.parametrize("operator", FLOATS + INTEGERS)
@pytest.mark.parametrize("weights", [(4, 4, 3), (4, 4, 3, 3, 3)])
def test_weights_with_other_axes_than_the_input(operator: str, weights: tuple[int, ...]) -> None:
    found = problem(model(operator, weights, kernel_shape=[3, 3]))
    assert found.found.endswith(f"its weights have shape {list(weights)}")


@pytest.mark.parametrize("operator", ["Conv", "ConvInteger"])
@pytest.mark.parametrize("weights", [(4,), (4, 4)])
def test_weights_without_spatial_axes(operator: str, weights: tuple[int, ...]) -> None:
    problem(model(operator, weights, kernel_shape=[3, 3]))


@pytest.mark.parametrize("operator", FLOATS + INTEGERS)
def test_a_kernel_shape_that_the_weights_do_not_have(operator: str) -> None:
    found = problem(model(operator, (4, 4, 3, 3), kernel_shape=[2, 2]))
    assert found.found == "its kernel_shape is [2, 2], and its weights have [3, 3] taps"


@pytest.mark.parametrize(
    ("operator", "groups"),
    [
        *(("Conv", groups) for groups in (0, -1, 3, LARGE)),
        *(("ConvInteger", groups) for groups in (0, -1, 3, LARGE)),
    ],
)
def test_groups_that_do_not_divide_the_channels(operator: str, groups: int) -> None:
    found = problem(model(operator, (4, 4, 3, 3), group=groups))
    assert found.found.endswith(f"it has {groups} groups")


def test_transposed_weights_of_other_channels() -> None:
    found = problem(model("ConvTranspose", (3, 4, 3, 3)))
    assert found.supported.startswith("as many input channels as rows of weights")


def test_results_that_are_smaller_than_the_input() -> None:
    """ONNX's inference gives up in the middle of the result's shape."""
    source = model("ConvTranspose", (4, 4, 3, 3), result=(1, 4), output_shape=[0, 3])
    problem(source, Code.UNSUPPORTED_FORM)


@pytest.mark.parametrize("operator", FLOATS + INTEGERS)
def test_padding_that_no_memory_holds(operator: str) -> None:
    far = 2**30
    attributes: dict[str, Any] = {"pads": [far] * 4, "dilations": [far] * 2}
    found = problem(model(operator, (4, 4, 3, 3), **attributes), Code.TENSOR_TOO_LARGE)
    assert found.supported == "at most 2,147,483,647 elements"


def test_sums_of_weights_over_padding_that_is_too_large_to_compute() -> None:
    source = model("ConvInteger", (4, 4, 3, 3), pads=[2**13] * 4, strides=[2**13] * 2)
    assert "in float64" in problem(source, Code.TENSOR_TOO_LARGE).supported


@pytest.mark.parametrize(
    ("image", "weights"), [((1, 4, 0, 5), (4, 4, 3, 3)), ((1, 4, 6, 5), (0, 4, 3, 3))]
)
def test_zero_points_of_nothing(image: tuple[int, ...], weights: tuple[int, ...]) -> None:
    source = model("ConvInteger", weights, image, strides=[2, 2])
    assert (
        problem(source, Code.UNSUPPORTED_FORM).supported
        == "an input and weights that have elements"
    )
