"""Ways to cut a node into tiles, and what each needs and takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from compiler.ir import Box, Graph, Node, TensorType, Tile, tile_types
from compiler.memory.aliasing import Aliasing, Home
from compiler.operators.copy import Copy
from compiler.schedule.chains import Piece, piece_bytes, reads_what_is_overwritten, rounds_of
from compiler.schedule.decisions import Cuts, tiles_of
from compiler.schedule.estimate import STEP_CYCLES, TRANSFER_CYCLES, call_cycles
from compiler.schedule.program import Call
from compiler.schedule.table_size import STEP_BYTES, TRANSFER_BYTES, call_bytes, kernel_of
from compiler.schedule.task import aligned
from compiler.schedule.transfers import count_transfers
from compiler.target.soc import Cluster

COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128)
"""Into how many parts an axis may be cut."""

COUNTS_OF_TWO = (2, 4, 8, 16, 32)
"""The same, where two axes are."""

MOST_TILES = 128

STREAMED_BYTES = 8192
"""From so many bytes on, a node is cut for no other reason than that they stream in or out."""


@dataclass(frozen=True)
class Streamed:
    """What it means that an operand is not resident.

    Attributes:
        tile_bytes: of L1, for the largest part that a tile uses; twice, so that copies overlap.
        traffic: bytes copied for all tiles; `first_bytes` for the first one, `last_bytes` for the
            last.
        transfers: how many copies that takes.
        contiguous: whether a resident operand could serve all tiles.
    """

    tile_bytes: int
    traffic: int
    transfers: int
    contiguous: bool
    first_bytes: int
    last_bytes: int


@dataclass(frozen=True)
class Candidate:
    """One way to run a node.

    Attributes:
        cuts: of output 0; None: one piece.
        direct: whether cores use operands where they are.
        fixed_bytes: L1 for constants and scratch memory.
        constant_traffic: bytes of constants that are copied.
        compute: cycles of all tiles on all cores.
        steps: how many tiles.
        operands: by block name, for the blocks that are neither constants nor read in place.
        table_bytes: what tables take of L1, without those of copies of `operands`.
    """

    cuts: Cuts | None
    direct: bool
    fixed_bytes: int
    constant_traffic: int
    compute: int
    steps: int
    operands: Mapping[str, Streamed]
    table_bytes: int

    @cached_property
    def least_bytes(self) -> int:
        """L1 without tables if nothing is resident."""
        return self.fixed_bytes + sum(stream.tile_bytes for stream in self.operands.values())

    @cached_property
    def most_table_bytes(self) -> int:
        """What tables take of L1 if nothing is resident."""
        transfers = sum(stream.transfers for stream in self.operands.values())
        return self.table_bytes + TRANSFER_BYTES * transfers


def whole_candidates(
    graph: Graph, node: Node, aliasing: Aliasing, cluster: Cluster
) -> list[Candidate]:
    """The node in one piece, alone."""
    return [_candidate(graph, node, aliasing, cluster, None)]


def streaming_candidates(
    graph: Graph, node: Node, aliasing: Aliasing, cluster: Cluster
) -> list[Candidate]:
    """Those to choose from if every tensor is resident.

    Tiles cost steps, and then save nothing but the wait for constants, for the caller's inputs and
    for results on their way out: the others are no better.
    """
    whole = _candidate(graph, node, aliasing, cluster, None)
    output = graph.values[node.outputs[0]].type
    axes = node.operation.tile_axes(graph.input_types(node))
    cuts: list[Cuts] = []
    last = len(output.shape) - 1
    if whole.constant_traffic >= STREAMED_BYTES and last in axes:
        counts = [
            count for count in COUNTS if whole.constant_traffic // count >= STREAMED_BYTES // 4
        ]
        cuts += [Cuts((*([1] * last), count)) for count in counts]
    passing = sum(
        aliasing.block_of[name].bytes
        for name in [*node.inputs, *node.outputs]
        if name is not None and aliasing.block_of[name].home in (Home.INPUT, Home.OUTPUT)
    )
    if passing >= STREAMED_BYTES:
        cuts += [
            replace(cut, ramped=ramped)
            for cut in cuts_of([axis for axis in axes if output.shape[axis] > 1][:1], output)
            if passing // max(cut.counts) >= STREAMED_BYTES // 4
            for ramped in (False, True)
        ]
    return [whole, *(_candidate(graph, node, aliasing, cluster, cut) for cut in cuts)]


def candidates_of(
    graph: Graph, node: Node, aliasing: Aliasing, cluster: Cluster
) -> list[Candidate]:
    """All that may be best for some budget.

    Cores use operands outside of L1 only where the node cannot be cut.
    """
    types = graph.input_types(node)
    output = graph.values[node.outputs[0]].type
    whole = _candidate(graph, node, aliasing, cluster, None)
    result = [whole]
    all_cuts = list(cuts_of(node.operation.tile_axes(types), output))
    for cuts in all_cuts:
        candidate = _candidate(graph, node, aliasing, cluster, cuts)
        if not any(_dominates(other, candidate) for other in result):
            result.append(candidate)
    if all_cuts or node.operation.needs_l1:
        return result
    outside = sum(stream.traffic for stream in whole.operands.values()) + whole.constant_traffic
    scratch = _scratch(graph, node)
    result.append(
        Candidate(
            None,
            True,
            scratch,
            0,
            whole.compute + outside * cluster.l2_latency // cluster.cores,
            1,
            {name: Streamed(0, 0, 0, True, 0, 0) for name in whole.operands},
            whole.table_bytes,
        )
    )
    return result


def _dominates(better: Candidate, worse: Candidate) -> bool:
    """Whether one candidate is at least as good in every respect."""
    return (
        better.fixed_bytes <= worse.fixed_bytes
        and better.constant_traffic <= worse.constant_traffic
        and better.compute <= worse.compute
        and better.steps <= worse.steps
        and all(
            mine.tile_bytes <= other.tile_bytes
            and mine.traffic <= other.traffic
            and mine.transfers <= other.transfers
            and mine.contiguous >= other.contiguous
            for mine, other in zip(better.operands.values(), worse.operands.values(), strict=True)
        )
    )


def cuts_of(axes: Sequence[int], output: TensorType) -> Iterator[Cuts]:
    """The cuts along one or two of the axes that are considered."""
    shape = output.shape
    long = [axis for axis in axes if shape[axis] > 1]

    def counts(axis: int) -> list[int]:
        return [count for count in COUNTS if count <= shape[axis]]

    def cut(**parts: int) -> Cuts:
        return Cuts(tuple(parts.get(f"axis{axis}", 1) for axis in range(len(shape))))

    for axis in long:
        for count in counts(axis):
            yield cut(**{f"axis{axis}": count})
    for first in long[:2]:
        for second in long[-1:]:
            if first == second:
                continue
            for a, b in product(COUNTS_OF_TWO, COUNTS_OF_TWO):
                if a <= shape[first] and b <= shape[second] and a * b <= MOST_TILES:
                    yield cut(**{f"axis{first}": a, f"axis{second}": b})


def _candidate(
    graph: Graph,
    node: Node,
    aliasing: Aliasing,
    cluster: Cluster,
    cuts: Cuts | None,
) -> Candidate:
    tiles = tiles_of(graph, node, cuts)
    constants, largest_constant = _constants(graph, node, aliasing, tiles)
    operands: dict[str, Streamed] = {}
    _add_operands(operands, graph, node, tiles, aliasing, frozenset())
    return Candidate(
        cuts,
        False,
        largest_constant + _scratch_of(graph, node, tiles[0]),
        constants,
        _compute(graph, node, tiles, cluster),
        len(tiles),
        operands,
        _table_bytes(graph, node, tiles),
    )


def chain_candidates(
    graph: Graph, nodes: Sequence[Node], aliasing: Aliasing, cluster: Cluster
) -> Iterator[Candidate]:
    """Ways to compute nodes depth-first; `cuts` are those of the last one's output."""
    output = graph.values[nodes[-1].outputs[0]].type
    axes = nodes[-1].operation.tile_axes(graph.input_types(nodes[-1]))
    inner = frozenset(node.outputs[0] for node in nodes[:-1])
    for cuts in cuts_of([axis for axis in axes if output.shape[axis] > 1][:1], output):
        rounds = rounds_of(graph, nodes, cuts)
        if rounds is None or reads_what_is_overwritten(nodes, rounds, aliasing):
            continue
        operands: dict[str, Streamed] = {}
        fixed, traffic, compute, tables = 0, 0, 0, 0
        for index, node in enumerate(nodes):
            tiles = [links[index].tile for links in rounds]
            constants, largest_constant = _constants(graph, node, aliasing, tiles)
            _add_operands(operands, graph, node, tiles, aliasing, inner)
            fixed += largest_constant + max(_scratch_of(graph, node, tile) for tile in tiles)
            traffic += constants
            compute += _compute(graph, node, tiles, cluster)
            tables += _table_bytes(graph, node, tiles)
            if index + 1 < len(nodes):
                pieces = [links[index].piece for links in rounds]
                value = graph.values[node.outputs[0]].type
                fixed += piece_bytes(value, pieces)
                moves = [call for piece in pieces if (call := _move(value, piece)) is not None]
                compute += sum(call_cycles(call, cluster) for call in moves)
                tables += sum(call_bytes(kernel_of(call), 2) for call in moves)
        yield Candidate(cuts, False, fixed, traffic, compute, len(rounds), operands, tables)


