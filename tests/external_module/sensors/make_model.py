"""Writes vibration.onnx: envelopes of four channels, classified by an int8 layer.

Run it with any Python that has onnx: python make_model.py vibration.onnx
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "com.example.sensors"
CHANNELS, SAMPLES, CLASSES = 4, 32768, 3
OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)]
nodes, initializers = [], []


def constant(name, array):
    initializers.append(numpy_helper.from_array(array, name))
    return name


def parameters(name, scale, zero_point):
    return [
        constant(f"{name}_scale", np.array(scale, np.float32)),
        constant(f"{name}_zero_point", np.array(zero_point, np.int8)),
    ]


def quantised(name, scale, zero_point):
    given = parameters(name, scale, zero_point)
    nodes.append(helper.make_node("QuantizeLinear", [name, *given], [f"{name}_q"]))
    nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *given], [f"{name}_dq"]))
    return f"{name}_dq"


def envelope(samples, name, window):
    nodes.append(
        helper.make_node("Envelope", [samples], [name], name=name, domain=DOMAIN, window=window)
    )
    return name


def definition():
    """What Envelope is, in operators of ONNX: for onnxruntime, which compares."""
    window = helper.make_node("Constant", [], ["window"])
    attribute = window.attribute.add(name="value_int", ref_attr_name="window")
    attribute.type = onnx.AttributeProto.INT
    body = [
        window,
        helper.make_node("Constant", [], ["outer"], value_ints=[CHANNELS, -1]),
        helper.make_node("Constant", [], ["all"], value_ints=[-1]),
        helper.make_node("Reshape", ["window", "all"], ["inner"]),
        helper.make_node("Concat", ["outer", "inner"], ["shape"], axis=0),
        helper.make_node("Reshape", ["samples", "shape"], ["windows"]),
        helper.make_node("Abs", ["windows"], ["magnitudes"]),
        helper.make_node("ReduceMax", ["magnitudes", "all"], ["largest"], keepdims=0),
    ]
    return helper.make_function(
        DOMAIN, "Envelope", ["samples"], ["largest"], body, OPSETS[:1], ["window"]
    )


fine = envelope(quantised("samples", 1 / 32, 3), "fine", 64)
coarse = envelope(quantised(fine, 1 / 48, -100), "coarse", 2)
inputs = quantised(coarse, 1 / 40, -128)
generator = np.random.default_rng(7)
weights = generator.integers(-127, 128, (SAMPLES // 128, CLASSES), np.int8)
stored = [constant("weights_q", weights), *parameters("weights", 1 / 512, 0)]
nodes.append(helper.make_node("DequantizeLinear", stored, ["weights"]))
nodes.append(helper.make_node("MatMul", [inputs, "weights"], ["scores"], name="scores"))
scores = quantised("scores", 1 / 4, 0)

graph = helper.make_graph(
    nodes,
    "vibration",
    [helper.make_tensor_value_info("samples", TensorProto.FLOAT, [CHANNELS, SAMPLES])],
    [helper.make_tensor_value_info(scores, TensorProto.FLOAT, [CHANNELS, CLASSES])],
    initializers,
)
model = helper.make_model(graph, opset_imports=OPSETS, functions=[definition()], ir_version=10)
onnx.save(model, sys.argv[1])
