"""A lower bound for the cycles of all programs of a graph, which no search is needed for.

Nodes may have their best tiles each, whether these fit L1 together or not; what has to be copied
is copied once, at the DMA's full speed; and nothing ever waits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from compiler.ir import Box, Graph, Node, Tile
from compiler.memory.aliasing import Aliasing, Home
from compiler.schedule.candidates import cuts_of, tile_types_of
from compiler.schedule.decisions import Cuts, Decisions, tiles_of
from compiler.schedule.estimate import call_cycles
from compiler.schedule.extents import Bounds, bounds_of, shortened_call
from compiler.schedule.optimality import LeastCycles
from compiler.schedule.program import Call
from compiler.schedule.sub_problems import sub_problem
from compiler.target.soc import Cluster

FILLED = (Home.CONSTANT, Home.INPUT, Home.STATE)
"""Memory that a run finds filled, so that it has to come to L1; other memory it may never leave."""


def least_cycles(graph: Graph, aliasing: Aliasing, cluster: Cluster) -> LeastCycles:
    """By the model of cycles with which programs are predicted, for nominal extents."""
    every_block = frozenset(block.name for block in aliasing.blocks)
    bounds = bounds_of(graph, aliasing, Decisions(every_block))
    known: dict[Hashable, _Least] = {}
    engines = {True: 0, False: 0}
    loaded: dict[str, int] = {}
    stored: dict[str, int] = {}
    for node in graph.nodes:
        types = graph.output_types(node)
        kernel = node.operation.kernel(graph.input_types(node), types)
        if kernel is None or not any(type_.elements for type_ in types):
            continue
        key = sub_problem(graph, [node], aliasing).key, bounds.of(node, aliasing)
        if key not in known:
            known[key] = _Least(graph, node, aliasing, cluster, bounds)
        least = known[key]
        engines[node.operation.is_job] += least.compute
        for position, size in least.read.items():
            name = node.inputs[position]
            assert name is not None
            block = aliasing.block_of[name]
            if block.home in FILLED:
                loaded[block.name] = max(size, loaded.get(block.name, 0))
        for name in node.outputs if least.copies else ():
            block = aliasing.block_of[name]
            if block.home is Home.OUTPUT:
                size = graph.values[name].type.bytes
                stored[block.name] = max(size, stored.get(block.name, 0))
    speed = cluster.dma.bytes_per_cycle
    return LeastCycles(
        engines[False], engines[True], sum(loaded.values()) // speed, sum(stored.values()) // speed
    )


class _Least:
    """The least of a node over all of its cuts.

    Attributes:
        copies: whether operands come to L1 wherever they are.
        compute: cycles of all tiles, without what steps take.
        read: by input, bytes of it that come to L1 if it is elsewhere.
    """

    def __init__(
        self, graph: Graph, node: Node, aliasing: Aliasing, cluster: Cluster, bounds: Bounds
    ) -> None:
        self._extents = bounds.of(node, aliasing)
        self._rows = [extent.nominal for extent in bounds.extents]
        operation = node.operation
        cuts = list(_cuts(graph, node))
        self.copies = len(cuts) > 1 or operation.needs_l1
        self.compute = 1 << 62
        self.read: dict[int, int] = {}
        outside = {*operation.sparsely_read, *operation.weight_memory_inputs, operation.updates}
        known: dict[Hashable, tuple[int, list[int]]] = {}
        for cut in cuts:
            tiles = tiles_of(graph, node, cut)
            compute = 0
            read: dict[int, dict[Box | None, int]] = {}
            for tile in tiles:
                cycles, sizes = self._tile(graph, node, tile, cluster, known)
                compute += cycles
                for position, size in enumerate(sizes):
                    if position not in outside and tile.inputs[position] is not None:
                        read.setdefault(position, {})[tile.inputs[position]] = size
            self.compute = min(self.compute, compute)
            for position, boxes in read.items() if self.copies else ():
                size = sum(boxes.values())
                self.read[position] = min(size, self.read.get(position, size))

    def _tile(
        self,
        graph: Graph,
        node: Node,
        tile: Tile,
        cluster: Cluster,
        known: dict[Hashable, tuple[int, list[int]]],
    ) -> tuple[int, list[int]]:
        """Cycles of a tile and bytes of its inputs; those of one shape are alike."""
        inputs, outputs = tile_types_of(graph, node, tile)
        key = tile.operation, tile.output.shape, *(t.shape if t is not None else () for t in inputs)
        if key not in known:
            extents = self._extents
            call = Call("", 0, tile.operation, (*inputs,), (*outputs,), (), extents=extents)
            call = shortened_call(call, self._rows)
            sizes = [0 if type_ is None else type_.bytes for type_ in call.inputs]
            known[key] = call_cycles(call, cluster), sizes
        return known[key]


def _cuts(graph: Graph, node: Node) -> Iterator[Cuts | None]:
    output = graph.values[node.outputs[0]].type
    yield None
    yield from cuts_of(node.operation.tile_axes(graph.input_types(node)), output)
