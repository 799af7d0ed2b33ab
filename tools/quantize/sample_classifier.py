"""A small classifier with data, for tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tools.quantize.calibration import Arrays

FEATURES, CLASSES = 12, 5


def classifier(outlier: float = 1.0) -> onnx.ModelProto:
    """Two layers, `first` and `second`, and a third, `fine`, whose result counts for little.

    `outlier` is a factor of one of the weights of `second` in each row: few bits for these are a
    large error for the others.
    """
    random = np.random.default_rng(5)

    def constant(name: str, data: npt.NDArray[np.float64]) -> onnx.TensorProto:
        return numpy_helper.from_array(data.astype(np.float32), name)

    second = random.normal(size=(CLASSES, 16))
    second[:, 0] *= outlier
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Gemm", ["x", "first_weights", "first_bias"], ["first_sum"], "first", transB=1),
            node("Relu", ["first_sum"], ["hidden"], "relu"),
            node("Gemm", ["hidden", "second_weights"], ["coarse"], "second", transB=1),
            node("Gemm", ["hidden", "fine_weights"], ["detail"], "fine", transB=1),
            node("Add", ["coarse", "detail"], ["y"], "sum"),
        ],
        "classifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, FEATURES])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, CLASSES])],
        [
            constant("first_weights", random.normal(size=(16, FEATURES))),
            constant("first_bias", random.normal(size=16)),
            constant("second_weights", second),
            constant("fine_weights", random.normal(size=(CLASSES, 16)) * 0.01),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def features(count: int, seed: int = 6) -> npt.NDArray[np.float32]:
    """[count, FEATURES]."""
    return np.random.default_rng(seed).normal(size=(count, FEATURES)).astype(np.float32)


def sequences(count: int, seed: int = 6) -> list[list[Arrays]]:
    """The same as calibration data."""
    return [[{"x": row[None]}] for row in features(count, seed)]
