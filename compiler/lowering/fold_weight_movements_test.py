"""Weights that the model moves after it dequantises them are moved while they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.fold_weight_movements import fold_weight_movements
from compiler.operators.conv import ConvInt8
from compiler.operators.matmul import MatMulFloat, MatMulInt8
from compiler.operators.model_harness import ModelBuilder, assert_model

RANDOM = np.random.default_rng(11)


def stored(*shape: int) -> Array:
    return RANDOM.integers(-127, 128, shape).astype(np.int8)


def scales(*shape: int) -> Array:
    return RANDOM.uniform(0.001, 0.01, shape).astype(np.float32)


def quantised_product(model: ModelBuilder, weights: str, inner: int) -> str:
    x = model.quantised(model.input("x", (2, 3, inner)), 0.02, 3)
    return model.quantised(model.node("MatMul", [x, weights]), 0.05, -5)


def test_a_turned_matrix_is_integer() -> None:
    """As Brevitas exports a layer for inputs of three axes."""
    model = ModelBuilder()
    weights = model.quantised_constant(stored(7, 12), scales(7))
    y = quantised_product(model, model.node("Transpose", [weights], perm=[1, 0]), 12)
    inputs = {"x": RANDOM.normal(size=(2, 3, 12)).astype(np.float32)}
    graph = assert_model(model.build([y]), inputs, step=0.05)
    assert MatMulInt8 in [type(node.operation) for node in graph.nodes]


def test_kernels_of_another_rank_are_integer() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (1, 4, 9)), 0.02, 3)
    weights = model.quantised_constant(stored(6, 4, 1, 3), scales(6))
    shape = model.constant(np.array([6, 4, 3]))
    y = model.node("Conv", [x, model.node("Reshape", [weights, shape])])
    y = model.quantised(y, 0.05, -5)
    inputs = {"x": RANDOM.normal(size=(1, 4, 9)).astype(np.float32)}
    graph = assert_model(model.build([y]), inputs, step=0.05)
    assert ConvInt8 in [type(node.operation) for node in graph.nodes]


def test_parts_of_one_matrix_are_integer() -> None:
    """As of attention's query, key and value in one tensor."""
    model = ModelBuilder(opset=18)
    weights = model.quantised_constant(stored(12, 9), scales(9), axis=1)
    parts = model.node("Split", [weights], outputs=3, axis=1, num_outputs=3)
    x = model.quantised(model.input("x", (2, 12)), 0.02, 3)
    outputs = [
        model.quantised(model.node("MatMul", [x, part]), 0.05, -5)
        for part in (parts, f"{parts}_1", f"{parts}_2")
    ]
    inputs = {"x": RANDOM.normal(size=(2, 12)).astype(np.float32)}
    graph = assert_model(model.build(outputs), inputs, step=0.05)
    assert [type(node.operation) for node in graph.nodes].count(MatMulInt8) == 3


def test_blocks_in_rows_of_their_own_are_blocks() -> None:
    """[outputs * blocks, block] with a scale per row, reshaped to [outputs, inner]."""
    model = ModelBuilder()
    weights = model.quantised_constant(stored(5 * 3, 4), scales(15))
    matrix = model.node("Reshape", [weights, model.constant(np.array([5, 12]))])
    turned = model.node("Transpose", [matrix], perm=[1, 0])
    y = quantised_product(model, turned, 12)
    folded = fold_weight_movements(import_model(model.build([y])))
    (node,) = (each for each in folded.nodes if each.output() == turned)
    assert node.operator == "DequantizeLinear"
    assert node.attributes == {"axis": 0, "block_size": 4}


def test_scales_that_fit_no_axis_stay_where_they_are() -> None:
    model = ModelBuilder()
    weights = model.quantised_constant(stored(6, 4), scales(6))
    matrix = model.node("Reshape", [weights, model.constant(np.array([8, 3]))])
    y = quantised_product(model, matrix, 8)
    inputs = {"x": RANDOM.normal(size=(2, 3, 8)).astype(np.float32)}
    graph = assert_model(model.build([y]), inputs, step=0.05)
    assert MatMulInt8 not in [type(node.operation) for node in graph.nodes]


def test_weights_are_not_repeated() -> None:
    model = ModelBuilder()
    weights = model.quantised_constant(stored(6, 4), scales(6))
    y = model.node("Gather", [weights, model.constant(np.arange(9) % 3)])
    imported = import_model(model.build([y]))
    assert fold_weight_movements(imported).nodes == imported.nodes
    assert_model(model.build([y]), {})


def test_movements_known_at_run_time_alone_stay() -> None:
    model = ModelBuilder()
    weights = model.quantised_constant(stored(6, 4), scales(6))
    y = model.node("Gather", [weights, model.input("i", (2,), 7)])
    imported = import_model(model.build([y]))
    assert fold_weight_movements(imported).nodes == imported.nodes
    assert_model(model.build([y]), {"i": np.array([1, 5])})


MOVEMENTS: dict[str, dict[str, Any]] = {
    "Transpose": {"perm": [2, 0, 1]},
    "Flatten": {"axis": 2},
    "Identity": {},
}


@settings(deadline=None)
@given(
    operator=st.sampled_from(sorted(MOVEMENTS)),
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    axis=st.sampled_from([None, 0, 1, 2, -1]),
    block=st.integers(0, 3),
    zeros=st.booleans(),
)
def test_the_real_values_stay_the_same(
    operator: str, shape: tuple[int, ...], axis: int | None, block: int, zeros: bool
) -> None:
    model = ModelBuilder(opset=21)
    extents = list(shape)
    if axis is None:
        extents = []
    elif block:
        extents[axis] = -(-extents[axis] // block)
    else:
        extents = [extents[axis]]
    operands = [model.constant(stored(*shape)), model.constant(scales(*extents))]
    if zeros:
        operands.append(model.constant(RANDOM.integers(-9, 9, extents).astype(np.int8)))
    attributes = {} if axis is None else {"axis": axis, **({"block_size": block} if block else {})}
    weights = model.node("DequantizeLinear", operands, **attributes)
    y = model.node(operator, [weights], **MOVEMENTS[operator])
    assert_model(model.build([y]), {})


def test_a_movement_in_front_of_a_real_product_shares_the_weights() -> None:
    """Others that read the weights as they were still find them."""
    model = ModelBuilder()
    weights = model.quantised_constant(stored(4, 6), scales(4))
    x = model.input("x", (3, 6))
    turned = model.node("MatMul", [x, model.node("Transpose", [weights], perm=[1, 0])])
    y = model.node("MatMul", [turned, weights])
    graph = assert_model(model.build([y]), {"x": RANDOM.normal(size=(3, 6)).astype(np.float32)})
    # Scales of the second one are for the axis that is summed over.
    assert [type(node.operation) for node in graph.nodes].count(MatMulFloat) == 1


@pytest.mark.parametrize("axis", [-3, 2])
def test_parameters_that_do_not_fit_are_left_to_the_lowering(axis: int) -> None:
    model = ModelBuilder()
    weights = model.quantised_constant(stored(4, 6), scales(4))
    y = model.node("Transpose", [weights], perm=[1, 0])
    imported = import_model(model.build([y]))
    imported.nodes[0].attributes["axis"] = axis
    assert fold_weight_movements(imported).nodes == imported.nodes
