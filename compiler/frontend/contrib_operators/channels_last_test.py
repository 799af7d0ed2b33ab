"""onnxruntime's operators with channels last are those of ONNX between transposes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.transformers.fusion_nhwc_conv import (  # pyright: ignore[reportMissingTypeStubs]
    FusionNhwcConv,
)
from onnxruntime.transformers.onnx_model import (  # pyright: ignore[reportMissingTypeStubs]
    OnnxModel,
)

from compiler.frontend.expansion_harness import NodeModel, interpreted, lowered, real, typed
from compiler.ir import Array
from compiler.operators.model_harness import run_onnxruntime

GROUP_NORMALIZATION = 21
"""The operator set that has it for each channel."""


def found(model: NodeModel, like: Array) -> Array:
    """What the compiled model makes; onnxruntime has these operators on other devices only."""
    (result,) = interpreted(lowered(model.declared(model.nodes[-1].output[0], like)), model.data)
    return result


def expected(operator: str, operands: list[Array], **attributes: Any) -> Array:
    """What onnxruntime makes of ONNX's operator."""
    names = [f"operand_{index}" for index in range(len(operands))]
    node = helper.make_node(operator, names, ["y"], **attributes)
    inputs = [typed(names[0], operands[0])]
    constants = [
        numpy_helper.from_array(a, n) for a, n in zip(operands[1:], names[1:], strict=True)
    ]
    output = helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph([node], "expected", inputs, [output], constants)
    opset = helper.make_opsetid("", GROUP_NORMALIZATION)
    model: ModelProto = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    (result,) = run_onnxruntime(model, {names[0]: operands[0]})
    return result


def first(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def last(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


@pytest.mark.parametrize("bias", [False, True])
def test_convolution(bias: bool) -> None:
    x, weights = real(1, 1, 6, 5, 4), real(2, 6, 2, 3, 2)
    operands = [first(x), weights, *([real(3, 6)] if bias else [])]
    attributes: dict[str, Any] = {"group": 2, "pads": [1, 0, 1, 1], "strides": [2, 1]}
    wanted = last(expected("Conv", operands, **attributes))
    operands[1] = last(weights)
    model = NodeModel()
    model.contrib("NhwcConv", model.input("x", x), *map(model.constant, operands[1:]), **attributes)
    assert np.allclose(found(model, wanted), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("update_weight", [False, True])
def test_what_onnxruntimes_own_tool_makes_of_a_convolution(update_weight: bool) -> None:
    """With the weights in the tool's layout, or behind a Transpose to it."""
    x, weights = real(1, 1, 4, 6, 5), real(2, 6, 2, 3, 2)
    node = helper.make_node("Conv", ["x", "w"], ["y"], "conv", group=2, pads=[1, 0, 1, 1])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 6, 6, 5])
    constants = [numpy_helper.from_array(weights, "w")]
    graph = helper.make_graph([node], "conv", [typed("x", x)], [output], constants)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    (wanted,) = run_onnxruntime(model, {"x": x})
    tool: Any = FusionNhwcConv(OnnxModel(model), update_weight)
    tool.apply()
    assert "NhwcConv" in [node.op_type for node in model.graph.node]
    (result,) = interpreted(lowered(model), {"x": x})
    assert np.allclose(result, wanted, rtol=0, atol=1e-5)


def test_max_pool() -> None:
    x = real(1, 1, 6, 5, 4)
    attributes: dict[str, Any] = {"kernel_shape": [2, 3], "pads": [1, 0, 0, 1]}
    wanted = last(expected("MaxPool", [first(x)], **attributes))
    model = NodeModel()
    model.contrib("NhwcMaxPool", model.input("x", x), **attributes)
    assert np.array_equal(found(model, wanted), wanted)


@pytest.mark.parametrize("activation", [0, 1])
@pytest.mark.parametrize("channels_last", [0, 1])
def test_group_normalization(channels_last: int, activation: int) -> None:
    x, scale, bias = real(1, 2, 3, 5, 8), real(2, 8), real(3, 8)
    given = x if channels_last else first(x)
    y = expected("GroupNormalization", [first(x), scale, bias], num_groups=4, epsilon=1e-5)
    y = y / (1 + np.exp(-y)) if activation else y
    wanted = last(y) if channels_last else y
    model = NodeModel()
    operands = [model.input("x", given), model.constant(scale), model.constant(bias)]
    attributes = {"groups": 4, "activation": activation, "channels_last": channels_last}
    model.contrib("GroupNorm", *operands, epsilon=1e-5, **attributes)
    assert np.allclose(found(model, wanted), wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("channels_last", [0, 1])
def test_group_normalization_of_a_sum(channels_last: int, flat: bool, biased: bool) -> None:
    x, scale, bias, added = real(1, 2, 3, 5, 8), real(2, 8), real(3, 8), real(5, 8)
    skip = real(4, 2, 8) if flat else real(4, 2, 3, 5, 8)
    total = x + (skip[:, None, None, :] if flat else skip) + (added if biased else 0)
    y = expected("GroupNormalization", [first(total), scale, bias], num_groups=2, epsilon=1e-5)
    wanted = last(y) if channels_last else y
    model = NodeModel()
    operands = [model.input("x", x if channels_last else first(x))]
    operands += [model.constant(scale), model.constant(bias)]
    operands.append(model.input("skip", skip if channels_last or flat else first(skip)))
    operands += [model.constant(added)] if biased else []
    attributes = {"groups": 2, "activation": 0, "channels_last": channels_last}
    model.contrib("SkipGroupNorm", *operands, epsilon=1e-5, **attributes)
    assert np.allclose(found(model, wanted), wanted, rtol=0, atol=2e-5)
