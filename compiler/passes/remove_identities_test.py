"""Operations that change nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.passes import remove_identities
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of


def test_slices_pads_and_concatenations() -> None:
    model = ModelBuilder()
    start, end, none = (model.constant(np.array(a)) for a in ([0], [99], [0] * 4))
    x = model.node("Slice", [model.input("x", (3, 4)), start, end])
    x = model.node("Relu", [model.node("Pad", [x, none])])
    y = model.node("Sigmoid", [model.node("Concat", [x], axis=1)])
    graph = lower(import_model(model.build([y])), "run")
    assert outline_of(graph).splitlines() == [
        "slice0 = Slice(x)",
        "pad1 = Pad(slice0)",
        "relu2 = ClipFloat(pad1)",
        "concat3 = Concatenate(relu2)",
        "sigmoid4 = Elementary(concat3)",
    ]
    assert_same_bits(remove_identities.run, graph)
    assert outline_of(graph).splitlines() == [
        "relu2 = ClipFloat(x)",
        "sigmoid4 = Elementary(relu2)",
    ]


def test_interface_tensors_stay_apart() -> None:
    """An output has memory of its own even if it is an input."""
    model = ModelBuilder()
    none = model.constant(np.array([0] * 4))
    y = model.node("Pad", [model.input("x", (3, 4)), none])
    graph = lower(import_model(model.build([y])), "run")
    assert_same_bits(remove_identities.run, graph)
    assert outline_of(graph) == "pad0 = Pad(x)"


def test_parts_repetitions_and_reversals_stay() -> None:
    model = ModelBuilder()
    x = model.input("x", (3, 1))
    bounds = [model.constant(np.array([bound])) for bound in (0, 2, 0)]
    shift = model.constant(np.array([1, 0, -1, 0]))
    reverse = [model.constant(np.array([bound])) for bound in (2, -9, 0, -1)]
    outputs = [
        model.node("Relu", [model.node("Slice", [x, *bounds])]),
        model.node("Relu", [model.node("Slice", [x, *reverse])]),
        model.node("Relu", [model.node("Pad", [x, shift])]),
        model.node("Relu", [model.node("Expand", [x, model.constant(np.array([3, 4]))])]),
    ]
    graph = lower(import_model(model.build(outputs)), "run")
    before = outline_of(graph)
    assert_same_bits(remove_identities.run, graph)
    assert outline_of(graph) == before


@settings(max_examples=40, deadline=None)
@given(networks("slice", "pad", "concatenate"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(remove_identities.run, network.graph(outputs=2))
