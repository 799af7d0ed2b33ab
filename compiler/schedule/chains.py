"""Chains of nodes that are computed depth-first: tile by tile, through all nodes of the chain.

What one node hands to the next is only ever in L1, as pieces. A piece holds what the next node's
tile reads. Where tiles reach into each other (halos), the part that the piece before has already is
moved from there, so that every element is computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compiler.ir import Box, Graph, Node, TensorType, Tile
from compiler.memory.aliasing import Aliasing
from compiler.schedule.decisions import Cuts, granule_of, tiles_of
from compiler.schedule.task import aligned

LONGEST = 4
"""Nodes of a chain."""


@dataclass(frozen=True)
class Piece:
    """Part of a value that one node of a chain hands to the next.

    Attributes:
        box: all of it.
        kept: what the piece before has already; None: nothing.
        read: what the next node's tile reads.
    """

    box: Box
    kept: Box | None
    read: Box


@dataclass(frozen=True)
class Link:
    """A node's part in one round of a chain; `piece` is None for the last node."""

    tile: Tile
    piece: Piece | None


Rounds = list[list[Link]]
"""For each round, a link for each node."""


def rounds_of(graph: Graph, nodes: Sequence[Node], cuts: Cuts | None) -> Rounds | None:
    """How a chain is computed if its last node is cut so.

    None if it cannot be: every element of a value between two nodes has to be computed once, in
    order, and a piece that is put together has to be contiguous.
    """
    rounds = [[Link(tile, None)] for tile in tiles_of(graph, nodes[-1], cuts)]
    for node, reader in zip(reversed(nodes[:-1]), reversed(nodes[1:]), strict=True):
        (name,) = node.outputs
        position = reader.inputs.index(name)
        type_ = graph.values[name].type
        needed: list[Box] = []
        for links in rounds:
            box = links[0].tile.inputs[position]
            assert box is not None
            needed.append(box)
        pieces = _pieces(type_, needed)
        if pieces is None:
            return None
        types = graph.input_types(node)
        if not all(_may_cut(node, types, type_, computed_of(piece)) for piece in pieces):
            return None
        for links, piece in zip(rounds, pieces, strict=True):
            links.insert(0, Link(_tile(node, types, type_, computed_of(piece)), piece))
    return rounds


def _may_cut(node: Node, types: Sequence[TensorType | None], type_: TensorType, box: Box) -> bool:
    """Whether a node can compute a box of its output alone.

    It is whole on axes that cannot be cut, and begins at words of memory, as all tiles do.
    """
    axes = node.operation.tile_axes(types)
    return all(
        (axis in axes and begin % granule_of(type_, axis) == 0) or (begin, end) == (0, extent)
        for axis, (begin, end, extent) in enumerate(
            zip(box.begin, box.end, type_.shape, strict=True)
        )
    )


def _tile(node: Node, types: Sequence[TensorType | None], type_: TensorType, box: Box) -> Tile:
    if box == Box.whole(type_.shape):
        whole = tuple(None if t is None else Box.whole(t.shape) for t in types)
        return Tile(node.operation, whole, box)
    return node.operation.tile(types, box)


def computed_of(piece: Piece) -> Box:
    """The part of a piece that is computed in its round."""
    if piece.kept is None:
        return piece.box
    axis = next(a for a, end in enumerate(piece.box.end) if piece.kept.end[a] != end)
    return piece.box.on(axis, piece.kept.end[axis], piece.box.end[axis])


def part_of(box: Box, piece: Box) -> Box:
    """A box of a tensor as a box of a piece of it."""
    return Box(
        tuple(a - b for a, b in zip(box.begin, piece.begin, strict=True)),
        tuple(a - b for a, b in zip(box.end, piece.begin, strict=True)),
    )


