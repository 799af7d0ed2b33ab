"""Models of older operator sets, and with operators that are newer than what they name."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.lower import lower

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 11


def model(opset: int, *nodes: NodeProto, **constants: Array) -> ModelProto:
    graph = helper.make_graph(
        nodes,
        "old",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, X.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["?"] * 3)],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    # Formats before version 4 list initialisers as inputs.
    graph.input.extend(
        helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in graph.initializer
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=3)


def run(proto: ModelProto) -> Array:
    graph = lower(import_model(proto), "")
    return interpret(graph, {"x": X})[graph.outputs[0]]


@pytest.mark.parametrize("opset", [7, 9, 10, 11, 12])
def test_older_forms(opset: int) -> None:
    proto = model(
        opset,
        helper.make_node("ReduceSum", ["x"], ["s"], "sum", axes=[1], keepdims=1),
        helper.make_node("Squeeze", ["s"], ["q"], "squeeze", axes=[1]),
        helper.make_node("Unsqueeze", ["q"], ["u"], "unsqueeze", axes=[0]),
        helper.make_node("Add", ["u", "c"], ["y"], "add"),
        c=np.full((1, 1, 4), 0.5, np.float32),
    )
    assert np.array_equal(run(proto), X.sum(axis=1)[None] + np.float32(0.5))


def test_an_operator_that_is_newer_than_the_operator_set() -> None:
    scale = np.linspace(1, 2, 4, dtype=np.float32)
    proto = model(
        12,
        helper.make_node("LayerNormalization", ["x", "scale"], ["n"], "norm"),
        helper.make_node("Gelu", ["n"], ["y"], "gelu", domain="com.microsoft"),
        scale=scale,
    )
    centred = X - X.mean(axis=-1, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5) * scale
    erf = np.vectorize(__import__("math").erf)
    expected = normal / 2 * (1 + erf(normal / np.sqrt(2)))
    np.testing.assert_allclose(run(proto), expected, rtol=1e-5, atol=1e-6)


def test_attributes_of_older_forms_in_a_newer_operator_set() -> None:
    proto = model(
        18,
        helper.make_node("Pad", ["x"], ["p"], "pad", pads=[0, 0, 1, 0, 0, 2], value=3.0),
        helper.make_node("ReduceMean", ["p"], ["m"], "mean", axes=[-1], keepdims=1),
        helper.make_node("Clip", ["m"], ["y"], "clip", min=-5.0),
    )
    padded = np.pad(X, [(0, 0), (0, 0), (1, 2)], constant_values=3.0)
    expected = np.maximum(padded.mean(axis=-1, keepdims=True), -5.0)
    np.testing.assert_allclose(run(proto), expected, rtol=1e-6)


def test_what_the_converter_does_not_know() -> None:
    proto = model(8, helper.make_node("Upsample", ["x"], ["y"], "up", scales=[1.0, 1.0, 2.0]))
    del proto.graph.node[0].attribute[:]
    with pytest.raises(CompileError) as caught:
        import_model(proto)
    assert caught.value.problems[0].code in (Code.UNSUPPORTED_OPSET, Code.INVALID_MODEL)


@pytest.mark.parametrize("opset", [9, 12, 17])
def test_operators_that_onnx_does_not_have(opset: int) -> None:
    """All are told at once, those of other domains too, in an old operator set as in a new one."""
    proto = model(
        opset,
        helper.make_node("Wavelet", ["x"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "known"),
        helper.make_node("Wavelet", ["b"], ["c"], "second"),
        helper.make_node("Fourier", ["c"], ["d"]),
        helper.make_node("Ripple", ["d"], ["y"], "third", domain="com.microsoft"),
    )
    with pytest.raises(CompileError) as caught:
        import_model(proto)
    problems = caught.value.problems
    assert {problem.code for problem in problems} == {Code.UNSUPPORTED_OPERATOR}
    assert [(problem.where, problem.found) for problem in problems] == [
        ("operator Wavelet", "used by 'first', 'second'"),
        ("operator Fourier", "used by 'Fourier(d)'"),
        ("operator com.microsoft.Ripple", "used by 'third'"),
    ]