def _move(type_: TensorType, piece: Piece | None) -> Call | None:
    """Moves what a piece keeps of the one before; None if that is nothing."""
    if piece is None or piece.kept is None:
        return None
    moved = TensorType(type_.data_type, piece.kept.shape)
    return Call("", 0, Copy(), (moved,), (moved,), ())


def _add_operands(
    operands: dict[str, Streamed],
    graph: Graph,
    node: Node,
    tiles: Sequence[Tile],
    aliasing: Aliasing,
    inner: frozenset[str],
) -> None:
    """Adds what a node's tiles read and write, but for constants and the values `inner`."""
    for position, name in enumerate(node.inputs):
        if name is None or name in inner or aliasing.block_of[name].home is Home.CONSTANT:
            continue
        if position == node.operation.updates or position in node.operation.sparsely_read:
            continue
        boxes = [tile.inputs[position] for tile in tiles]
        _add(operands, aliasing.block_of[name].name, graph.values[name].type, boxes)
    for position, name in enumerate(node.outputs):
        if name in inner or (position == 0 and node.operation.updates is not None):
            continue
        type_ = graph.values[name].type
        boxes = [tile.output if position == 0 else Box.whole(type_.shape) for tile in tiles]
        _add(operands, aliasing.block_of[name].name, type_, boxes)


