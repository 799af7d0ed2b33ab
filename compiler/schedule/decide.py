"""Chooses tile shapes and homes so that everything fits L1.

Everything starts resident and in one piece. Where a task needs too much, its node is cut further;
if it cannot be, the largest block that lives there moves out of L1; if there is none, the node's
operands are used where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.ir import Box, Graph, Node, TensorType
from compiler.memory.aliasing import Aliasing, Block, Home, share_memory
from compiler.schedule.arrange import DoesNotFitL1, arrange
from compiler.schedule.decisions import Decisions, tiles_of
from compiler.schedule.program import Program
from compiler.schedule.tasks import ALIGNMENT, Tasks, tasks_of
from compiler.target.soc import Cluster

STREAMED_BYTES = 12288
"""Constants of a tile beyond this are cut, if they can be, so that copies hide behind compute."""


def schedule(graph: Graph, cluster: Cluster, l1_bytes: int) -> Program:
    """A program for one entry point that uses at most `l1_bytes` of L1."""
    return _Search(graph, cluster, l1_bytes).run()


@dataclass
class _Search:
    graph: Graph
    cluster: Cluster
    l1_bytes: int
    resident: set[str] = field(default_factory=set[str])
    cuts: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    direct: set[str] = field(default_factory=set[str])

    def run(self) -> Program:
        aliasing = share_memory(self.graph, ALIGNMENT)
        self.resident = {
            block.name
            for block in aliasing.blocks
            if block.home in (Home.ARENA, Home.INPUT, Home.OUTPUT)
            and block.bytes <= self.l1_bytes // 2
            and not self._is_only_sparse(aliasing, block)
        }
        self.nodes = {node.name: node for node in self.graph.nodes}
        for node in self.graph.nodes:
            self._cut_constants(aliasing, node)
        while True:
            tasks = tasks_of(self.graph, self._decisions())
            try:
                return arrange(self.graph.name, tasks, self.cluster, self.l1_bytes)
            except DoesNotFitL1 as problem:
                self._relieve(aliasing, tasks, problem)

    def _decisions(self) -> Decisions:
        return Decisions(frozenset(self.resident), dict(self.cuts), frozenset(self.direct))

    def _is_only_sparse(self, aliasing: Aliasing, block: Block) -> bool:
        return False

    def _types(self, node: Node) -> list[TensorType | None]:
        return self.graph.input_types(node)

    def _cut_constants(self, aliasing: Aliasing, node: Node) -> None:
        """Cuts what reads many constants along the axis that divides them."""
        streamed = sum(
            self.graph.values[name].type.bytes
            for position, name in enumerate(node.inputs)
            if name is not None
            and aliasing.block_of[name].home is Home.CONSTANT
            and position not in node.operation.sparsely_read
        )
        parts = -(-streamed // STREAMED_BYTES)
        if parts < 2:
            return
        output = self.graph.values[node.outputs[0]].type
        axis = len(output.shape) - 1
        if axis not in node.operation.tile_axes(self._types(node)):
            return
        cuts = (*([1] * axis), parts)
        if self._allowed(aliasing, node, cuts):
            self.cuts[node.name] = cuts

    def _allowed(self, aliasing: Aliasing, node: Node, cuts: tuple[int, ...]) -> bool:
        """Whether tiles of resident operands are contiguous."""
        for tile in tiles_of(self.graph, node, cuts):
            boxes: list[tuple[str | None, Box | None]] = [
                *zip(node.inputs, tile.inputs, strict=True),
                (node.outputs[0], tile.output),
            ]
            for name, box in boxes:
                if name is None or box is None:
                    continue
                if aliasing.block_of[name].name in self.resident and not box.is_contiguous(
                    self.graph.values[name].type.shape
                ):
                    return False
        return True

    def _relieve(self, aliasing: Aliasing, tasks: Tasks, problem: DoesNotFitL1) -> None:
        number = min(max(problem.task, 1), len(tasks.tasks))
        task = next(task for task in tasks.tasks[number - 1 :: -1] if task is not None)
        node = self.nodes.get(task.node)
        if node is not None and self._cut_further(aliasing, node):
            return
        candidates = [
            block
            for block in aliasing.blocks
            if block.name in self.resident
            and (buffer := tasks.buffers.get(f"block:{block.name}")) is not None
            and buffer.first <= number <= buffer.last
        ]
        if candidates:
            chosen = max(candidates, key=lambda block: (block.bytes, block.name))
            self.resident.remove(chosen.name)
            return
        if task.node in self.direct or node is None:
            raise AssertionError(f"{task.node} cannot run at all") from problem
        self.direct.add(task.node)

    def _cut_further(self, aliasing: Aliasing, node: Node) -> bool:
        types = self._types(node)
        axes = node.operation.tile_axes(types)
        if not axes or node.name in self.direct:
            return False
        shape = self.graph.values[node.outputs[0]].type.shape
        now = self.cuts.get(node.name, (1,) * len(shape))
        resident = any(
            aliasing.block_of[name].name in self.resident
            for name in [*node.inputs, *node.outputs]
            if name is not None
        )
        for axis in axes:
            count = min(now[axis] * 2, shape[axis])
            if count == now[axis]:
                continue
            cuts = (*now[:axis], count, *now[axis + 1 :])
            if resident and not self._allowed(aliasing, node, cuts):
                continue
            if not self._smaller(node, now, cuts):
                continue
            self.cuts[node.name] = cuts
            return True
        return False

    def _smaller(self, node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> bool:
        """Whether the largest tile needs less memory that is not resident."""

        def largest(cuts: tuple[int, ...]) -> int:
            return max(
                self._tile_bytes(node, tile.inputs, tile.output)
                for tile in tiles_of(self.graph, node, cuts)
            )

        return largest(after) < largest(before)

    def _tile_bytes(self, node: Node, inputs: tuple[Box | None, ...], output: Box) -> int:
        aliasing = share_memory(self.graph, ALIGNMENT)
        total = 0
        for name, box in [*zip(node.inputs, inputs, strict=True), (node.outputs[0], output)]:
            if name is None or box is None or aliasing.block_of[name].name in self.resident:
                continue
            total += box.elements * self.graph.values[name].type.data_type.bytes
        return total
