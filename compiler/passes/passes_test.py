"""All passes in their order."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import FLOAT_TOLERANCE, ModelBuilder
from compiler.passes import PASSES, run_passes
from compiler.passes.pass_harness import Network, assert_same_bits, inputs_of, networks
from compiler.report.graph_dump import outline_of

REORDERING = "absorb_transposes"
"""The only pass after which float32 sums may run in another order."""


def run_exact(graph: Graph) -> None:
    for name, run in PASSES:
        if name != REORDERING:
            run(graph)


def separable_block() -> Graph:
    """QDQ around every operator, as exporters write it: conv, hard-swish in parts, residual."""
    random = np.random.default_rng(1)
    model = ModelBuilder()
    x = model.quantised(model.input("x", (1, 8, 6, 6)), 0.05, 3)
    stored = random.integers(-127, 128, (8, 8, 3, 3)).astype(np.int8)
    weights = model.quantised_constant(stored, np.full(8, 0.002))
    y = model.quantised(model.node("Conv", [x, weights], pads=[1] * 4), 0.05, 3)
    gate = model.node("Add", [y, model.constant(np.float32(3))])
    bounds = [model.constant(np.float32(bound)) for bound in (0, 6)]
    gate = model.quantised(model.node("Clip", [gate, *bounds]), 6 / 255, -128)
    y = model.quantised(model.node("Mul", [y, gate]), 0.3, 0)
    y = model.quantised(model.node("Add", [x, y]), 0.3, 0)
    y = model.node("Reshape", [y, model.constant(np.array([1, 8, 36]))])
    y = model.quantised(model.node("Relu", [y]), 0.3, 0)
    return lower(import_model(model.build([y])), "run")


def test_before_and_after() -> None:
    graph = separable_block()
    assert outline_of(graph).splitlines() == [
        "x.1 = Quantize(x)",
        "node_conv3/channels_last = Transpose(x.1)",
        "conv3/kernel_layout = ConvInt8(node_conv3/channels_last)",
        "conv3 = Transpose(conv3/kernel_layout)",
        "clip7 = Table(conv3)",
        "mul10 = MultiplyInt8(conv3, clip7)",
        "add13 = AddInt8(x.1, mul10)",
        "reshape16 = View(add13)",
        "relu17 = Table(reshape16)",
        "dequantizelinear19 = Dequantize(relu17)",
    ]
    assert_same_bits(run_passes, graph)
    assert outline_of(graph).splitlines() == [
        "x.1 = Quantize(x)",
        "node_conv3/channels_last = Transpose(x.1)",
        "conv3/kernel_layout = ConvInt8(node_conv3/channels_last)",
        "mul10/kernel_layout = Table(conv3/kernel_layout)",
        "add13/kernel_layout = AddInt8(node_conv3/channels_last, mul10/kernel_layout)",
        "add13 = Transpose(add13/kernel_layout)",
        "relu17 = View(add13)",
        "dequantizelinear19 = Dequantize(relu17)",
    ]


@settings(max_examples=100, deadline=None)
@given(networks("quantised", "conv", "transpose", "binary", "again"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(run_exact, network.graph(outputs=2))


@settings(max_examples=50, deadline=None)
@given(networks("matmul", "conv", "reshape"))
def test_random_networks_with_sums_in_another_order(network: Network) -> None:
    graph = network.graph(outputs=1)
    inputs = inputs_of(graph)
    before = interpret(graph, inputs)
    run_passes(graph)
    for name, found in interpret(graph, inputs).items():
        largest = np.abs(before[name]).max(initial=1.0)
        assert np.abs(found - before[name]).max() <= FLOAT_TOLERANCE * largest
