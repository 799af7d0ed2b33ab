"""Lets nodes whose constants have the same contents read one of them.

What shares a constant is then known by its name: schedules do not look at contents, which change
when a model is trained further.
"""

from __future__ import annotations

from compiler.ir import Graph
from compiler.target.pack_weights import drop_unread_constants

ConstantKey = tuple[str, tuple[int, ...], bytes]


def run(graph: Graph) -> None:
    """The first of equals stays."""
    first: dict[ConstantKey, str] = {}
    replaced: dict[str, str] = {}
    for value in graph.constants():
        assert value.constant is not None
        key = (value.type.data_type.value, value.type.shape, value.constant.tobytes())
        replaced[value.name] = first.setdefault(key, value.name)
    for node in graph.nodes:
        node.inputs = tuple(
            None if name is None else replaced.get(name, name) for name in node.inputs
        )
    drop_unread_constants(graph)
