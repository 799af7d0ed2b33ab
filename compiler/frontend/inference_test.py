"""How often the shapes of a whole model are inferred."""

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


def group_normalizations(layers: int) -> onnx.ModelProto:
    """Operators whose results ONNX gives no type."""
    model = ModelBuilder()
    y = model.input("x", (1, 4, 3, 5))
    parameters = [model.constant(np.ones(4, np.float32)) for _ in range(2)]
    for _ in range(layers):
        y = model.node("Relu", [model.node("GroupNormalization", [y, *parameters], num_groups=2)])
    graph = onnx.helper.make_graph(model.nodes, "test", model.inputs, [], model.initializers)
    graph.output.append(onnx.helper.make_tensor_value_info(y, onnx.TensorProto.FLOAT, ["?"] * 4))
    opset = onnx.helper.make_opsetid("", 21)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)


@pytest.fixture
def inferences(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the models whose shapes are inferred, without those of nodes that are folded."""
    infer, found = onnx.shape_inference.infer_shapes, list[int]()

    def counted(model: onnx.ModelProto, **options: bool) -> onnx.ModelProto:
        if len(model.graph.node) > 1:
            found.append(len(model.graph.node))
        return infer(model, **options)

    monkeypatch.setattr("onnx.shape_inference.infer_shapes", counted)
    return found


@pytest.mark.parametrize("layers", [1, 20])
def test_a_chain_of_shapes_takes_two(layers: int, inferences: list[int]) -> None:
    """One before folding and one after, however many shapes depend on others."""
    source = shape_arithmetic(layers)
    # Without the types that the test's own inference found.
    del source.graph.value_info[:]
    inferences.clear()
    imported = import_model(source)
    assert [node.operator for node in imported.nodes] == ["Reshape", "Relu"] * layers
    assert inferences == [5 * layers, 2 * layers]


@pytest.mark.parametrize("layers", [1, 20])
def test_operators_without_inference_take_two(layers: int, inferences: list[int]) -> None:
    """One with something in their place, and one of the model itself."""
    imported = import_model(group_normalizations(layers))
    assert {tensor.type.shape for name, tensor in imported.tensors.items() if "relu" in name} == {
        (1, 4, 3, 5)
    }
    assert inferences == [2 * layers] * 2
