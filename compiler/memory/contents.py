"""What values of a graph show the same bytes, and when these are read for the last time.

Values linked by `Operation.view_of` have one *content*, named after the value that the others are
views of. The inputs of an operation that `joins` are computed as parts of the content of its
output. Views and parts may begin behind its begin.
"""

from __future__ import annotations

from compiler.ir import Graph, Node, present
from compiler.memory.memory_map import interface_outputs


class Contents:
    """Contents of a graph and when they are read for the last time."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.end = len(graph.nodes)
        self.root: dict[str, str] = {}
        sources = [
            *graph.inputs,
            *(state.input for state in graph.states),
            *(value.name for value in graph.constants()),
        ]
        for name in sources:
            self.root[name] = name
        self.begin: dict[str, int] = {}
        """Where a value begins in its content, in bytes, if that is not at 0."""
        parts = self._parts()
        self.last_read: dict[str, int] = {}
        for step, node in enumerate(graph.nodes):
            view = node.operation.view_of
            for name in present(node.inputs):
                if name not in self.root:
                    raise ValueError(f"node {node.name!r} reads {name!r} before it is computed")
            for index, name in enumerate(node.outputs):
                if name in self.root and not node.operation.joins:
                    raise ValueError(f"{name!r} is computed twice")
                if view is not None and index == 0:
                    self._add_view(node, operand(node, view), name)
                else:
                    self._add_result(name, parts)
            if view is None and not node.operation.joins:
                for name in present(node.inputs):
                    self.last_read[self.root[name]] = step
        for name in [*interface_outputs(graph), *(state.output for state in graph.states)]:
            if name not in self.root:
                raise ValueError(f"result {name!r} is never computed")
            if not self.is_whole(name):
                raise ValueError(f"result {name!r} is part of another value")
            self.last_read[self.root[name]] = self.end

    def dies_at(self, name: str, step: int) -> bool:
        """Whether nothing reads the value's content after a node."""
        return self.last_read.get(self.root[name], -1) <= step

    def replaceable(self, node: Node, step: int, index: int) -> bool:
        """Whether the node may overwrite input `index`: no later reader, no other operand."""
        content = self.root[operand(node, index)]
        others = (name for i, name in enumerate(node.inputs) if i != index and name is not None)
        return (
            self.is_whole(operand(node, index))
            and self.dies_at(content, step)
            and all(self.root[name] != content for name in others)
        )

    def is_whole(self, name: str) -> bool:
        """Whether a value is all of its content."""
        values = self.graph.values
        return values[name].type.bytes == values[self.root[name]].type.bytes

    def takes_over(self, node: Node, index: int) -> bool:
        """Whether output 0 may be written over input `index`, as far as types go.

        Element i of the output replaces element i of the input. With different element sizes it
        would be other elements that are lost, perhaps before another core has read them.
        """
        if index not in node.operation.in_place or node.inputs[index] is None:
            return False
        source = self.graph.values[operand(node, index)].type
        target = self.graph.values[node.outputs[0]].type
        return source.data_type.bytes == target.data_type.bytes and target.bytes <= source.bytes

    def _parts(self) -> dict[str, tuple[str, int]]:
        """What is computed as part of another value: that value, and where in it, in bytes."""
        parts: dict[str, tuple[str, int]] = {}
        made = {
            name
            for node in self.graph.nodes
            for name in node.outputs
            if node.operation.view_of is None and node.operation.updates is None
        }
        for node in self.graph.nodes:
            begin = 0
            for name in present(node.inputs) if node.operation.joins else ():
                if name not in made or name in parts:
                    raise ValueError(f"node {node.name!r} cannot have {name!r} as a part")
                parts[name] = node.outputs[0], begin
                begin += self.graph.values[name].type.bytes
        return parts

    def _add_result(self, name: str, parts: dict[str, tuple[str, int]]) -> None:
        whole, begin = name, 0
        while whole in parts:
            whole, further = parts[whole]
            begin += further
        self.root[name] = self.root[whole] = whole
        self._set_begin(name, begin)

    def _add_view(self, node: Node, source: str, name: str) -> None:
        types = self.graph.values[source].type, self.graph.values[name].type
        begin = node.operation.view_begin(self.graph.input_types(node))
        if begin is None:
            fits, begin = types[0].bytes == types[1].bytes, 0
        else:
            fits = self.graph.values[source].constant is None
            fits &= begin + types[1].bytes <= types[0].bytes
        if not fits:
            raise ValueError(
                f"node {node.name!r}: {types[0]} and {types[1]} cannot be the same memory"
            )
        self.root[name] = self.root[source]
        self._set_begin(name, self.begin.get(source, 0) + begin)

    def _set_begin(self, name: str, begin: int) -> None:
        if begin:
            self.begin[name] = begin


def operand(node: Node, index: int) -> str:
    """Name of a present input. Raises ValueError if it is absent."""
    name = node.inputs[index]
    if name is None:
        raise ValueError(f"node {node.name!r} must have input {index}")
    return name
