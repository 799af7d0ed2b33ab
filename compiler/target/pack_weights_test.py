"""With how many bits weights are stored: what is fastest, or what fits; the same results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.operators.packed_conv import ConvPackedInt8
from compiler.operators.packed_matmul import MatMulPackedInt8
from compiler.pipeline import choose_kernels
from compiler.schedule.sample_cluster import CLUSTER
from compiler.target import pack_weights
from compiler.target.narrow_harness import convolution, products
from compiler.target.packed_weights import block_bytes


def stored_bits(graph: Graph) -> list[int]:
    return [
        node.operation.bits
        for node in graph.nodes
        if isinstance(node.operation, (MatMulPackedInt8, ConvPackedInt8))
    ]


def reasons(graph: Graph) -> list[str]:
    return [node.reason for node in graph.nodes if node.reason]


def assert_same_results(graph: Graph, packed: Graph) -> None:
    random = np.random.default_rng(3)
    inputs = {
        name: random.normal(size=graph.values[name].type.shape).astype(np.float32)
        if graph.values[name].type.data_type.is_float
        else random.integers(-128, 128, graph.values[name].type.shape, np.int8)
        for name in graph.inputs
    }
    expected, found = interpret(graph, inputs), interpret(packed, inputs)
    assert all(np.array_equal(expected[name], found[name]) for name in graph.outputs)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_vectors_take_few_bits(bits: int) -> None:
    """What is read once is bound by how fast it comes; 2 bits would take longer to unpack."""
    graph, plain = (products(bits, 1, 256, [256, 256]) for _ in range(2))
    pack_weights.run(graph, CLUSTER.cores)
    assert stored_bits(graph) == [4 if bits == 2 else bits] * 2
    assert_same_results(plain, graph)
    assert all(
        reason.startswith("weights are stored with 4 bits: all copies of constants take ")
        for reason in reasons(graph)
    )
    assert len(reasons(graph)) == (0 if bits == 8 else 2)


@pytest.mark.parametrize("bits", [4, 2])
def test_many_rows_take_whole_bytes(bits: int) -> None:
    """What is read many times is bound by how fast it is multiplied."""
    graph = products(bits, 64, 64, [64])
    pack_weights.run(graph, CLUSTER.cores)
    assert stored_bits(graph) == [8]
    assert reasons(graph)[0].startswith("weights are stored with 8 bits: ")


@pytest.mark.parametrize("channels", [3, 16])
@pytest.mark.parametrize("bits", [4, 2])
def test_convolutions_are_narrowed(bits: int, channels: int) -> None:
    """Also where windows are copied because channels do not fill words."""
    graph, plain = (convolution(bits, channels, 6) for _ in range(2))
    pack_weights.run(graph, CLUSTER.cores)
    assert pack_weights.narrow(graph) and not pack_weights.narrow(graph)
    assert stored_bits(graph) == [bits]
    assert_same_results(plain, graph)
    (reason,) = reasons(graph)
    assert (
        reason
        == f"weights are stored with {bits} bits, because constants take too much memory otherwise"
    )


def test_rows_that_end_within_a_word_take_whole_bytes() -> None:
    graph = products(4, 1, 12, [8])
    pack_weights.run(graph, CLUSTER.cores)
    assert not pack_weights.narrow(graph)
    assert stored_bits(graph) == [8]
    assert "12 values per output are no multiple of 8" in reasons(graph)[0]


def test_narrow_weights_are_what_fits() -> None:
    def chosen(l2_bytes: int) -> tuple[list[int], int]:
        graph = products(4, 32, 128, [128, 128])
        choose_kernels([graph], replace(CLUSTER, l2_bytes=l2_bytes))
        return stored_bits(graph), sum(value.type.bytes for value in graph.constants())

    whole = (block_bytes(128) * 32) * 2
    assert chosen(2 * whole) == ([8, 8], whole)
    bits, size = chosen(whole)
    assert bits == [4, 4] and size < 0.6 * whole
