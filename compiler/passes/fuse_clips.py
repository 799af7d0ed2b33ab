"""Narrows the limits to which an operation saturates instead of clipping its result afterwards.

Lowering does so for a Relu or Clip right behind a Conv, MatMul or Add. Here are those that stand
behind the QuantizeLinear: with the same scale on both sides they are tables that only clip. Values
are saturated once either way, so the bits stay.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from compiler.ir import Graph, Node
from compiler.operators.activation import ClipFloat
from compiler.operators.table import Table

LIMITS = {"low": "high", "minimum": "maximum"}
"""Fields of operations that saturate their result, in the result's type: int8 and float32."""

Bounds = tuple[float, float]


def run(graph: Graph) -> None:
    """Clips whose operand only they read move into the node that makes it."""
    producers, readers = graph.producers(), graph.consumers()
    outputs = set(graph.outputs)
    removed: set[str] = set()
    for node in graph.nodes:
        operand = node.inputs[0] if node.inputs else None
        if operand is None or operand not in producers or operand in outputs:
            continue
        bounds, producer = _bounds(graph, node), producers[operand]
        limits = _limits(producer)
        if bounds is None or limits is None or len(readers[operand]) > 1:
            continue
        low, high = limits
        old = getattr(producer.operation, low), getattr(producer.operation, high)
        new = {name: _clip(limit, bounds) for name, limit in zip(limits, old, strict=True)}
        operation: Any = producer.operation
        producer.operation = replace(operation, **new)
        producer.outputs = node.outputs
        producer.origin = tuple(dict.fromkeys((*producer.origin, *node.origin)))
        producers[node.outputs[0]] = producer
        removed.add(node.outputs[0])
        del graph.values[operand]
    graph.nodes = [
        node
        for node in graph.nodes
        if node.outputs[0] not in removed or producers[node.outputs[0]] is node
    ]


def _bounds(graph: Graph, node: Node) -> Bounds | None:
    """To what a node clips its operand; None if it does something else."""
    if isinstance(node.operation, ClipFloat):
        return node.operation.minimum, node.operation.maximum
    name = node.inputs[1] if isinstance(node.operation, Table) else None
    table = None if name is None else graph.values[name].constant
    if table is None:
        return None
    low, high = int(table.min()), int(table.max())
    clipped = np.clip(np.arange(-128, 128), low, high)
    return (low, high) if np.array_equal(table, clipped) else None


def _limits(node: Node) -> tuple[str, str] | None:
    """The names of the fields with the limits of a node's only result."""
    if not is_dataclass(node.operation) or len(node.outputs) != 1:
        return None
    names = {field.name for field in fields(node.operation)}
    found = [(low, high) for low, high in LIMITS.items() if {low, high} <= names]
    return found[0] if found else None


def _clip(limit: Any, bounds: Bounds) -> Any:
    return min(max(limit, bounds[0]), bounds[1])
