"""A node in two halves that compute parts of one output, so that two engines can share it.

The output is cut along its first axis with more than one element, so that each half is in one piece
of memory: rows of an image or a matrix, channels of a vector. The halves of the input may overlap,
as those of a 3x3 convolution do; each half has the constants that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compiler.ir import Box, Graph, Node, Operation, TensorType, Tile, Value, tile_types
from compiler.operators.part import Joined, Part
from compiler.operators.view import View


@dataclass(frozen=True)
class Half:
    """One half of a node: the tile that it computes, and the types of its operands."""

    tile: Tile
    inputs: tuple[TensorType | None, ...]

    @property
    def operation(self) -> Operation:
        return self.tile.operation


def cut_axis(shape: tuple[int, ...]) -> int | None:
    """The axis along which halves of a tensor are in one piece each; None if it has one element."""
    return next((axis for axis, extent in enumerate(shape) if extent > 1), None)


def halves_of(graph: Graph, node: Node, at: int) -> tuple[Half, Half] | None:
    """The halves of a node whose output is cut before index `at` of its `cut_axis`.

    None if the node cannot be cut there, or its input not in one piece.
    """
    types = graph.input_types(node)
    output = graph.values[node.outputs[0]].type
    axis = cut_axis(output.shape)
    if axis is None or axis not in node.operation.tile_axes(types):
        return None
    whole = Box.whole(output.shape)
    halves: list[Half] = []
    for begin, end in ((0, at), (at, output.shape[axis])):
        tile = node.operation.tile(types, whole.on(axis, begin, end))
        for name, box, type_ in zip(node.inputs, tile.inputs, types, strict=True):
            if name is None or box is None or type_ is None:
                continue
            if graph.values[name].constant is None and not box.is_contiguous(type_.shape):
                return None
        halves.append(Half(tile, tuple(tile_types(tile.inputs, types))))
    return halves[0], halves[1]


def split(graph: Graph, node: Node, at: int, second: str) -> tuple[Node, Node]:
    """Puts two halves in the place of a node: one of its name, and one that is called `second`.

    Raises ValueError if `halves_of` has none.
    """
    halves = halves_of(graph, node, at)
    if halves is None:
        raise ValueError(f"node {node.name!r} cannot be cut before {at}")
    (result,) = node.outputs
    made: list[Node] = []
    views: list[Node] = []
    for half, name in zip(halves, (node.name, second), strict=True):
        inputs = tuple(
            _operand(graph, source, box, f"{name}/{position}", views)
            for position, (source, box) in enumerate(
                zip(node.inputs, half.tile.inputs, strict=True)
            )
        )
        box = half.tile.output
        type_ = TensorType(graph.values[result].type.data_type, box.shape)
        part = _value_like(graph, result, f"{result}/{_range(box)}", type_)
        made.append(Node(name, half.operation, inputs, (part,), node.origin, node.reason))
    joined = Node(
        f"{node.name}/joined",
        Joined(graph.values[result].type.shape),
        tuple(half.outputs[0] for half in made),
        (result,),
        node.origin,
    )
    index = next(i for i, other in enumerate(graph.nodes) if other is node)
    graph.nodes[index : index + 1] = [*views, *made, joined]
    return made[0], made[1]


def _operand(
    graph: Graph, name: str | None, box: Box | None, derived: str, views: list[Node]
) -> str | None:
    """A half's operand: all of the node's, part of a constant, or a view of a part."""
    if name is None or box is None:
        return None
    value = graph.values[name]
    if box == Box.whole(value.type.shape):
        return name
    if value.constant is not None:
        return graph.add_constant(derived, np.ascontiguousarray(value.constant[box.slices])).name
    part = TensorType(value.type.data_type, box.shape)
    known = _joined_part(graph, name, box.runs(value.type.shape).offset, part)
    if known is not None and graph.values[known].type == part:
        return known
    if known is not None:
        view = _value_like(graph, known, f"{name}/{_range(box)}", part)
        views.append(Node(view, View(box.shape), (known,), (view,)))
        return view
    view = _value_like(graph, name, f"{name}/{_range(box)}", part)
    operation = Part(box.runs(value.type.shape).offset, box.shape)
    views.append(Node(view, operation, (name,), (view,)))
    return view


def _joined_part(graph: Graph, name: str, first: int, part: TensorType) -> str | None:
    """What a value was put together of, if the part that begins at element `first` is that."""
    producers = graph.producers()
    node = producers.get(name)
    while node is not None and isinstance(node.operation, View) and node.inputs[0] is not None:
        node = producers.get(node.inputs[0])
    if node is None or not isinstance(node.operation, Joined):
        return None
    begin = 0
    for half in node.inputs:
        assert half is not None
        elements = graph.values[half].type.elements
        if (begin, elements) == (first, part.elements):
            return half
        begin += elements
    return None


def _value_like(graph: Graph, like: str, name: str, type_: TensorType) -> str:
    """A further value with the meaning of another one."""
    value = Value(graph.unique_name(name), type_, quantization=graph.values[like].quantization)
    return graph.add_value(value).name


def _range(box: Box) -> str:
    """What a part is called: the range on its first axis with more than one element, or all."""
    axis = cut_axis(box.shape) or 0
    axis = next((a for a, begin in enumerate(box.begin) if begin), axis)
    return f"{box.begin[axis]}:{box.end[axis]}"
