"""Tasks: tiles of nodes, and the buffers and copies that they need.

A task's operands are in buffers of L1 or, for those that cores reach outside of it, at fixed
places. Buffers are filled by loads and emptied by stores; when these run and where buffers lie is
decided later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.ir import Box, Operation, TensorType
from compiler.memory.aliasing import Aliasing
from compiler.schedule.decisions import Decisions
from compiler.schedule.program import Extent, Place

ALIGNMENT = 8
"""Bytes: of every tensor and piece, inside and outside of L1; what the DMA moves in a cycle."""


def aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class InBuffer:
    """`offset` bytes into the L1 buffer `name`."""

    name: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class InBlock:
    """`offset` bytes into a memory block outside of L1."""

    block: str
    offset: int = 0


Operand = InBuffer | InBlock | Place


@dataclass
class Buffer:
    """L1 memory; tasks `first` to `last` compute with it."""

    name: str
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Load:
    """What brings part of a tensor into a buffer, before task `need`.

    `after` is the step at whose end the source is complete, -1 if it always is. `rows`: the axis
    and the extent of the rows that are in use, if only these come, of a whole tensor.
    """

    buffer: str
    offset: int
    source: Place | InBlock
    type: TensorType
    box: Box
    need: int
    after: int
    what: str
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Store:
    """What takes part of a tensor out of a buffer after task `task`."""

    buffer: str
    offset: int
    target: InBlock
    type: TensorType
    box: Box
    task: int
    what: str


@dataclass
class Contents:
    """Constants one behind the other, equal ones once; `starts` are their offsets."""

    alignment: int = 32
    data: bytearray = field(default_factory=bytearray)
    starts: list[int] = field(default_factory=list[int])
    places: dict[bytes, int] = field(default_factory=dict[bytes, int])

    def add(self, data: bytes) -> int:
        """The offset of a constant."""
        if data not in self.places:
            self.places[data] = len(self.data)
            self.starts.append(len(self.data))
            self.data += data + bytes(-len(data) % self.alignment)
        return self.places[data]


STORE_STEPS = 1
"""A copy out of L1 begins in the step after its task and is due after that many steps."""


MOST_TASKS = 4
"""Of a step: what all of them need must be there when it begins."""


@dataclass(frozen=True)
class Task:
    """One kernel call; `operands` are inputs, outputs, scratch."""

    node: str
    tile: int
    operation: Operation
    inputs: tuple[TensorType | None, ...]
    outputs: tuple[TensorType, ...]
    operands: tuple[Operand | None, ...]
    boxes: tuple[Box | None, ...] = ()
    repeated: bool = False
    extents: tuple[tuple[int, int], ...] = ()


@dataclass
class Tasks:
    """All tasks of an entry point.

    Those of one step are independent and run together. Steps are numbered from 1: step 0 is the
    time before the first. In a step without tasks cores only wait for copies.
    """

    aliasing: Aliasing
    decisions: Decisions
    """What the tasks follow from."""
    steps: list[tuple[Task, ...]] = field(default_factory=list[tuple[Task, ...]])
    buffers: dict[str, Buffer] = field(default_factory=dict[str, Buffer])
    loads: list[Load] = field(default_factory=list[Load])
    stores: list[Store] = field(default_factory=list[Store])
    constants: Contents = field(default_factory=lambda: Contents(ALIGNMENT))
    weights: Contents = field(default_factory=Contents)
    """Of weight memory."""
    block_use: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """First and last task that use a block outside of L1."""
    extents: tuple[Extent, ...] = ()
    shares_constants: bool = False
    """Whether some are copied once for several nodes."""

    def touch(self, name: str, size: int, number: int) -> InBuffer:
        """A buffer that task `number` uses; it has the most bytes that any asks for."""
        buffer = self.buffers.get(name)
        if buffer is None:
            self.buffers[name] = Buffer(name, size, number, number)
        else:
            buffer.bytes = max(buffer.bytes, size)
            buffer.last = max(buffer.last, number)
        return InBuffer(name)
