"""Scores that a mask hides are found, and cost the others no steps."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tools.quantize.hidden_scores import hidden_scores, names_of
from tools.quantize.static_quantization import Scheme, quantize


def attention(how: str, number: float, *, named: bool = True) -> onnx.ModelProto:
    """softmax(masked(q k)) v; the mask admits no later keys.

    `how`: "where" replaces scores, "add" adds a mask that Where makes of a comparison, moved.
    """
    nodes = [("MatMul", ["q", "k"], "scores")]
    if how == "where":
        nodes.append(("Where", ["allowed", "scores", "number"], "masked"))
    else:
        nodes += [
            ("Where", ["allowed", "zero", "number"], "flat"),
            ("Unsqueeze", ["flat", "axis"], "mask"),
            ("Add", ["scores", "mask"], "masked"),
        ]
    nodes += [("Softmax", ["masked"], "weights"), ("MatMul", ["weights", "v"], "y")]
    positions = np.arange(6)
    constants = {
        "positions": positions[None],
        "number": np.array(number, np.float32),
        "zero": np.array(0, np.float32),
        "axis": np.array([0]),
    }
    comparison = helper.make_node("LessOrEqual", ["positions", "last"], ["allowed"], "compare")
    made = [
        helper.make_node(operator, inputs, [output], f"make_{output}" if named else "")
        for operator, inputs, output in nodes
    ]
    shapes = {"q": [1, 6, 4], "k": [1, 4, 6], "v": [1, 6, 4]}
    graph = helper.make_graph(
        [comparison, *made],
        "attention",
        [
            *(helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()),
            helper.make_tensor_value_info("last", TensorProto.INT64, [6, 1]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 6, 4])],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def inputs(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    drawn = {name: random.normal(size=(1, 6, 4)).astype(np.float32) for name in ("q", "v")}
    k = random.normal(size=(1, 4, 6)).astype(np.float32)
    return {**drawn, "k": k, "last": np.arange(6)[:, None]}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("number", [-np.inf, float(np.finfo(np.float32).min), -1e4, -100.0])
@pytest.mark.parametrize("how", ["where", "add"])
def test_masked_attention(how: str, number: float, named: bool) -> None:
    model = attention(how, number, named=named)
    samples = [[inputs(seed)] for seed in range(4)]
    quantised = quantize(model, samples, {}, Scheme("int8-asymmetric"))
    (softmax,) = (node for node in quantised.graph.node if node.op_type == "Softmax")
    assert softmax.input[0] == "masked"
    assert sum(node.op_type == "DequantizeLinear" for node in quantised.graph.node) >= 5
    results = [
        onnxruntime.InferenceSession(m.SerializeToString()).run(None, samples[0][0])[0]
        for m in (model, quantised)
    ]
    assert np.abs(results[0] - results[1]).max() < 0.04 * np.abs(results[0]).max()


def test_what_is_found() -> None:
    hidden = hidden_scores(attention("add", -np.inf))
    assert hidden.tensors == {"flat", "mask", "masked"}
    model = attention("add", -np.inf)
    assert names_of(model, hidden) == ["make_flat", "make_mask", "make_masked", "make_weights"]


def test_numbers_that_hide_nothing() -> None:
    assert not hidden_scores(attention("where", -20.0)).tensors


def test_a_reader_that_is_no_softmax_needs_its_number() -> None:
    model = attention("where", -1e4)
    model.graph.node.append(helper.make_node("Relu", ["masked"], ["z"], "other"))
    assert not hidden_scores(model).tensors
