"""Writes vibration.onnx: the envelope of four channels, classified by an int8 layer.

Run it with any Python that has onnx: python make_model.py vibration.onnx
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS, SAMPLES, WINDOW, CLASSES = 4, 32768, 64, 3
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


samples = quantised("samples", 1 / 32, 3)
nodes.append(
    helper.make_node(
        "Envelope",
        [samples],
        ["envelope"],
        name="envelope",
        domain="com.example.sensors",
        window=WINDOW,
    )
)
envelope = quantised("envelope", 1 / 48, -128)
generator = np.random.default_rng(7)
weights = generator.integers(-127, 128, (SAMPLES // WINDOW, CLASSES), np.int8)
inputs = [constant("weights_q", weights), *parameters("weights", 1 / 512, 0)]
nodes.append(helper.make_node("DequantizeLinear", inputs, ["weights"]))
nodes.append(helper.make_node("MatMul", [envelope, "weights"], ["scores"], name="scores"))
scores = quantised("scores", 1 / 4, 0)

graph = helper.make_graph(
    nodes,
    "vibration",
    [helper.make_tensor_value_info("samples", TensorProto.FLOAT, [CHANNELS, SAMPLES])],
    [helper.make_tensor_value_info(scores, TensorProto.FLOAT, [CHANNELS, CLASSES])],
    initializers,
)
opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.example.sensors", 1)]
onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), sys.argv[1])
