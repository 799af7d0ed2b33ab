"""Lets nodes whose constants have the same contents read those of one of them.

What shares constants is then known by name: schedules do not look at contents, which change when a
model is trained further. Only nodes that agree in all their constants share them, as they do with
tables. That two layers have the same bias, because it is zero, or the same scales, is chance.
"""

from __future__ import annotations

from compiler.ir import Graph, Node
from compiler.target.pack_weights import drop_unread_constants

Contents = tuple[tuple[str, tuple[int, ...], bytes], ...]
"""Of a node's constants: types, shapes, bytes."""


def run(graph: Graph) -> None:
    """The constants of the first of such nodes stay."""
    first: dict[Contents, list[str]] = {}
    for node in graph.nodes:
        names = [
            name
            for name in node.inputs
            if name is not None and graph.values[name].constant is not None
        ]
        if names:
            kept = first.setdefault(_contents(graph, names), names)
            _rename(node, dict(zip(names, kept, strict=True)))
    drop_unread_constants(graph)


def _contents(graph: Graph, names: list[str]) -> Contents:
    values = [graph.values[name] for name in names]
    return tuple(
        (value.type.data_type.value, value.type.shape, value.constant.tobytes())
        for value in values
        if value.constant is not None
    )


def _rename(node: Node, names: dict[str, str]) -> None:
    node.inputs = tuple(None if name is None else names.get(name, name) for name in node.inputs)
