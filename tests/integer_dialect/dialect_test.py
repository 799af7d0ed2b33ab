"""The interpreter gives what the dialect means, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto

from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.passes import run_passes
from tests.integer_dialect import semantics
from tests.integer_dialect.models import MODELS

RUNS = 3


def lowered(model: ModelProto, types: dict[str, str]) -> Graph:
    inputs = {name: InputType.parse(text) for name, text in types.items()}
    graph = lower(import_model(model, inputs=inputs), "")
    run_passes(graph)
    return graph


@pytest.mark.parametrize("name", sorted(MODELS))
def test_model(name: str) -> None:
    model, types = MODELS[name]()
    graph = lowered(model, dict(types))
    random = np.random.default_rng(7)
    for _ in range(RUNS):
        inputs = {
            name: random.integers(*limits(graph, name), graph.values[name].type.shape)
            for name in graph.inputs
        }
        expected = semantics.run(model, {name: np.asarray(data) for name, data in inputs.items()})
        found = interpret(
            graph,
            {n: d.astype(graph.values[n].type.data_type.numpy) for n, d in inputs.items()},
        )
        for output, value, want in zip(model.graph.output, graph.outputs, expected, strict=True):
            assert found[value].shape == want.shape
            assert np.array_equal(found[value], want), output.name
            assert len(set(found[value].reshape(-1).tolist())) > 1, "the test tests nothing"


def limits(graph: Graph, name: str) -> tuple[int, int]:
    range_ = np.iinfo(graph.values[name].type.data_type.numpy)
    return int(range_.min), int(range_.max) + 1


def test_products_end_in_int8_where_that_is_exact() -> None:
    def operations(name: str) -> set[str]:
        model, types = MODELS[name]()
        return {type(node.operation).__name__ for node in lowered(model, dict(types)).nodes}

    assert "RequantiseShift" not in operations("attention") | operations("gated_block")
    assert {"ConvInt8", "MatMulInt8"} <= operations("convolutions")
    # Some addends are multiples of their factors, others are not.
    assert {"MatMulInt8", "MatMulSums", "ConvSums"} <= operations("wide_numbers")
