"""Weights of 8 bits for layers whose activations stay float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from compiler.errors import CompileError
from tools.quantize.calibration import Arrays
from tools.quantize.options import Options
from tools.quantize.quantize import quantized
from tools.quantize.sample_classifier import classifier, sequences
from tools.quantize.static_quantization import Scheme, quantize
from tools.quantize.weight_bits import narrow_weights

STEPS, FEATURES, HIDDEN, CLASSES = 4, 6, 8, 3
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(operator: str, directions: int = 1) -> onnx.ModelProto:
    """A layer `recurrence` and a Gemm `head` of its last output."""
    random = np.random.default_rng(3)

    def constant(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.normal(size=shape).astype(np.float32) / 2, name)

    rows, width = GATES[operator] * HIDDEN, directions * HIDDEN
    direction = "bidirectional" if directions == 2 else "forward"
    node = helper.make_node
    attributes: dict[str, Any] = {"hidden_size": HIDDEN, "direction": direction}
    graph = helper.make_graph(
        [
            node(operator, ["x", "w", "r"], ["", "last"], "recurrence", **attributes),
            node("Reshape", ["last", "shape"], ["flat"], "flatten"),
            node("Gemm", ["flat", "head_weights"], ["y"], "head", transB=1),
        ],
        "recurrent",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [STEPS, 1, FEATURES])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, CLASSES])],
        [
            constant("w", directions, rows, FEATURES),
            constant("r", directions, rows, HIDDEN),
            constant("head_weights", CLASSES, width),
            numpy_helper.from_array(np.array([1, width]), "shape"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def inputs(count: int) -> list[list[Arrays]]:
    random = np.random.default_rng(4)
    return [[{"x": random.normal(size=(STEPS, 1, FEATURES)).astype("f4")}] for _ in range(count)]


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def run(model: onnx.ModelProto, feed: Arrays) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, feed)[0])


@pytest.mark.parametrize("operator", sorted(GATES))
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_layers_are_quantised_so(operator: str, directions: int) -> None:
    model, data = recurrent(operator, directions), inputs(20)
    found = quantize(model, data, {}, Scheme())
    stored = constants(found)
    for name in ("w", "r"):
        assert stored[f"{name}_quantized"].dtype == np.int8
        assert stored[f"{name}_scale"].shape == (GATES[operator] * HIDDEN,)
        assert name not in stored
    (node,) = (node for node in found.graph.node if node.name == "recurrence")
    assert node.input[0] == "x"
    for (feed,) in data:
        assert np.abs(run(found, feed) - run(model, feed)).max() < 0.05


def test_a_recurrent_layer_can_stay_real() -> None:
    found = quantize(recurrent("GRU"), inputs(5), {}, Scheme(float_layers=("recurrence",)))
    assert {"w", "r"} <= set(constants(found))


def test_one_scale_for_all_weights() -> None:
    found = constants(quantize(recurrent("RNN"), inputs(5), {}, Scheme(per_channel=False)))
    assert found["w_scale"].shape == ()
    assert np.abs(found["w_quantized"]).max() == 127


def test_few_bits_for_a_recurrent_layer() -> None:
    model, data = recurrent("LSTM"), inputs(5)
    narrowed, bits = narrow_weights(quantize(model, data, {}, Scheme()), model, {"recurrence": 4})
    assert bits == {"recurrence": 4}
    types = {tensor.name: tensor.data_type for tensor in narrowed.graph.initializer}
    assert types["w_quantized"] == types["r_quantized"] == TensorProto.INT4


def test_the_report_names_their_weights() -> None:
    result = quantized(recurrent("GRU"), inputs(5), Options())
    assert result.report is not None
    weights = {
        weight["tensor"]: weight["bytes"]
        for layer in result.report["layers"]
        for weight in layer["weights"]
    }
    assert weights["w"] == 3 * HIDDEN * FEATURES
    assert weights["r"] == 3 * HIDDEN * HIDDEN


def test_chosen_products_keep_their_activations() -> None:
    model, data = classifier(), sequences(30)
    found = quantize(model, data, {}, Scheme(weight_only_layers=("f*",)))
    made = {output: node for node in found.graph.node for output in node.output}
    for name in ("first", "fine"):
        (node,) = (node for node in found.graph.node if node.name == name)
        weights = made[node.input[1]]
        assert weights.op_type == "DequantizeLinear"
        assert constants(found)[weights.input[0]].dtype == np.int8
    (first,) = (node for node in found.graph.node if node.name == "first")
    assert first.input[0] == "x"
    assert first.input[2] == "first_bias"
    everything = quantize(model, data, {}, Scheme())
    error = {}
    for kind, candidate in (("weights", found), ("all", everything)):
        differences = [run(candidate, feed) - run(model, feed) for (feed,) in data]
        error[kind] = float(np.square(differences).sum())
    assert error["weights"] < error["all"]


def test_layers_without_such_weights_are_refused() -> None:
    with pytest.raises(CompileError) as caught:
        quantize(classifier(), sequences(5), {}, Scheme(weight_only_layers=("relu", "s*")))
    texts = [str(problem) for problem in caught.value.problems]
    assert len(texts) == 2
    assert "node 'relu' (Relu): its weights cannot be stored" in texts[0]
    assert "'sum' (Add)" in texts[1]
    assert "GRU, Gemm, LSTM, MatMul, RNN" in texts[0]
