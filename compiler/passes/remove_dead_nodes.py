"""Removes nodes whose results nobody reads, and values that nobody makes or reads."""

from __future__ import annotations

from compiler.ir import Graph, Node, present


def run(graph: Graph) -> None:
    """Keeps what an output depends on. Interface tensors stay even if unused."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if any(name in needed for name in node.outputs):
            kept.append(node)
            needed.update(present(node.inputs))
    kept.reverse()
    graph.nodes = kept
    needed.update(graph.inputs, (name for node in kept for name in node.outputs))
    graph.values = {name: value for name, value in graph.values.items() if name in needed}
