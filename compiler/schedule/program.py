"""A program for a cluster: steps of kernel calls, and copies that run beside them.

All workers run the calls of a step together and meet at its end. The control core starts the
step's copies when the step begins, and ends the step only when all copies that are due have
arrived. A copy may be due in a later step than it was started in: it then runs beside all calls in
between. So a tile's operands are due in an earlier step than its calls, and its results are copied
from the next step on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from compiler.ir import Box, Operation, TensorType
from compiler.schedule.program_plan import ProgramPlan

MAXIMUM_TRANSFER_BYTES = 0x1FFFF
FORBIDDEN_LINE_BYTES = 4
"""Copies of many lines of this length are not to be trusted: hardware and models disagree."""


SLOTS = 15
"""How many groups of copies, begun in one step and due in another, may be under way at a time;
TW_SCHEDULE_SLOTS of tilewright/schedule.h."""


class Space(Enum):
    """Memories that a program addresses; each has its own offsets, from 0."""

    L1 = "l1"
    CONSTANTS = "constants"
    WEIGHT_MEMORY = "weight memory"
    ARENA = "arena"
    STATE = "state"
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """`offset` bytes into a memory; `key` is the name of a state, the index of an input."""

    space: Space
    offset: int
    key: str | int = ""

    def __add__(self, offset: int) -> Place:
        return Place(self.space, self.offset + offset, self.key)


NOMINAL_SHARE = 4
"""Predictions are for extents of this part of the longest: a cache that is a quarter full."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows of some states are in use in a run: what is behind them is not copied.

    The least multiple of `granule`, but at most `maximum`, that is at least `offset`, which is
    positive, plus the value of interface input `input` (int32, one element) if that is.
    """

    input: int
    offset: int
    granule: int
    maximum: int

    def at(self, value: int) -> int:
        """Rows for a value of the input."""
        granules = -(-(max(value, 0) + self.offset) // self.granule)
        return min(granules * self.granule, self.maximum)

    @property
    def possible(self) -> tuple[int, ...]:
        """All numbers of rows that there can be, from the fewest."""
        return (*range(self.at(0), self.maximum, self.granule), self.maximum)

    @property
    def nominal(self) -> int:
        """Rows for which predictions are made: not fewer than the first run has."""
        return self.at(max(0, self.maximum // NOMINAL_SHARE - self.offset))


@dataclass(frozen=True, slots=True)
class Transfer:
    """A copy between L1, where its lines are packed, and another memory.

    Attributes:
        load: to L1, else from there.
        l1: offset in L1, bytes.
        external: the first line outside.
        line_bytes, lines: one line is a plain copy.
        stride: bytes from line to line outside.
        due: the last step beside which it runs.
        what: the tensor, for comments.
        extent: index of the extent on which the length of lines depends: so many times
            `row_bytes`. `line_bytes` is then the length of the longest.
    """

    load: bool
    l1: int
    external: Place
    line_bytes: int
    lines: int
    stride: int
    due: int
    what: str
    extent: int | None = None
    row_bytes: int = 0

    @property
    def bytes(self) -> int:
        return self.line_bytes * self.lines


@dataclass(frozen=True)
class Call:
    """A kernel's call: one tile of a node.

    `operands` are inputs, outputs and scratch memory in the kernel's order, None if absent; `boxes`
    are the parts of the node's inputs and of its output 0 that they hold. A call that only copies
    a value has no node of its own. An update of a state that is in L1 is `repeated` where the state
    lives, or in L1 if there are only the rows in use.

    `extents`: (input, index of the extent) of the operands that are in L1 with their rows in use
    only. All else is then said of the longest extent. `shortened`: (input, rows) of the same in a
    program for given extents.
    """

    node: str
    tile: int
    operation: Operation
    inputs: tuple[TensorType | None, ...]
    outputs: tuple[TensorType, ...]
    operands: tuple[Place | None, ...]
    boxes: tuple[Box | None, ...] = ()
    repeated: bool = False
    extents: tuple[tuple[int, int], ...] = ()
    shortened: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Step:
    transfers: tuple[Transfer, ...] = ()
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class L1Buffer:
    """Memory of L1, or of the arena outside, with a purpose, and the steps in which it has it.

    `kind` is `tensor`, `tile`, `constants` or `scratch`; `what` is the tensor or the node. Steps go
    from `first` to `last`.
    """

    kind: str
    what: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Program:
    """One entry point's program.

    Attributes:
        graph: name of the entry point.
        steps: the first has no calls: it brings what the second needs.
        constants: content of `Space.CONSTANTS`.
        segments: where in it one constant, or what is copied with it, ends and the next begins.
        weights: content of `Space.WEIGHT_MEMORY`.
        weight_segments: where in it one constant ends and the next begins.
        buffers: what is in L1, by offset within each step.
        l1_bytes, arena_bytes: how much of these memories is in use.
        l1_bound: the most bytes of L1 that are live at one step.
        arena_buffers: the tensors in the arena outside of L1, as `buffers`.
        extents: what transfers and calls depend on at run time; empty if on nothing.
        plan: what was decided when it was made, if it is not written by hand.
    """

    graph: str
    steps: tuple[Step, ...]
    constants: bytes
    segments: tuple[int, ...]
    buffers: tuple[L1Buffer, ...]
    l1_bytes: int
    l1_bound: int
    arena_bytes: int
    arena_buffers: tuple[L1Buffer, ...] = ()
    extents: tuple[Extent, ...] = ()
    weights: bytes = b""
    weight_segments: tuple[int, ...] = (0,)
    plan: ProgramPlan | None = field(default=None, compare=False, repr=False)
