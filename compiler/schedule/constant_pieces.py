"""Constants of tasks: which parts are copied together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.ir import Array, Box, DataType, Graph, Node, TensorType, Tile
from compiler.memory.aliasing import Home
from compiler.schedule.decisions import Decisions
from compiler.schedule.program import Place, Space
from compiler.schedule.task import InBuffer, Load, Operand, Tasks, aligned

_BYTE = DataType.UINT8


class ConstantPieces:
    """Adds the constants of nodes to `tasks`."""

    def __init__(self, graph: Graph, decisions: Decisions, tasks: Tasks) -> None:
        self._graph = graph
        self._decisions = decisions
        self._tasks = tasks
        self._kept: dict[tuple[tuple[str | None, Box], ...], str] = {}

    def of(
        self, node: Node, tiles: Sequence[Tile], numbers: Sequence[int]
    ) -> dict[tuple[int, int], Operand]:
        """Operands (tile, position) that are parts of constants, loaded in as few copies as can be.

        Parts that the same tiles use travel together and lie one after the other. `numbers` are
        the tiles' steps.
        """
        users: dict[tuple[int, Box], list[int]] = {}
        for index, tile in enumerate(tiles):
            for position, name in enumerate(node.inputs):
                box = tile.inputs[position]
                if name is None or box is None or not self._is_streamed(node, position, name):
                    continue
                users.setdefault((position, box), []).append(index)
        bundles: dict[tuple[int, ...], list[tuple[int, Box]]] = {}
        for part, indices in users.items():
            bundles.setdefault(tuple(indices), []).append(part)
        result: dict[tuple[int, int], Operand] = {}
        for number, (indices, parts) in enumerate(bundles.items()):
            data = bytearray()
            offsets: list[int] = []
            for position, box in parts:
                offsets.append(len(data))
                data += np.ascontiguousarray(self._content(node, position)[box.slices]).tobytes()
                data += bytes(aligned(len(data)) - len(data))
            buffer = f"constants:{node.name}:{number}"
            if self._decisions.keeps_shared:
                # Names, not contents: what is planned does not depend on the values of weights.
                key = tuple((node.inputs[position], box) for position, box in parts)
                buffer = self._kept.setdefault(key, buffer)
            if buffer in self._tasks.buffers:
                self._tasks.shares_constants = True
            elif data:
                self._load_constants(node, buffer, bytes(data), numbers[indices[0]])
            self._tasks.touch(buffer, len(data), numbers[indices[0]])
            self._tasks.touch(buffer, len(data), numbers[indices[-1]])
            for (position, _), offset in zip(parts, offsets, strict=True):
                for index in indices:
                    result[index, position] = InBuffer(buffer, offset)
        return result

    def _load_constants(self, node: Node, buffer: str, data: bytes, need: int) -> None:
        type_ = TensorType(_BYTE, (len(data),))
        place = Place(Space.CONSTANTS, self._tasks.constants.add(data))
        what = f"constants of {node.name}"
        self._tasks.loads.append(
            Load(buffer, 0, place, type_, Box.whole(type_.shape), need, -1, what)
        )

    def _is_streamed(self, node: Node, position: int, name: str) -> bool:
        return (
            self._tasks.aliasing.block_of[name].home is Home.CONSTANT
            and position not in node.operation.sparsely_read
            and position not in node.operation.weight_memory_inputs
            and node.name not in self._decisions.direct
        )

    def _content(self, node: Node, position: int) -> Array:
        name = node.inputs[position]
        assert name is not None
        block = self._tasks.aliasing.block_of[name]
        data = self._graph.values[block.name].constant
        assert data is not None
        return data.reshape(self._graph.values[name].type.shape)
