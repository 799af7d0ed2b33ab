"""Shapes that models compute."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from compiler.frontend.import_model import import_model
from compiler.operators.model_harness import ModelBuilder


def shape_arithmetic(layers: int) -> onnx.ModelProto:
    """Every layer reshapes to what it computes from the shape of the one before."""
    model = ModelBuilder()
    y = model.input("x", (4, 8))
    for _ in range(layers):
        first = model.node("Gather", [model.node("Shape", [y]), model.constant(np.array([0]))])
        shape = model.node("Concat", [first, model.constant(np.array([-1]))], axis=0)
        y = model.node("Relu", [model.node("Reshape", [y, shape])])
    return model.build([y])


@pytest.mark.parametrize("layers", [1, 20])
def test_a_chain_of_shapes_takes_two_inferences(
    layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One before folding and one after, however many shapes depend on others."""
    source = shape_arithmetic(layers)
    # Without the types that the test's own inference found.
    del source.graph.value_info[:]
    infer, calls = onnx.shape_inference.infer_shapes, 0

    def counted(model: onnx.ModelProto, **options: bool) -> onnx.ModelProto:
        nonlocal calls
        calls += len(model.graph.node) > 1  # not those of the node that is folded
        return infer(model, **options)

    monkeypatch.setattr("onnx.shape_inference.infer_shapes", counted)
    imported = import_model(source)
    assert [node.operator for node in imported.nodes] == ["Reshape", "Relu"] * layers
    assert calls == 2
