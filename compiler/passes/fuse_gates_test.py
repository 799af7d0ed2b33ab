"""Tables in front of products."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from compiler.frontend.import_model import import_model
from compiler.ir import Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.operators.table import Table
from compiler.operators.table_product import TableProductInt8
from compiler.passes import fuse_gates
from compiler.passes.pass_harness import Network, assert_same_bits, networks
from compiler.report.graph_dump import outline_of


def graph(*, gate_first: bool = True, shared: bool = False, rows: int = 4) -> Graph:
    """A quantised gate: Sigmoid of one operand times another one with so many rows."""
    model = ModelBuilder()
    gate = model.quantised(model.input("gate", (4, 50)), 0.05, 3)
    up = model.quantised(model.input("up", (rows, 50)), 0.04, -7)
    activated = model.quantised(model.node("Sigmoid", [gate]), 0.01, -100)
    operands = [activated, up] if gate_first else [up, activated]
    outputs = [model.quantised(model.node("Mul", operands), 0.02, 11)]
    if shared:
        outputs.append(activated)
    return lower(import_model(model.build(outputs)), "run")


@pytest.mark.parametrize("gate_first", [True, False])
def test_before_and_after(gate_first: bool) -> None:
    fused = graph(gate_first=gate_first)
    before = outline_of(fused).splitlines()
    assert sum(" = Table(" in line for line in before) == 1
    assert_same_bits(fuse_gates.run, fused)
    after = outline_of(fused).splitlines()
    assert len(after) == len(before) - 1
    assert any(" = TableProductInt8(gate.1, up.1)" in line for line in after)
    assert not any(isinstance(node.operation, Table) for node in fused.nodes)


@pytest.mark.parametrize("kept", [graph(shared=True), graph(rows=1)])
def test_what_others_read_or_broadcasts_stays(kept: Graph) -> None:
    assert_same_bits(fuse_gates.run, kept)
    assert not any(isinstance(node.operation, TableProductInt8) for node in kept.nodes)


@settings(max_examples=60, deadline=None)
@given(network=networks("unary", "binary", "quantised"))
def test_random_networks(network: Network) -> None:
    assert_same_bits(fuse_gates.run, network.graph(2))
