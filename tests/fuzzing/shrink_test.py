"""Failing models get smaller and go on failing in the same way."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.fuzzing.shrink import failure_class, shrink

LONG = "x" * 500


def content() -> bytes:
    graph = helper.make_graph(
        [
            helper.make_node("Relu", [LONG], ["a"], alpha=1.0),
            helper.make_node("Add", ["a", "w"], ["b"], axis=3),
            helper.make_node("Erf", ["b"], ["y"]),
        ],
        "graph",
        [helper.make_tensor_value_info(LONG, TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("y", "b")],
        [numpy_helper.from_array(np.zeros(4, np.float32), "w")],
    )
    return helper.make_model(graph).SerializeToString()


def test_only_what_fails_remains() -> None:
    def check(data: bytes) -> str | None:
        nodes = ModelProto.FromString(data).graph.node
        found = [node for node in nodes if node.op_type == "Add" and len(node.input) == 2]
        return f"'{nodes[0].output[0]}' fails with {len(nodes)} nodes" if found else None

    graph = ModelProto.FromString(shrink(content(), check)).graph
    (node,) = graph.node
    assert (node.op_type, len(node.attribute)) == ("Add", 0)
    assert len(graph.output) == 1
    assert not graph.input
    assert not graph.initializer
    assert max(map(len, node.input)) < 3


def test_another_failure_does_not_count() -> None:
    def check(data: bytes) -> str | None:
        nodes = ModelProto.FromString(data).graph.node
        return "three nodes" if len(nodes) == 3 else "fewer nodes"

    assert len(ModelProto.FromString(shrink(content(), check)).graph.node) == 3


def test_damaged_files_stay_as_they_are() -> None:
    assert shrink(b"\xff\xff", lambda _: "fails") == b"\xff\xff"


def test_classes_of_failures() -> None:
    one = failure_class("'y' differs by 2.5e-3, shape (1, 2)\nmore")
    assert one == failure_class("'other' differs by 17, shape (3,)")
    assert one != failure_class("'y' is missing")
