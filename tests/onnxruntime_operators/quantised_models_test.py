"""Graphs as onnxruntime's quantisers emit them: every node at most one step from onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.frontend.expansion_harness import (
    assert_agrees,
    assert_every_node_agrees,
    interpreted,
    lowered,
)
from compiler.operators.model_harness import run_onnxruntime
from tests.onnxruntime_operators.float_models import FLOAT_MODELS, feeds
from tests.onnxruntime_operators.quantised_models import TYPES, quantised_model

EXPECTED = {
    "convolutional": {
        *("QLinearConv", "QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearSigmoid", "MaxPool"),
        *("QLinearLeakyRelu", "QLinearAveragePool", "QLinearGlobalAveragePool", "QGemm"),
        "QLinearSoftmax",
    },
    "perceptron": {"QGemm", "QLinearMatMul", "QLinearAdd"},
    "transformer": {"QLinearMatMul", "QLinearAdd", "QLinearMul", "QLinearSoftmax"},
}
"""Operators that the quantiser is known to make: the test tests nothing without them."""

WHOLE_MODEL = 0.04
"""Of the largest magnitude: a dozen of the 255 steps that tensors have between two extremes, since
a step that one operator is off reaches all operators behind it."""


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("types", sorted(TYPES))
@pytest.mark.parametrize("name", sorted(FLOAT_MODELS))
def test_static(name: str, types: str, per_channel: bool) -> None:
    model = quantised_model(name, types, per_channel)
    assert EXPECTED[name] <= {node.op_type for node in model.graph.node}
    (run,) = feeds(FLOAT_MODELS[name](), 1, seed=5)
    compared = assert_every_node_agrees(model, run)
    assert compared == len(model.graph.node)
    (want,) = run_onnxruntime(model, run)
    (found,) = interpreted(lowered(model), run)
    assert np.abs(found - want).max() <= WHOLE_MODEL * np.abs(want).max()


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("name", sorted(FLOAT_MODELS))
def test_dynamic(name: str, per_channel: bool) -> None:
    model = quantised_model(name, "dynamic", per_channel)
    operators = {node.op_type for node in model.graph.node}
    assert "DynamicQuantizeLinear" in operators
    assert operators & {"MatMulInteger", "ConvInteger"}
    (run,) = feeds(FLOAT_MODELS[name](), 1, seed=5)
    assert_agrees(model, run, tolerance=1e-4)
