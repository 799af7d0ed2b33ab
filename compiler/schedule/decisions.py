"""What is decided about a graph before its program can be written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from compiler.ir import Box, Graph, Node, TensorType, Tile

RAMP = (3, 9)
"""Where ramped tiles are cut once more: so small a part of the first and of the last one."""


@dataclass(frozen=True)
class Decisions:
    """Tile shapes and homes.

    Attributes:
        resident: names of the memory blocks that stay in L1 from the first write to the last use;
            all others live in L2 and visit L1 tile by tile.
        cuts: by node, how output 0 is cut; absent: one piece.
        direct: nodes whose operands outside of L1 are read and written there by the cores.
        chains: nodes that are computed depth-first, cut as the last one's output is.
        keeps_shared: whether constants that several nodes use stay in L1 from the first to the
            last of them.
    """

    resident: frozenset[str]
    cuts: Mapping[str, Cuts] = field(default_factory=dict[str, "Cuts"])
    direct: frozenset[str] = frozenset()
    chains: tuple[tuple[str, ...], ...] = ()
    keeps_shared: bool = False


@dataclass(frozen=True)
class Cuts:
    """How a tensor is cut.

    Attributes:
        counts: into how many parts, for each axis.
        ramped: whether the first and the last part of the outermost cut axis are cut once more, so
            that little has to come before the first tile, and to go after the last.
    """

    counts: tuple[int, ...]
    ramped: bool = False


def runs_kernel(graph: Graph, node: Node) -> bool:
    """Whether anything is to be computed for a node, so that it is in the program."""
    types = graph.output_types(node)
    kernel = node.operation.kernel(graph.input_types(node), types)
    return kernel is not None and any(type_.elements for type_ in types)


def tiles_of(graph: Graph, node: Node, cuts: Cuts | None) -> list[Tile]:
    """The tiles of a node in the order in which they are computed: row-major."""
    types = graph.input_types(node)
    output = graph.values[node.outputs[0]].type
    boxes = [] if cuts is None else list(boxes_of(output, cuts))
    if len(boxes) <= 1:
        whole = tuple(None if type_ is None else Box.whole(type_.shape) for type_ in types)
        return [Tile(node.operation, whole, Box.whole(output.shape))]
    return [node.operation.tile(types, box) for box in boxes]


def boxes_of(type_: TensorType, cuts: Cuts) -> Iterator[Box]:
    """A tensor cut into parts on each axis, as even as words of memory allow."""
    ranges = [
        _ranges(extent, count, granule_of(type_, axis))
        for axis, (extent, count) in enumerate(zip(type_.shape, cuts.counts, strict=True))
    ]
    if cuts.ramped:
        axis = next(axis for axis, count in enumerate(cuts.counts) if count > 1)
        ranges[axis] = _ramped(ranges[axis], granule_of(type_, axis))
    for parts in product(*ranges):
        yield Box(tuple(begin for begin, _ in parts), tuple(end for _, end in parts))


def granule_of(type_: TensorType, axis: int) -> int:
    """Elements of the last axis that make a word: parts of it begin at words."""
    return max(1, 4 // type_.data_type.bytes) if axis == len(type_.shape) - 1 else 1


def _ranges(extent: int, count: int, granule: int) -> list[tuple[int, int]]:
    granules = -(-extent // granule)
    count = min(count, granules)
    edges = [min(granules * index // count * granule, extent) for index in range(count + 1)]
    edges[-1] = extent
    return list(pairwise(edges))


def _ramped(ranges: Sequence[tuple[int, int]], granule: int) -> list[tuple[int, int]]:
    """The first range in pieces that grow, the last one in pieces that shrink."""
    begin, end = ranges[0][0], ranges[-1][1]
    edges = {begin, *(last for _, last in ranges)}
    for part in RAMP:
        edges.add(begin + max(granule, (ranges[0][1] - begin) // part // granule * granule))
        edges.add(end - max(granule, (end - ranges[-1][0]) // part // granule * granule))
    return list(pairwise(sorted(edges)))
