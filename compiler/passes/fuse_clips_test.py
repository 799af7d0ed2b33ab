"""Activations that only clip, behind operations that saturate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.operators.table import Table
from compiler.passes import fuse_clips
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of


def graph(activation: str, scale: float, *, shared: bool = False) -> Graph:
    """Add, QuantizeLinear, DequantizeLinear, activation, QuantizeLinear; the latter in `scale`."""
    model = ModelBuilder()
    x, y = (model.quantised(model.input(name, (4, 50)), 0.05, 3) for name in "xy")
    total = model.quantised(model.node("Add", [x, y]), 0.05, -20)
    bounds = [model.constant(np.float32(bound)) for bound in (-0.5, 2.0)]
    result = model.node(activation, [total, *(bounds if activation == "Clip" else ())])
    outputs = [model.quantised(result, scale, -20)]
    if shared:
        outputs.append(total)
    return lower(import_model(model.build(outputs)), "run")


@pytest.mark.parametrize(("activation", "limits"), [("Relu", (-20, 127)), ("Clip", (-30, 20))])
def test_before_and_after(activation: str, limits: tuple[int, int]) -> None:
    fused = graph(activation, 0.05)
    name = f"{activation.lower()}7"
    assert outline_of(fused).splitlines()[2:] == [
        "add4 = AddInt8(x.1, y.1)",
        f"{name} = Table(add4)",
        f"dequantizelinear9 = Dequantize({name})",
    ]
    assert_same_bits(fuse_clips.run, fused)
    assert outline_of(fused).splitlines()[2:] == [
        f"{name} = AddInt8(x.1, y.1)",
        f"dequantizelinear9 = Dequantize({name})",
    ]
    operation = fused.nodes[2].operation
    assert (getattr(operation, "low"), getattr(operation, "high")) == limits  # noqa: B009
    assert fused.nodes[2].origin[-2:] == (f"node_{name}", "node_quantizelinear8")


@pytest.mark.parametrize(
    "kept",
    [
        graph("Relu", 0.06),  # rounds again
        graph("Sigmoid", 0.05),
        graph("Relu", 0.05, shared=True),  # the sum itself is a result
    ],
)
def test_what_is_more_than_a_clip_stays(kept: Graph) -> None:
    assert_same_bits(fuse_clips.run, kept)
    assert any(isinstance(node.operation, Table) for node in kept.nodes)


def test_transposes_and_views_between() -> None:
    model = ModelBuilder()
    x = model.quantised(model.input("x", (4, 50)), 0.05, 3)
    y = model.node("Transpose", [model.quantised(model.node("Add", [x, x]), 0.05, -20)])
    y = model.node("Reshape", [y, model.constant(np.array([10, 20]))])
    y = model.quantised(model.node("Relu", [y]), 0.05, -20)
    fused = lower(import_model(model.build([y])), "run")
    assert_same_bits(fuse_clips.run, fused)
    assert outline_of(fused).splitlines()[1:] == [
        "add2 = AddInt8(x.1, x.1)",
        "transpose5 = Transpose(add2)",
        "relu7 = View(transpose5)",
        "dequantizelinear9 = Dequantize(relu7)",
    ]


def test_float() -> None:
    model = ModelBuilder()
    x = model.input("x", (4, 50))
    y = model.node("Identity", [model.node("Add", [x, x])])
    bounds = [model.constant(np.float32(bound)) for bound in (-0.5, 6.0)]
    y = model.node("Clip", [model.node("Relu", [y]), *bounds])
    fused = lower(import_model(model.build([y])), "run")
    assert [type(node.operation).__name__ for node in fused.nodes] == [
        "Arithmetic",
        "ClipFloat",
        "ClipFloat",
    ]
    assert_same_bits(fuse_clips.run, fused)
    assert [type(node.operation).__name__ for node in fused.nodes] == ["Arithmetic"]


@settings(max_examples=60, deadline=None)
@given(networks("quantised", "clip", "conv"))
def test_random_networks_keep_their_bits(network: Network) -> None:
    assert_same_bits(fuse_clips.run, network.graph(outputs=2))
