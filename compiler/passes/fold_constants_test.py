"""Constants that an integer network computes with are computed before."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.passes import fold_constants
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of


def graph(shape: tuple[int, ...]) -> Graph:
    """x + sigmoid(padded dequantised constant), the constant repeated to `shape`."""
    model = ModelBuilder()
    stored = np.arange(-60, 60).astype(np.int8).reshape(40, 3)[1:]
    constant = model.quantised_constant(stored, np.array(0.05))
    constant = model.node("Pad", [constant, model.constant(np.array([1, 0, 0, 0]))])
    constant = model.node("Sigmoid", [constant])
    constant = model.node("Expand", [constant, model.constant(np.array(shape))])
    y = model.node("Add", [model.input("x", shape), constant])
    return lower(import_model(model.build([y])), "run")


def test_a_partly_constant_graph() -> None:
    folded = graph((2, 40, 3))
    assert outline_of(folded).splitlines() == [
        "pad1 = Pad()",
        "pad1.1 = Dequantize(pad1)",
        "sigmoid2 = Elementary(pad1.1)",
        "expand3 = Broadcast(sigmoid2)",
        "add4 = Arithmetic(x, expand3)",
    ]
    assert_same_bits(fold_constants.run, folded)
    assert outline_of(folded) == "add4 = Arithmetic(x)"


def test_a_large_broadcast_of_a_constant_stays() -> None:
    """20 times as many weights would be in memory for ever."""
    folded = graph((20, 40, 3))
    assert_same_bits(fold_constants.run, folded)
    assert outline_of(folded).splitlines() == [
        "expand3 = Broadcast()",
        "add4 = Arithmetic(x, expand3)",
    ]


def test_an_output_stays_computed() -> None:
    """A result has memory of its own, which somebody has to fill."""
    model = ModelBuilder()
    constant = model.quantised_constant(np.arange(12).astype(np.int8).reshape(3, 4), np.array(0.1))
    y = model.node("Sigmoid", [model.node("Tanh", [constant])])
    z = model.node("Relu", [model.input("x", (2,))])
    folded = lower(import_model(model.build([y, z])), "run")
    assert_same_bits(fold_constants.run, folded)
    assert outline_of(folded).splitlines() == ["sigmoid2 = Elementary()", "relu3 = ClipFloat(x)"]


@settings(max_examples=40, deadline=None)
@given(networks("folded constant"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(fold_constants.run, network.graph(outputs=2))
