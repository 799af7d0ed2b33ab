"""Writes gesture.onnx: a two-layer int8 classifier of 16 samples into 4 gestures.

Run it with any Python that has onnx: python make_model.py gesture.onnx
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

initializers = []


def constant(name, array):
    initializers.append(numpy_helper.from_array(array, name))
    return name


def quantised(nodes, name, scale, zero_point):
    parameters = [
        constant(f"{name}_scale", np.array(scale, np.float32)),
        constant(f"{name}_zero_point", np.array(zero_point, np.int8)),
    ]
    nodes.append(helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_q"]))
    nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *parameters], [f"{name}_dq"]))
    return f"{name}_dq"


def weights(nodes, name, values, scale):
    parameters = [
        constant(f"{name}_q", values),
        constant(f"{name}_scale", np.array(scale, np.float32)),
        constant(f"{name}_zero_point", np.array(0, np.int8)),
    ]
    nodes.append(helper.make_node("DequantizeLinear", parameters, [name]))
    return name


generator = np.random.default_rng(2024)
nodes = []
samples = quantised(nodes, "samples", 1 / 64, 0)
first = weights(nodes, "first", generator.integers(-127, 128, (16, 12), np.int8), 1 / 256)
nodes.append(helper.make_node("MatMul", [samples, first], ["features"], name="features"))
features = quantised(nodes, "features", 1 / 16, -20)
second = weights(nodes, "second", generator.integers(-127, 128, (12, 4), np.int8), 1 / 256)
nodes.append(helper.make_node("MatMul", [features, second], ["scores"], name="scores"))
scores = quantised(nodes, "scores", 1 / 8, 0)

graph = helper.make_graph(
    nodes,
    "gesture",
    [helper.make_tensor_value_info("samples", TensorProto.FLOAT, [1, 16])],
    [helper.make_tensor_value_info(scores, TensorProto.FLOAT, [1, 4])],
    initializers,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, sys.argv[1])
