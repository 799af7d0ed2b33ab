"""A fully connected layer behind a convolution needs no transpose."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.operators.model_harness import FLOAT_TOLERANCE, ModelBuilder, assert_model
from compiler.operators.movement import Transpose
from compiler.passes import absorb_transposes, cancel_transposes

SHAPE = (2, 3, 6, 5)


def network(integer: bool, weight_only: bool = False) -> tuple[ModelBuilder, str]:
    random = np.random.default_rng(8)
    model = ModelBuilder()
    x = model.input("x", SHAPE)
    kernel = random.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8)
    matrix = random.integers(-127, 128, (4 * 4 * 3, 7)).astype(np.int8)
    scale = np.array(0.01)
    if integer:
        x = model.quantised(x, 0.02, -7)
        weights = [model.quantised_constant(stored, scale) for stored in (kernel, matrix)]
    else:
        weights = [model.constant(np.float32(stored * 0.01)) for stored in (kernel, matrix)]
    if weight_only:
        weights[1] = model.quantised_constant(matrix, scale)
    y = model.node("Conv", [x, weights[0]])
    y = model.quantised(y, 0.1, 3) if integer else y
    y = model.node("Gemm", [model.node("Flatten", [y]), weights[1]])
    return model, model.quantised(y, 0.5, 0) if integer else y


@pytest.mark.parametrize(("integer", "weight_only"), [(False, False), (False, True), (True, False)])
def test_weights_are_permuted(integer: bool, weight_only: bool) -> None:
    model, y = network(integer, weight_only)
    x = {"x": np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)}
    graph = assert_model(model.build([y]), x, step=0.5 if integer else None)
    (expected,) = interpret(graph, x).values()
    cancel_transposes.run(graph)
    assert count(graph) == 2
    absorb_transposes.run(graph)
    assert count(graph) == 1
    (found,) = interpret(graph, x).values()
    if integer:
        assert np.array_equal(found, expected)
    else:
        assert np.abs(found - expected).max() <= FLOAT_TOLERANCE * np.abs(expected).max()


def test_other_views_of_transposes_stay() -> None:
    """Rows that are not whole images keep their transpose."""
    model = ModelBuilder()
    y = model.node("Transpose", [model.input("x", (2, 3, 4))], perm=[0, 2, 1])
    y = model.node("Reshape", [y, model.constant(np.array([4, 6]))])
    weights = np.random.default_rng(2).normal(size=(6, 5)).astype(np.float32)
    y = model.node("MatMul", [y, model.constant(weights)])
    x = {"x": np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)}
    graph = assert_model(model.build([y]), x)
    before = list(graph.nodes)
    absorb_transposes.run(graph)
    assert graph.nodes == before


def count(graph: Graph) -> int:
    return sum(isinstance(node.operation, Transpose) for node in graph.nodes)
