"""Operations that change nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from onnx import TensorProto

from compiler.frontend.import_model import import_model
from compiler.lowering.lower import lower
from compiler.operators.binary import Arithmetic
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


def test_sums_with_zeros() -> None:
    """Not of float32, where -0 + 0 is 0."""
    model = ModelBuilder()
    x = model.input("x", (3, 4))
    count = model.node("Cast", [x], to=TensorProto.INT32)
    zero = model.constant(np.zeros((3, 4), np.int32))
    one = model.constant(np.zeros(1, np.int32))
    larger = model.constant(np.zeros((2, 3, 4), np.int32))
    sums = [[count, zero], [one, count], [count, larger], [x, model.constant(np.float32(0))]]
    outputs = [model.node("Identity", [model.node("Abs", [model.node("Add", s)])]) for s in sums]
    graph = lower(import_model(model.build(outputs)), "run")
    assert_same_bits(remove_identities.run, graph)
    added = [node for node in graph.nodes if isinstance(node.operation, Arithmetic)]
    assert [len(graph.output_types(node)[0].shape) for node in added] == [3, 2]


@settings(max_examples=40, deadline=None)
@given(networks("slice", "pad", "concatenate"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(remove_identities.run, network.graph(outputs=2))
