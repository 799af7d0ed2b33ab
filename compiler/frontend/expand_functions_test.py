"""Functions of ONNX without a lowering: expanded if all of their body is supported."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.lowering.lower import lower
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
    y = model.node("Det", [model.input("x", (4, 4))])
    z = model.node("Bernoulli", [model.input("z", (3, 4))])
    with pytest.raises(CompileError) as caught:
        import_model(model.build([y, z]))
    assert "operator Bernoulli: used by 'node_bernoulli1'" in str(caught.value)
    assert "operator Det" in str(caught.value)


@pytest.mark.parametrize("form", ["cache", "softcap", "scores"])
def test_attention_in_forms_without_a_kernel_equals_the_reference(form: str) -> None:
    """The reference is ONNX's own: onnxruntime lacks some of these forms."""
    shapes = {"q": (1, 2, 3, 4), "k": (1, 2, 5, 4), "v": (1, 2, 5, 4)}
    if form == "cache":
        shapes |= {"past_k": (1, 2, 6, 4), "past_v": (1, 2, 6, 4)}
    random = np.random.default_rng(3)
    data = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    model = ModelBuilder(opset=24)
    names = [model.input(name, shape) for name, shape in shapes.items()]
    names[3:3] = [""] * (form == "cache")
    outputs = {"cache": 3, "softcap": 1, "scores": 4}[form]
    attributes = {"softcap": 2.0} if form == "softcap" else {}
    y = model.node("Attention", names, outputs=outputs, **attributes)
    if form == "scores":
        model.nodes[-1].output[1:3] = ["", ""]
    wanted = [y] + {"cache": [f"{y}_1"], "softcap": [], "scores": [f"{y}_3"]}[form]
    proto = model.build(wanted)
    expected = cast(Any, ReferenceEvaluator(proto)).run(None, data)
    graph = lower(import_model(proto), "run")
    found = interpret(graph, data)
    for name, want in zip(graph.outputs, expected, strict=True):
        assert np.allclose(found[name], want, rtol=1e-5, atol=1e-5)
