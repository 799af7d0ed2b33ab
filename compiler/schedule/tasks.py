"""Writes a graph as a list of tasks: tiles in execution order, and what each needs where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from compiler.ir import Box, Graph, Node, TensorType, Tile, tile_types
from compiler.memory.aliasing import Block, Home, Transfer, share_memory
from compiler.operators.copy import Copy
from compiler.schedule.chains import Piece, computed_of, part_of, rounds_of
from compiler.schedule.constant_pieces import ConstantPieces
from compiler.schedule.decisions import Decisions, runs_kernel, tiles_of
from compiler.schedule.extents import bounds_of
from compiler.schedule.program import Place, Space
from compiler.schedule.step_use import StepUse
from compiler.schedule.task import (
    ALIGNMENT,
    MOST_TASKS,
    STORE_STEPS,
    InBlock,
    InBuffer,
    Load,
    Operand,
    Store,
    Task,
    Tasks,
)


def tasks_of(graph: Graph, decisions: Decisions) -> Tasks:
    """The tasks that `decisions` imply.

    Raises ValueError if a tile of a resident tensor is not contiguous.
    """
    return _Builder(graph, decisions).build()


class _Builder:
    def __init__(self, graph: Graph, decisions: Decisions) -> None:
        self.graph = graph
        self.decisions = decisions
        self.result = Tasks(share_memory(graph, ALIGNMENT), decisions)
        self.aliasing = self.result.aliasing
        self.bounds = bounds_of(graph, self.aliasing, decisions)
        self.result.extents = self.bounds.extents
        self.constants = ConstantPieces(graph, decisions, self.result)
        self.written: dict[str, int] = {}
        self.loaded_blocks: set[str] = set()
        self.last_use: StepUse | None = None

    def build(self) -> Tasks:
        nodes = {node.name: node for node in self.graph.nodes}
        chained = {name: chain for chain in self.decisions.chains for name in chain}
        for step, node in enumerate(self.graph.nodes):
            self._copies(step)
            if not runs_kernel(self.graph, node):
                continue
            if node.name not in chained:
                self._node(node)
            elif chained[node.name][0] == node.name:
                self._chain([nodes[name] for name in chained[node.name]])
        self._copies(len(self.graph.nodes))
        return self.result

    # --- nodes ---------------------------------------------------------------------------------

    def _node(self, node: Node) -> None:
        tiles = tiles_of(self.graph, node, self.decisions.cuts.get(node.name))
        read = [
            (self.aliasing.block_of[name], self._is_outside(node, position))
            for position, name in enumerate(node.inputs)
            if name is not None
        ]
        joins = len(tiles) == 1 and self._may_join(node, read)
        if joins:
            first = len(self.result.steps)
        else:
            self._pause(read)
            first = len(self.result.steps) + 1
        constants = self.constants.of(node, tiles, range(first, first + len(tiles)))
        pieces: dict[tuple[str, Box], str] = {}
        for index, tile in enumerate(tiles):
            task = self._task(node, index, tile, first + index, constants, pieces, {})
            if joins:
                self.result.steps[-1] += (task,)
            else:
                self.result.steps.append((task,))
        if node.operation.updates is not None:
            self._repeat_update(node, node.operation.updates)
        # Tiles of one node follow each other: nothing joins them.
        if len(tiles) > 1:
            self.last_use = None
            return
        if not joins or self.last_use is None:
            self.last_use = StepUse()
        self.last_use.add(StepUse.of(self.graph, self.aliasing, node))

    def _chain(self, nodes: Sequence[Node]) -> None:
        """Rounds of a chain: a step for each node, and what it hands on in pieces."""
        rounds = rounds_of(self.graph, nodes, self.decisions.cuts.get(nodes[-1].name))
        assert rounds is not None
        inner = {node.outputs[0] for node in nodes[:-1]}
        self._pause(
            [
                (self.aliasing.block_of[name], False)
                for node in nodes
                for name in node.inputs
                if name is not None and name not in inner
            ]
        )
        first, count = len(self.result.steps) + 1, len(nodes)
        constants = [
            self.constants.of(
                node,
                [links[position].tile for links in rounds],
                range(first + position, first + position + count * len(rounds), count),
            )
            for position, node in enumerate(nodes)
        ]
        pieces: dict[tuple[str, Box], str] = {}
        for index, links in enumerate(rounds):
            handed: dict[str, InBuffer] = {}
            for position, (node, link) in enumerate(zip(nodes, links, strict=True)):
                number = len(self.result.steps) + 1
                beside: list[Task] = []
                if link.piece is not None:
                    before = rounds[index - 1][position].piece if index else None
                    handed[node.outputs[0]] = self._piece(node, link.piece, index, number)
                    if link.piece.kept is not None and before is not None:
                        beside = [self._move(node, before, link.piece, index, number)]
                tile = link.tile
                task = self._task(node, index, tile, number, constants[position], pieces, handed)
                if link.piece is not None:
                    handed[node.outputs[0]] = self._part(
                        node, link.piece, link.piece.read, index, number + 1
                    )
                self.result.steps.append((task, *beside))
        self.last_use = None

    def _part(self, node: Node, piece: Piece, part: Box, index: int, number: int) -> InBuffer:
        """Where a part of the piece of round `index` is; the step uses it."""
        type_ = self.graph.values[node.outputs[0]].type
        runs = part_of(part, piece.box).runs(piece.box.shape)
        assert not runs.outer
        size = type_.data_type.bytes
        name = f"result:{node.outputs[0]}:chain {index}"
        buffer = self.result.touch(name, piece.box.elements * size, number)
        return InBuffer(buffer.name, runs.offset * size)

    def _piece(self, node: Node, piece: Piece, index: int, number: int) -> InBuffer:
        return self._part(node, piece, computed_of(piece), index, number)

    def _move(self, node: Node, before: Piece, piece: Piece, index: int, number: int) -> Task:
        """Moves what two pieces share; it runs beside the node's own task."""
        assert piece.kept is not None
        (name,) = node.outputs
        type_ = TensorType(self.graph.values[name].type.data_type, piece.kept.shape)
        operands = (
            self._part(node, before, piece.kept, index - 1, number),
            self._part(node, piece, piece.kept, index, number),
        )
        boxes = (piece.kept, piece.kept)
        return Task(f"copy of {name}", index, Copy(), (type_,), (type_,), operands, boxes)

    def _task(
        self,
        node: Node,
        index: int,
        tile: Tile,
        number: int,
        constants: dict[tuple[int, int], Operand],
        pieces: dict[tuple[str, Box], str],
        handed: Mapping[str, InBuffer],
    ) -> Task:
        inputs = tile_types(tile.inputs, self.graph.input_types(node))
        outputs = self._output_types(node, tile)
        operands: list[Operand | None] = []
        for position, name in enumerate(node.inputs):
            box = tile.inputs[position]
            if name is None or box is None:
                operands.append(None)
            elif name in handed:
                operands.append(handed[name])
            elif (index, position) in constants:
                operands.append(constants[index, position])
            else:
                operands.append(self._input(node, position, name, box, number, pieces))
        boxes = [tile.output, *(Box.whole(type_.shape) for type_ in outputs[1:])]
        for position, name in enumerate(node.outputs):
            if name in handed:
                operands.append(handed[name])
            else:
                operands.append(self._output(node, position, name, boxes[position], number))
        kernel = tile.operation.kernel(inputs, outputs)
        assert kernel is not None
        if kernel.scratch_bytes:
            operands.append(self.result.touch(f"scratch:{node.name}", kernel.scratch_bytes, number))
        return Task(
            node.name,
            index,
            tile.operation,
            tuple(inputs),
            tuple(outputs),
            tuple(operands),
            (*tile.inputs, tile.output),
            extents=self.bounds.of(node, self.aliasing),
        )

    def _repeat_update(self, node: Node, position: int) -> None:
        """Does to a state what was just done to its copy in L1."""
        task = self.result.steps[-1][-1]
        name = node.inputs[position]
        assert name is not None
        block = self.aliasing.block_of[name]
        if block.home is not Home.STATE or block.name not in self.decisions.resident:
            return
        self._use_block(block, len(self.result.steps))
        operands = list(task.operands)
        operands[position] = operands[len(node.inputs)] = InBlock(block.name)
        outside = replace(task, operands=tuple(operands), repeated=not task.extents, extents=())
        # The whole update is the one where all rows are.
        inside = replace(task, repeated=bool(task.extents))
        self.result.steps[-1] = (*self.result.steps[-1][:-1], inside, outside)

    # --- steps ---------------------------------------------------------------------------------

    def _may_join(self, node: Node, read: Sequence[tuple[Block, bool]]) -> bool:
        """Whether a node of one tile can run in the step of the tasks before it."""
        if self.last_use is None or len(self.result.steps[-1]) >= MOST_TASKS:
            return False
        if not self.last_use.allows(StepUse.of(self.graph, self.aliasing, node)):
            return False
        return self._needed_step(read) <= len(self.result.steps)

    def _output_types(self, node: Node, tile: Tile) -> list[TensorType]:
        types = self.graph.output_types(node)
        return [TensorType(types[0].data_type, tile.output.shape), *types[1:]]

    def _copies(self, step: int) -> None:
        for transfer in self.aliasing.transfers:
            if transfer.step != step or not transfer.bytes:
                continue
            type_ = self.graph.values[transfer.value].type
            self._pause([(transfer.source, False)])
            number = len(self.result.steps) + 1
            box = Box.whole(type_.shape)
            source = self._read_block(transfer.source, type_, box, number, transfer.value, {})
            target = self._copied(transfer, type_, box, number)
            name = f"copy of {transfer.value}"
            task = Task(name, 0, Copy(), (type_,), (type_,), (source, target))
            self.result.steps.append((task,))
            self.last_use = None

    def _copied(self, transfer: Transfer, type_: TensorType, box: Box, number: int) -> Operand:
        """Where a copy goes. What a node updates there is stored when it has done so."""
        block = transfer.target
        updated = any(
            node.operation.updates is not None
            and node.inputs[node.operation.updates] == transfer.value
            and self.aliasing.block_of[node.outputs[0]] is block
            for node in self.graph.nodes
        )
        if updated and block.name in self.decisions.resident:
            return self._resident(block, type_, box, number, transfer.value)
        return self._write_block(block, type_, box, number, transfer.value)

    def _pause(self, operands: Sequence[tuple[Block, bool]]) -> None:
        """Steps without a task, until what was written to blocks outside of L1 can be read."""
        while len(self.result.steps) + 1 < self._needed_step(operands):
            self.result.steps.append(())

    def _needed_step(self, operands: Iterable[tuple[Block, bool]]) -> int:
        """The first step in which operands can be used; the flag: where they are.

        Cores may read a block in the step after the one in which it was complete. A copy begins in
        that step, and its own task comes after it.
        """
        return max(
            (
                self.written[block.name] + (1 if in_place else 2)
                for block, in_place in operands
                if block.name in self.written and block.name not in self.decisions.resident
            ),
            default=0,
        )

    # --- operands ------------------------------------------------------------------------------

    def _input(
        self,
        node: Node,
        position: int,
        name: str,
        box: Box,
        number: int,
        pieces: dict[tuple[str, Box], str],
    ) -> Operand:
        type_ = self.graph.values[name].type
        block = self.aliasing.block_of[name]
        if block.home is Home.CONSTANT:
            # Too large for L1, or hardly read: the cores fetch from outside what they need.
            data = self.graph.values[block.name].constant
            assert data is not None
            if position in node.operation.weight_memory_inputs:
                offset = box.runs(type_.shape).offset * type_.data_type.bytes
                place = self.result.weights.add(data.tobytes())
                return Place(Space.WEIGHT_MEMORY, place + offset)
            return Place(Space.CONSTANTS, self.result.constants.add(data.tobytes()))
        if block.name not in self.decisions.resident and self._is_outside(node, position):
            self._use_block(block, number)
            return InBlock(block.name, self.aliasing.begin_of.get(name, 0))
        return self._read_block(block, type_, box, number, name, pieces)

    def _is_outside(self, node: Node, position: int) -> bool:
        """Whether cores read an operand where it is, if that is not in L1."""
        operation = node.operation
        return (
            position in operation.sparsely_read
            or position == operation.updates
            or node.name in self.decisions.direct
        )

    def _read_block(
        self,
        block: Block,
        type_: TensorType,
        box: Box,
        number: int,
        name: str,
        pieces: dict[tuple[str, Box], str],
    ) -> Operand:
        if block.name in self.decisions.resident:
            return self._resident(block, type_, box, number, name)
        key = (name, box)
        if key not in pieces:
            pieces[key] = f"piece:{name}:{len(self.result.loads)}"
            part = TensorType(type_.data_type, box.shape)
            self.result.touch(pieces[key], part.bytes, number)
            self._use_block(block, number)
            after = self.written.get(block.name, -1)
            source = InBlock(block.name, self.aliasing.begin_of.get(name, 0))
            self.result.loads.append(Load(pieces[key], 0, source, type_, box, number, after, name))
        return self.result.touch(pieces[key], 0, number)

    def _resident(
        self, block: Block, type_: TensorType, box: Box, number: int, name: str
    ) -> InBuffer:
        runs = box.runs(type_.shape)
        if runs.outer:
            raise ValueError(f"{name!r}: {box} is not contiguous in {type_}")
        buffer = f"block:{block.name}"
        if block.home in (Home.INPUT, Home.STATE) and block.name not in self.loaded_blocks:
            self.loaded_blocks.add(block.name)
            whole = self.graph.values[block.name].type
            source = InBlock(block.name)
            rows = self.bounds.blocks.get(block.name)
            self.result.loads.append(
                Load(buffer, 0, source, whole, Box.whole(whole.shape), number, -1, name, rows)
            )
        operand = self.result.touch(buffer, block.bytes, number)
        begin = self.aliasing.begin_of.get(name, 0)
        return InBuffer(operand.name, begin + runs.offset * type_.data_type.bytes)

    def _output(self, node: Node, position: int, name: str, box: Box, number: int) -> Operand:
        type_ = self.graph.values[name].type
        block = self.aliasing.block_of[name]
        outside = (
            position == 0 and node.operation.updates is not None
        ) or node.name in self.decisions.direct
        if block.name not in self.decisions.resident and outside:
            self._use_block(block, number)
            self.written[block.name] = number
            return InBlock(block.name, self.aliasing.begin_of.get(name, 0))
        return self._write_block(block, type_, box, number, name)

    def _write_block(
        self, block: Block, type_: TensorType, box: Box, number: int, name: str
    ) -> Operand:
        if block.name in self.decisions.resident:
            operand = self._resident(block, type_, box, number, name)
            if block.home is Home.OUTPUT:
                self._store(operand, block, type_, box, number, name)
            return operand
        part = TensorType(type_.data_type, box.shape)
        operand = self.result.touch(f"result:{name}:{number}", part.bytes, number)
        self._store(operand, block, type_, box, number, name)
        return operand

    def _store(
        self, operand: InBuffer, block: Block, type_: TensorType, box: Box, number: int, name: str
    ) -> None:
        self._use_block(block, number)
        self._use_block(block, number + STORE_STEPS)
        self.written[block.name] = number + STORE_STEPS
        target = InBlock(block.name, self.aliasing.begin_of.get(name, 0))
        self.result.stores.append(
            Store(operand.name, operand.offset, target, type_, box, number, name)
        )

    def _use_block(self, block: Block, number: int) -> None:
        first, last = self.result.block_use.get(block.name, (number, number))
        self.result.block_use[block.name] = (min(first, number), max(last, number))
