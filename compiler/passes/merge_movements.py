"""Merges chains of transposes and views: at most one transpose is left of each, often none.

A transposed tensor is its base read in another order. That order is a list of factors, loops from
the outermost to the innermost with their strides in the base; a view only says where the axes
begin. Whatever permutes factors back into the base's order moves nothing: the flattened rows of a
vision transformer's patches, for example, are the pixels of its channels-last convolution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from compiler.ir import Graph, Node, TensorType, Value
from compiler.operators.movement import Transpose, inverse, permute
from compiler.operators.strides import RANK
from compiler.operators.view import View

Factors = tuple[tuple[int, int], ...]
"""(extent, stride in elements of the base) of nested loops; neighbours cannot be merged."""


@dataclass(frozen=True)
class _Order:
    """How a value's elements stand in `base`; `source` has them in the value's own order.

    `source` is the base itself if they stand there in this order, else the transposed value that
    this one is a view of.
    """

    base: str
    factors: Factors
    source: str

    @property
    def is_dense(self) -> bool:
        return self.source == self.base


def run(graph: Graph) -> None:
    """Rewrites views and transposes; the values that nobody reads any more stay, unread."""
    outputs = set(graph.outputs)
    same: dict[str, str] = {}
    orders: dict[str, _Order] = {}
    nodes: list[Node] = []
    for old in graph.nodes:
        inputs = tuple(None if name is None else same.get(name, name) for name in old.inputs)
        node = replace(old, inputs=inputs)
        if not isinstance(node.operation, Transpose | View):
            nodes.append(node)
            continue
        (operand,), (output,) = node.inputs, node.outputs
        assert operand is not None
        before = orders.get(operand) or _dense(graph, operand)
        order = before
        if isinstance(node.operation, Transpose):
            order = _transposed(graph, before, node)
        unchanged = graph.values[order.source].type == graph.values[output].type
        if unchanged and order.source != output and output not in outputs:
            same[output] = order.source
            continue
        if order.source != output:
            shape = graph.values[output].type.shape
            nodes.append(replace(node, operation=View(shape), inputs=(order.source,)))
        elif before.is_dense or order.base != before.base:
            nodes.append(node)
        else:
            nodes += _from_base(graph, node, order)
        orders[output] = order
    graph.nodes = nodes


def _dense(graph: Graph, name: str) -> _Order:
    return _Order(name, _merged(((graph.values[name].type.elements, 1),)), name)


def _transposed(graph: Graph, order: _Order, node: Node) -> _Order:
    """The order of a transpose's result: in the base of its operand, or else in the operand."""
    assert isinstance(node.operation, Transpose) and node.inputs[0] is not None
    operand, output = node.inputs[0], node.outputs[0]
    split = _split(order.factors, graph.values[operand].type.shape)
    if split is not None:
        factors = _merged(sum((split[axis] for axis in node.operation.permutation), ()))
        if factors == _dense(graph, output).factors:
            return _Order(order.base, factors, order.base)
        if len(factors) <= RANK:
            return _Order(order.base, factors, output)
    if order.is_dense:
        return _dense(graph, output)
    return _transposed(graph, _dense(graph, operand), node)


def _split(factors: Factors, shape: tuple[int, ...]) -> list[Factors] | None:
    """The factors of every axis; None if an axis ends inside of what cannot be divided."""
    if 0 in shape:
        return None
    rest = list(reversed(factors))
    axes: list[Factors] = []
    for extent in shape:
        taken: list[tuple[int, int]] = []
        while extent > 1:
            inner, stride = rest.pop()
            if inner > extent:
                if inner % extent:
                    return None
                part = inner // extent
                rest.append((part, stride))
                inner, stride = extent, stride * part
            if extent % inner:
                return None
            taken.append((inner, stride))
            extent //= inner
        axes.append(tuple(taken))
    return axes


def _merged(factors: Factors) -> Factors:
    """Without extents of 1, and with neighbours that are walked as one made one."""
    result: list[tuple[int, int]] = []
    for extent, stride in factors:
        if extent == 1:
            continue
        if result and result[-1][1] == extent * stride:
            extent *= result.pop()[0]
        result.append((extent, stride))
    return tuple(result) or ((1, 1),)


def _from_base(graph: Graph, node: Node, order: _Order) -> list[Node]:
    """The base as a view with one axis per factor, those transposed, and a view of that."""
    ranked = sorted(range(len(order.factors)), key=lambda i: -order.factors[i][1])
    shape = tuple(order.factors[i][0] for i in ranked)
    permutation = inverse(ranked)
    name = node.name
    (output,) = node.outputs
    factors = _add(graph, f"{output}/factors", order.base, shape)
    moved = _add(graph, f"{output}/moved", order.base, permute(shape, permutation))
    return [
        Node(f"{name}/factors", View(shape), (order.base,), (factors,)),
        replace(node, operation=Transpose(permutation), inputs=(factors,), outputs=(moved,)),
        Node(f"{name}/moved", View(graph.values[output].type.shape), (moved,), (output,)),
    ]


def _add(graph: Graph, name: str, like: str, shape: tuple[int, ...]) -> str:
    """Adds a value with the elements of another one."""
    value = graph.values[like]
    type_ = TensorType(value.type.data_type, shape)
    name = graph.unique_name(name)
    return graph.add_value(Value(name, type_, quantization=value.quantization)).name
