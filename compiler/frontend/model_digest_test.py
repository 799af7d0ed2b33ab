"""The digest of a model is that of its bytes, wherever they lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from compiler.frontend.model_digest import model_digest


def scaling(factor: float) -> ModelProto:
    """Multiplies four numbers by constants."""
    weights = numpy_helper.from_array(np.full(4, factor, np.float32), "factor")
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    nodes = [helper.make_node("Mul", ["x", "factor"], ["y"])]
    graph = helper.make_graph(nodes, "scaling", tensors[:1], tensors[1:], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_it_is_the_files_own(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(scaling(2).SerializeToString())
    assert model_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_external_weights_count(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = scaling(2)
    weights = model.graph.initializer[0]
    (tmp_path / "data").write_bytes(weights.raw_data)
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="data")
    path.write_bytes(model.SerializeToString())
    before = model_digest(path)
    inside = hashlib.sha256(path.read_bytes()).hexdigest()
    assert before != inside
    data = bytearray((tmp_path / "data").read_bytes())
    data[0] ^= 1
    (tmp_path / "data").write_bytes(data)
    assert model_digest(path) != before
    assert hashlib.sha256(path.read_bytes()).hexdigest() == inside
