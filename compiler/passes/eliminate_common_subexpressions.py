"""Merges constants with the same contents, and nodes that compute the same thing twice."""

from __future__ import annotations

from compiler.ir import Graph, Node, Operation, present

ConstantKey = tuple[str, tuple[int, ...], bytes]
NodeKey = tuple[Operation, tuple[str | None, ...]]


def run(graph: Graph) -> None:
    """The first of equals stays. Values that are outputs or updated in place are left alone."""
    replaced: dict[str, str] = {}
    constants: dict[ConstantKey, str] = {}
    for value in list(graph.constants()):
        assert value.constant is not None
        key = (value.type.data_type.value, value.type.shape, value.constant.tobytes())
        first = constants.setdefault(key, value.name)
        if first != value.name:
            replaced[value.name] = first
            del graph.values[value.name]

    seen: dict[NodeKey, Node] = {}
    kept: list[Node] = []
    updated = _updated(graph)
    for node in graph.nodes:
        node.inputs = tuple(None if n is None else replaced.get(n, n) for n in node.inputs)
        fixed = node.operation.updates is not None or not updated.isdisjoint(present(node.inputs))
        if fixed or any(name in graph.outputs or name in updated for name in node.outputs):
            kept.append(node)
            continue
        first_node = seen.setdefault((node.operation, node.inputs), node)
        if first_node is node:
            kept.append(node)
            continue
        first_node.origin = tuple(dict.fromkeys((*first_node.origin, *node.origin)))
        for mine, other in zip(node.outputs, first_node.outputs, strict=True):
            replaced[mine] = other
            del graph.values[mine]
    graph.nodes = kept


def _updated(graph: Graph) -> set[str]:
    """Values whose memory an operation changes: what is read from them depends on when."""
    result: set[str] = set()
    for node in graph.nodes:
        if node.operation.updates is not None:
            name = node.inputs[node.operation.updates]
            assert name is not None
            result.add(name)
    return result