def _add(
    operands: dict[str, Streamed], block: str, type_: TensorType, boxes: Sequence[Box | None]
) -> None:
    distinct = list(dict.fromkeys(box for box in boxes if box is not None))
    size = type_.data_type.bytes
    largest = max((aligned(box.elements * size) for box in distinct), default=0)
    stream = Streamed(
        largest * (2 if len(distinct) > 1 else 1),
        sum(box.elements * size for box in distinct),
        sum(count_transfers(type_, box) for box in distinct),
        all(box.is_contiguous(type_.shape) for box in distinct),
        distinct[0].elements * size if distinct else 0,
        distinct[-1].elements * size if distinct else 0,
    )
    before = operands.get(block)
    if before is not None:
        stream = Streamed(
            stream.tile_bytes + before.tile_bytes,
            stream.traffic + before.traffic,
            stream.transfers + before.transfers,
            stream.contiguous and before.contiguous,
            stream.first_bytes + before.first_bytes,
            stream.last_bytes + before.last_bytes,
        )
    operands[block] = stream


def _constants(
    graph: Graph, node: Node, aliasing: Aliasing, tiles: Sequence[Tile]
) -> tuple[int, int]:
    """Bytes of constants in all, and in L1 at the same time.

    Parts that one tile uses come and go, two at a time; what several use stays.
    """
    total, staying, passing = 0, 0, 0
    for position, name in enumerate(node.inputs):
        if name is None or aliasing.block_of[name].home is not Home.CONSTANT:
            continue
        operation = node.operation
        if position in (*operation.sparsely_read, *operation.weight_memory_inputs):
            continue
        boxes = [tile.inputs[position] for tile in tiles]
        size = graph.values[name].type.data_type.bytes
        users: dict[Box, int] = {}
        for box in boxes:
            if box is not None:
                users[box] = users.get(box, 0) + 1
        total += sum(aligned(box.elements * size) for box in users)
        alone = [aligned(box.elements * size) for box, count in users.items() if count == 1]
        passing += max(alone, default=0) * min(2, len(alone))
        staying += sum(aligned(box.elements * size) for box, c in users.items() if c > 1)
    return total, staying + passing


def _scratch(graph: Graph, node: Node) -> int:
    return _scratch_of(graph, node, tiles_of(graph, node, None)[0])


def _scratch_of(graph: Graph, node: Node, tile: Tile) -> int:
    inputs, outputs = tile_types_of(graph, node, tile)
    kernel = tile.operation.kernel(inputs, outputs)
    return aligned(kernel.scratch_bytes) if kernel is not None else 0


def tile_types_of(
    graph: Graph, node: Node, tile: Tile
) -> tuple[list[TensorType | None], list[TensorType]]:
    """Types of what a tile reads and makes."""
    outputs = graph.output_types(node)
    outputs[0] = TensorType(outputs[0].data_type, tile.output.shape)
    return tile_types(tile.inputs, graph.input_types(node)), outputs


def _table_bytes(graph: Graph, node: Node, tiles: Sequence[Tile]) -> int:
    """Of steps and calls, and of a copy of constants for each tile if there are any."""
    inputs, outputs = tile_types_of(graph, node, tiles[0])
    kernel = tiles[0].operation.kernel(inputs, outputs)
    assert kernel is not None
    operands = len(inputs) + len(outputs) + (1 if kernel.scratch_bytes else 0)
    streams = any(
        name is not None and graph.values[name].constant is not None for name in node.inputs
    )
    tile_bytes = STEP_BYTES + call_bytes(kernel, operands) + TRANSFER_BYTES * streams
    return tile_bytes * len(tiles)


def _compute(graph: Graph, node: Node, tiles: Sequence[Tile], cluster: Cluster) -> int:
    """Cycles of all tiles; those of one shape take equally long."""
    known: dict[tuple[tuple[int, ...], ...], int] = {}
    total = 0
    for tile in tiles:
        inputs, outputs = tile_types_of(graph, node, tile)
        key = (tile.output.shape, *(t.shape if t is not None else () for t in inputs))
        if key not in known:
            call = Call(node.name, 0, tile.operation, tuple(inputs), tuple(outputs), ())
            known[key] = call_cycles(call, cluster)
        total += known[key] + STEP_CYCLES
    return total


def copy_cycles(traffic: int, transfers: int, cluster: Cluster) -> int:
    """Cycles that the DMA is busy with so many bytes in so many copies."""
    dma = cluster.dma
    return traffic // dma.bytes_per_cycle + transfers * max(dma.start, TRANSFER_CYCLES)
