"""Models of half precision are computed in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnxruntime.transformers.float16 import (  # pyright: ignore[reportMissingTypeStubs]
    convert_float_to_float16,  # pyright: ignore[reportUnknownVariableType]
)

from compiler.errors import CompileError
from compiler.frontend.expansion_harness import NodeModel, interpreted, lowered
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.operators.model_harness import run_onnxruntime

HALF_STEP = 2.0**-11
"""What rounding to float16 changes, relative to the number."""


def network() -> NodeModel:
    """Convolution, normalisation, activation, product and Softmax, in float32."""
    random = np.random.default_rng(1)

    def weights(*shape: int) -> str:
        data = random.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        return model.constant(data.astype(np.float32))

    model = NodeModel()
    x = model.input("x", random.normal(size=(1, 3, 8, 8)).astype(np.float32))
    x = model.node("Conv", x, weights(8, 3, 3, 3), weights(8), pads=[1] * 4, strides=[2, 2])
    x = model.node("Relu", x)
    x = model.node("Reshape", x, model.constant(np.array([1, 8, 16])))
    x = model.node("LayerNormalization", x, weights(16), weights(16), axis=-1)
    x = model.node("MatMul", model.node("Tanh", x), weights(16, 10))
    model.node("Softmax", x, axis=-1)
    return model


@pytest.mark.parametrize("keep", [False, True])
def test_float16(keep: bool) -> None:
    """As onnxruntime's converter writes it; every operator rounds there, none does here."""
    model = network()
    convert: Any = convert_float_to_float16  # pyright: ignore[reportUnknownVariableType]
    half: ModelProto = convert(model.model(), keep_io_types=keep)
    assert any(t.data_type == TensorProto.FLOAT16 for t in half.graph.initializer)
    data = {name: a if keep else a.astype(np.float16) for name, a in model.data.items()}
    (want,) = run_onnxruntime(half, data)
    (found,) = interpreted(lowered(half), model.data)
    assert found.dtype == np.float32
    # Each operator rounds its operands and its result; sums of n terms lose sqrt(n) steps at most.
    limit = len(half.graph.node) * 2 * HALF_STEP * np.abs(want).max()
    assert np.abs(found - want.astype(np.float32)).max() <= limit


def test_bfloat16() -> None:
    """It is the float32 model with the same rounded constants."""
    model = network()
    for name, data in model.constants.items():
        if data.dtype == np.float32:
            model.constants[name] = bfloat16(data)
    wide = model.model()
    narrow = ModelProto()
    narrow.CopyFrom(wide)
    for value in (*narrow.graph.input, *narrow.graph.output):
        value.type.tensor_type.elem_type = TensorProto.BFLOAT16
    for tensor in narrow.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            data = numpy_helper.to_array(tensor)
            raw = (data.view(np.uint32) >> 16).astype(np.uint16).tobytes()
            dims = list(tensor.dims)
            tensor.CopyFrom(
                helper.make_tensor(tensor.name, TensorProto.BFLOAT16, dims, raw, raw=True)
            )
    (expected,) = interpreted(lowered(wide), model.data)
    (found,) = interpreted(lowered(narrow), model.data)
    assert np.array_equal(found, expected)


def bfloat16(data: Array) -> Array:
    """Rounded towards zero to bfloat16, as float32."""
    return (data.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("element", [TensorProto.FLOAT16, TensorProto.BFLOAT16])
def test_types_and_constants_within_nodes(element: int) -> None:
    value = helper.make_tensor("value", element, [1], [0.5])
    nodes = [
        helper.make_node("Cast", ["x"], ["wide"], "cast", to=element),
        helper.make_node("Constant", [], ["c"], "constant", value=value),
        helper.make_node("Mul", ["wide", "c"], ["y"], "mul"),
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.INT32, [3])],
        [helper.make_tensor_value_info("y", element, [3])],
        value_info=[helper.make_tensor_value_info("wide", element, [3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    (found,) = interpreted(lowered(model), {"x": np.array([1, -4, 3], np.int32)})
    assert found.dtype == np.float32
    assert found.tolist() == [0.5, -2.0, 1.5]


def test_damaged_constants_are_reported() -> None:
    model = network().model()
    model.graph.initializer[0].data_type = TensorProto.FLOAT16
    with pytest.raises(CompileError, match="TW-0101"):
        import_model(model)
