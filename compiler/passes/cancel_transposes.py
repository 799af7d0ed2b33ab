"""Moves transposes towards the outputs until they cancel, so that a CNN runs channels-last.

Lowerings wrap convolutions and poolings in a transpose to [batch, rows, columns, channels] and one
back. Between them stand operations that commute with a permutation (`Operation.permuted`). This
pass goes through the graph once; it applies such operations to what their operands are transposes
of, and computes a transpose only where somebody needs the transposed elements themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Graph, ModelTensor, Node, TensorType, Value, present
from compiler.operators.movement import Transpose, inverse, permute
from compiler.operators.view import View
from compiler.passes import remove_dead_nodes

Permutation = tuple[int, ...]


def run(graph: Graph) -> None:
    """Leaves the graph as it was if transposes would move more bytes afterwards."""
    values, nodes, cost = dict(graph.values), list(graph.nodes), transposed_bytes(graph)
    _Rewriter(graph).run()
    _raise_above_widening(graph)
    _replace_free(graph)
    remove_dead_nodes.run(graph)
    if transposed_bytes(graph) > cost:
        graph.values, graph.nodes = values, nodes


def transposed_bytes(graph: Graph) -> int:
    """Bytes that transposes move in one run."""
    return sum(
        graph.values[node.outputs[0]].type.bytes
        for node in graph.nodes
        if isinstance(node.operation, Transpose) and not _is_free(graph, node)
    )


@dataclass(frozen=True)
class _Transposed:
    """A value is `permutation` of value `base`; `node` computes it, if need be."""

    permutation: Permutation
    base: str
    node: Node


class _Rewriter:
    """Builds the new list of nodes from the old one, in order."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: list[Node] = []
        self._transposed: dict[str, _Transposed] = {}
        self._computed: dict[tuple[str, Permutation], str] = {}
        self._pending: set[str] = set()
        self._same: dict[str, str] = {}

    def run(self) -> None:
        for old in self._graph.nodes:
            names = (None if name is None else self._same.get(name, name) for name in old.inputs)
            node = replace(old, inputs=tuple(names))
            if isinstance(node.operation, Transpose):
                self._defer(node, node.operation.permutation)
            elif not any(self._move_through(node, p) for p in self._permutations(node)):
                node = self._skip_free(node)
                for name in present(node.inputs):
                    self._compute(name)
                self._nodes.append(node)
        for name in self._graph.outputs:
            self._compute(name)
        self._graph.nodes = self._nodes

    def _defer(self, node: Node, permutation: Permutation) -> None:
        base, output = node.inputs[0], node.outputs[0]
        assert base is not None
        below = self._transposed.get(base)
        if below is not None:
            permutation, base = permute(below.permutation, permutation), below.base
        if permutation == tuple(range(len(permutation))) and output not in self._graph.outputs:
            self._same[output] = base
            return
        node = replace(node, operation=Transpose(permutation), inputs=(base,))
        self._transposed[output] = _Transposed(permutation, base, node)
        self._pending.add(output)

    def _compute(self, name: str) -> None:
        """Emits the transpose that makes a deferred value."""
        if name in self._pending:
            self._pending.remove(name)
            known = self._transposed[name]
            self._computed.setdefault((known.base, known.permutation), name)
            self._nodes.append(known.node)

    def _permutations(self, node: Node) -> Iterator[Permutation]:
        """Permutations that operands have gone through, those that cost something first."""
        known = [
            self._transposed[name] for name in present(node.inputs) if name in self._transposed
        ]
        found = [entry.permutation for entry in known if not _is_free(self._graph, entry.node)]
        found += [entry.permutation for entry in known]
        return iter(dict.fromkeys(found))

    def _move_through(self, node: Node, permutation: Permutation) -> bool:
        """Applies a node to the bases of its operands and defers the transpose of its result."""
        graph = self._graph
        moved = node.operation.permuted(inverse(permutation))
        types = graph.output_types(node)
        if moved is None or len(types) != 1 or len(types[0].shape) != len(permutation):
            return False
        operation, indices = moved
        inputs = list(node.inputs)
        for index in indices:
            name = inputs[index]
            if name is not None:
                inputs[index] = self._base(name, permutation)
                if inputs[index] is None:
                    return False
        for index, name in enumerate(node.inputs):
            if name is not None and index not in indices:
                self._compute(name)
        output = node.outputs[0]
        (type_,) = operation.infer([None if n is None else graph.values[n].type for n in inputs])
        inner = graph.unique_name(f"{output}/kernel_layout")
        tensor = ModelTensor(output, inverse(permutation))
        quantization = graph.values[output].quantization
        graph.add_value(Value(inner, type_, quantization=quantization, tensor=tensor))
        self._nodes.append(Node(node.name, operation, tuple(inputs), (inner,), node.origin))
        after = Node(f"{node.name}/model_layout", Transpose(permutation), (inner,), (output,))
        self._transposed[output] = _Transposed(permutation, inner, after)
        self._pending.add(output)
        return True

    def _base(self, name: str, permutation: Permutation) -> str | None:
        """A value that `permutation` turns into value `name`, if there is one at no cost."""
        value = self._graph.values[name]
        known = self._transposed.get(name)
        if known is not None and known.permutation == permutation:
            return known.base
        if value.type.elements == 1 and value.constant is not None:
            return name
        back = inverse(permutation)
        if (name, back) in self._computed:
            return self._computed[name, back]
        shape = (1,) * (len(permutation) - len(value.type.shape)) + value.type.shape
        if value.constant is not None:
            data = np.ascontiguousarray(value.constant.reshape(shape).transpose(back))
            made = self._graph.add_constant(f"{name}/kernel_layout", data).name
        elif Transpose(back).is_view(shape):
            self._compute(name)
            made = self._graph.unique_name(f"{name}/kernel_layout")
            type_ = TensorType(value.type.data_type, permute(shape, back))
            tensor = ModelTensor(name, back) if shape == value.type.shape else None
            self._graph.add_value(
                Value(made, type_, quantization=value.quantization, tensor=tensor)
            )
            self._nodes.append(Node(made, View(type_.shape), (name,), (made,)))
        else:
            return None
        self._computed[name, back] = made
        return made

    def _skip_free(self, node: Node) -> Node:
        """A view of a transpose that leaves all elements where they are is one of its base."""
        name = node.inputs[0] if node.inputs else None
        known = None if name is None else self._transposed.get(name)
        if not isinstance(node.operation, View) or known is None:
            return node
        return replace(node, inputs=(known.base,)) if _is_free(self._graph, known.node) else node


