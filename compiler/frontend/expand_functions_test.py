"""Functions of ONNX without a lowering: expanded if all of their body is supported."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.operators.model_harness import ModelBuilder, assert_model


@pytest.mark.parametrize("operator", ["Selu", "Softsign", "ThresholdedRelu", "Celu", "Shrink"])
def test_an_activation_equals_onnxruntime(operator: str) -> None:
    model = ModelBuilder(opset=22)
    y = model.node(operator, [model.input("x", (3, 4))])
    x = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    assert_model(model.build([y]), {"x": x})


def test_two_nodes_of_one_function_keep_their_tensors_apart() -> None:
    model = ModelBuilder(opset=22)
    first = model.node("Selu", [model.input("x", (3, 4))])
    second = model.node("Selu", [first], alpha=0.5)
    graph = model.build([first, second])
    x = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)
    assert_model(graph, {"x": x})
    names = [node.name for node in import_model(graph).nodes]
    assert all(name.startswith(("node_selu0/", "node_selu1/")) for name in names)


def test_what_has_an_unsupported_body_is_reported_by_its_own_name() -> None:
    model = ModelBuilder(opset=22)
    y = model.node("Hardmax", [model.input("x", (3, 4))])
    z = model.node("Bernoulli", [model.input("z", (3, 4))])
    with pytest.raises(CompileError) as caught:
        import_model(model.build([y, z]))
    assert "operator Bernoulli: used by 'node_bernoulli1'" in str(caught.value)
    assert "operator Hardmax" in str(caught.value)
