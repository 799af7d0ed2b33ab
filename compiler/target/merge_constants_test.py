"""Nodes share constants if they have all of them in common."""

from __future__ import annotations

import numpy as np

from compiler.codegen.sample_networks import NetworkBuilder
from compiler.ir import DataType, Graph, TensorType
from compiler.operators.matmul import MatMulInt8
from compiler.target import merge_constants


def products(*contents: tuple[int, int]) -> Graph:
    """Matrix products one after the other; `contents`: what weights and biases are full of."""
    builder = NetworkBuilder("")
    x = builder.input("x", TensorType(DataType.INT8, (1, 8)))
    for index, (weight, bias) in enumerate(contents):
        weights = np.full((8, 8), weight, np.int8)
        biases = np.full(8, bias, np.int32)
        constants = [
            builder.constant(f"weights{index}", lambda _, data=weights: data),
            builder.constant(f"scale{index}", lambda _: np.full(8, 5, np.uint32)),
            builder.constant(f"bias{index}", lambda _, data=biases: data),
        ]
        product = MatMulInt8(8, -128, 127, wide=False, output_zero_point=0)
        x = builder.node(f"product{index}", product, [x, *constants])
    builder.output(x)
    return builder.graph


def test_nodes_with_the_same_constants_share_them() -> None:
    graph = products((1, 2), (3, 2), (1, 2))
    merge_constants.run(graph)
    first, second, third = graph.nodes
    assert third.inputs[1:] == first.inputs[1:] == ("weights0", "scale0", "bias0")
    assert second.inputs[1:] == ("weights1", "scale1", "bias1")
    assert [value.name for value in graph.constants()] == [*first.inputs[1:], *second.inputs[1:]]


def test_what_is_equal_by_chance_is_not_shared() -> None:
    """Biases of zero: layers that were trained further would no longer have them in common."""
    graph = products((1, 0), (2, 0))
    before = [node.inputs for node in graph.nodes]
    merge_constants.run(graph)
    assert [node.inputs for node in graph.nodes] == before