def _raise_above_widening(graph: Graph) -> None:
    """Transposes the smaller one of a widening operation's operand and result."""
    producers, consumers = graph.producers(), graph.consumers()
    for node in list(graph.nodes):
        name = node.inputs[0] if isinstance(node.operation, Transpose) else None
        producer = None if name is None else producers.get(name)
        if name is None or producer is None or name in graph.outputs or len(consumers[name]) > 1:
            continue
        assert isinstance(node.operation, Transpose)
        moved = producer.operation.permuted(node.operation.permutation)
        source = producer.inputs[0]
        if moved is None or moved[1] != (0,) or source is None:
            continue
        small, large = graph.values[source], graph.values[name]
        if small.type.bytes >= large.type.bytes:
            continue
        shape = permute(small.type.shape, node.operation.permutation)
        inner = graph.unique_name(f"{source}/model_layout")
        type_ = TensorType(small.type.data_type, shape)
        tensor = ModelTensor(source, node.operation.permutation)
        graph.add_value(Value(inner, type_, quantization=small.quantization, tensor=tensor))
        first = replace(node, inputs=(source,), outputs=(inner,))
        second = replace(
            producer,
            operation=moved[0],
            inputs=(inner, *producer.inputs[1:]),
            outputs=node.outputs,
        )
        _exchange(graph.nodes, producer, first)
        _exchange(graph.nodes, node, second)


def _exchange(nodes: list[Node], old: Node, new: Node) -> None:
    nodes[next(index for index, node in enumerate(nodes) if node is old)] = new


def _replace_free(graph: Graph) -> None:
    """Transposes that leave all elements where they are become views."""
    for index, node in enumerate(graph.nodes):
        if isinstance(node.operation, Transpose) and _is_free(graph, node):
            view = View(graph.values[node.outputs[0]].type.shape)
            graph.nodes[index] = replace(node, operation=view)


def _is_free(graph: Graph, node: Node) -> bool:
    assert isinstance(node.operation, Transpose) and node.inputs[0] is not None
    return node.operation.is_view(graph.values[node.inputs[0]].type.shape)
