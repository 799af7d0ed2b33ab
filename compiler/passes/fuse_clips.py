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
from compiler.operators.movement import Transpose
from compiler.operators.table import Table
from compiler.operators.view import View

LIMITS = {"low": "high", "minimum": "maximum"}
"""Fields of operations that saturate their result, in the result's type: int8 and float32."""

Bounds = tuple[float, float]


def run(graph: Graph) -> None:
    """Clips move into the node that makes their operand, if nobody else reads that.

    Transposes and views may stand between the two.
    """
    producers, readers = graph.producers(), graph.consumers()
    outputs = set(graph.outputs)
    removed: set[int] = set()

    def only_read_here(name: str | None) -> Node | None:
        """The node that makes a value, if one other node reads it and no caller does."""
        node = producers.get(name or "")
        alone = name is not None and name not in outputs and len(readers[name]) == 1
        return node if alone else None

    for node in graph.nodes:
        bounds = _bounds(graph, node)
        last = None if bounds is None else only_read_here(node.inputs[0])
        producer = last
        while producer is not None and isinstance(producer.operation, Transpose | View):
            producer = only_read_here(producer.inputs[0])
        limits = None if producer is None else _limits(producer)
        if bounds is None or last is None or producer is None or limits is None:
            continue
        operation: Any = producer.operation
        producer.operation = replace(
            operation, **{name: _clip(getattr(operation, name), bounds) for name in limits}
        )
        producer.origin = tuple(dict.fromkeys((*producer.origin, *node.origin)))
        del graph.values[last.outputs[0]]
        last.outputs = node.outputs
        producers[node.outputs[0]] = last
        removed.add(id(node))
    graph.nodes = [node for node in graph.nodes if id(node) not in removed]


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
