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
from tests.integer_dialect.builder import drawn
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
            name: drawn(random, type_.data_type.value, type_.shape)
            for name in graph.inputs
            for type_ in [graph.values[name].type]
        }
        expected = semantics.run(model, inputs)
        found = interpret(graph, inputs)
        for output, value, want in zip(model.graph.output, graph.outputs, expected, strict=True):
            have = found[value]
            assert have.shape == want.shape
            if have.dtype == np.float32:
                real = want.astype(np.float64)
                np.testing.assert_allclose(have, real, rtol=1e-4, atol=1e-5, err_msg=output.name)
            else:
                assert np.array_equal(have, want), output.name
            assert len(set(have.reshape(-1).tolist())) > 1, f"{output.name}: nothing is tested"


def test_products_end_in_int8_where_that_is_exact() -> None:
    def operations(name: str) -> set[str]:
        model, types = MODELS[name]()
        return {type(node.operation).__name__ for node in lowered(model, dict(types)).nodes}

    assert "RequantiseShift" not in operations("attention") | operations("gated_block")
    assert {"ConvInt8", "MatMulInt8"} <= operations("convolutions")
    # Some addends are multiples of their factors, others are not.
    assert {"MatMulInt8", "MatMulSums", "ConvSums"} <= operations("wide_numbers")