def _pieces(type_: TensorType, needed: Sequence[Box]) -> list[Piece] | None:
    """Pieces for what the next node's tiles read, in order."""
    if _is_partition(type_, needed):
        return [Piece(box, None, box) for box in needed]
    whole = Box.whole(type_.shape)
    moving = [
        axis
        for axis in range(len(type_.shape))
        if any((box.begin[axis], box.end[axis]) != (0, type_.shape[axis]) for box in needed)
    ]
    if len(moving) != 1 or any(extent != 1 for extent in type_.shape[: moving[0]]):
        return None
    (axis,) = moving
    done, start = 0, 0
    pieces: list[Piece] = []
    for index, read in enumerate(needed):
        end = type_.shape[axis] if index == len(needed) - 1 else read.end[axis]
        begin = min(done, read.begin[axis])
        if end <= done or begin < start or read.end[axis] > end:
            return None
        kept = whole.on(axis, begin, done) if begin < done else None
        pieces.append(Piece(whole.on(axis, begin, end), kept, read))
        done, start = end, begin
    return pieces


def _is_partition(type_: TensorType, boxes: Sequence[Box]) -> bool:
    """Whether boxes that come from one cut cover a tensor once."""
    if sum(box.elements for box in boxes) != type_.elements:
        return False
    ranges = [
        sorted({(box.begin[axis], box.end[axis]) for box in boxes})
        for axis in range(len(type_.shape))
    ]
    count = 1
    for axis, parts in enumerate(ranges):
        edges = [0, *(end for _, end in parts)]
        if [begin for begin, _ in parts] != edges[:-1] or edges[-1] != type_.shape[axis]:
            return False
        count *= len(parts)
    return count == len(set(boxes)) == len(boxes)


def chains_of(
    graph: Graph, aliasing: Aliasing, nodes: Sequence[Node]
) -> Iterator[tuple[Node, ...]]:
    """All chains among nodes that run one after the other."""
    readers = _readers(graph)
    outputs = {*graph.outputs, *(state.output for state in graph.states)}
    steps = {node.name: step for step, node in enumerate(graph.nodes)}
    copied = {transfer.step for transfer in aliasing.transfers}

    def linked(node: Node, reader: Node) -> bool:
        between = range(steps[node.name] + 1, steps[reader.name] + 1)
        return (
            readers[node.outputs[0]] == [reader.name]
            and node.outputs[0] not in outputs
            and not copied & set(between)
        )

    for start, first in enumerate(nodes):
        chain = [first]
        for node in nodes[start + 1 : start + LONGEST]:
            if not (_may_chain(graph, chain[-1]) and _may_chain(graph, node)):
                break
            if not linked(chain[-1], node):
                break
            chain.append(node)
            yield tuple(chain)


def _may_chain(graph: Graph, node: Node) -> bool:
    operation = node.operation
    types = graph.input_types(node)
    return (
        len(node.outputs) == 1
        and operation.updates is None
        and not operation.sparsely_read
        and not operation.weight_memory_inputs
        and not operation.reach(types)
        and bool(operation.tile_axes(types))
    )


def _readers(graph: Graph) -> dict[str, list[str]]:
    """By value, the nodes that read it, once for each operand."""
    result: dict[str, list[str]] = {name: [] for name in graph.values}
    for node in graph.nodes:
        for name in node.inputs:
            if name is not None:
                result[name].append(node.name)
    return result


def reads_what_is_overwritten(nodes: Sequence[Node], rounds: Rounds, aliasing: Aliasing) -> bool:
    """Whether a tile of the result would lie over what a later round still reads.

    The result may have the memory of an operand, if both are cut in the same way.
    """
    block = aliasing.block_of[nodes[-1].outputs[0]]
    inner = {name for node in nodes[:-1] for name in node.outputs}
    for links in rounds:
        for node, link in zip(nodes, links, strict=True):
            for name, box in zip(node.inputs, link.tile.inputs, strict=True):
                if name is None or name in inner or aliasing.block_of[name] is not block:
                    continue
                if box != links[-1].tile.output:
                    return True
    return False


def piece_bytes(type_: TensorType, pieces: Sequence[Piece | None]) -> int:
    """L1 for the pieces of a value: one at a time, or two that share a part."""
    largest, before = 0, 0
    for piece in pieces:
        assert piece is not None
        size = aligned(piece.box.elements * type_.data_type.bytes)
        largest = max(largest, size + (before if piece.kept is not None else 0))
        before = size
    return largest
