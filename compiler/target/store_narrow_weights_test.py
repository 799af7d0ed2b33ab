"""Generated C with weights of 4 and 2 bits: smaller, and the same results."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.codegen.interpreter_harness import generated
from compiler.codegen.network_harness import compile_together
from compiler.interpreter import interpret
from compiler.operators.narrow_weights import ConvNarrowInt8, MatMulNarrowInt8
from compiler.target import store_narrow_weights
from compiler.target.narrow_harness import convolution, products


@pytest.mark.parametrize("bits", [4, 2])
@pytest.mark.parametrize("kind", ["products", "convolution"])
def test_generated_code(kind: str, bits: int) -> None:
    make = {
        "products": lambda: products(bits, 3, 37, [64, 40]),
        "convolution": lambda: convolution(bits, 16, 6),
    }[kind]
    plain, graph = make(), make()
    store_narrow_weights.run(graph)
    narrow = [n for n in graph.nodes if isinstance(n.operation, (MatMulNarrowInt8, ConvNarrowInt8))]
    assert len(narrow) == len([n for n in plain.nodes if "Int8" in type(n.operation).__name__])
    assert all(node.reason == f"weights are stored with {bits} bits" for node in narrow)
    before = len(generated("plain", [plain]).weights)
    network = generated("narrow", [graph])
    assert len(network.weights) < before * (bits + 2) / 8
    (compiled,) = compile_together([network])
    compiled.reset()
    random = np.random.default_rng(5)
    inputs = {
        name: random.normal(size=graph.values[name].type.shape).astype(np.float32)
        if graph.values[name].type.data_type.is_float
        else random.integers(-128, 128, graph.values[name].type.shape, np.int8)
        for name in graph.inputs
    }
    expected, found = interpret(plain, inputs), compiled.run(graph.name, inputs)
    for name in graph.outputs:
        assert found[name].tobytes() == np.ascontiguousarray(expected[name]).tobytes()


def test_few_weights_and_whole_bytes_stay() -> None:
    for graph in (products(4, 1, 16, [8]), products(8, 1, 64, [64])):
        before = [node.operation for node in graph.nodes]
        store_narrow_weights.run(graph)
        assert [node.operation for node in graph.nodes] == before


def test_a_second_run_changes_nothing() -> None:
    graph = products(4, 1, 64, [64])
    store_narrow_weights.run(graph)
    operations, values = [node.operation for node in graph.nodes], list(graph.values)
    store_narrow_weights.run(graph)
    assert [node.operation for node in graph.nodes] == operations and list(graph.values) == values
