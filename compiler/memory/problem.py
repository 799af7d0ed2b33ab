"""The placement problem and its solution as plain data.

Both have a canonical JSON form (`problem.json`, `placement.json`), so that solving can be a build
action of its own: its input depends on shapes, order and aliasing only, and a change of weights
alone does not solve anything again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import gcd

import numpy as np
import numpy.typing as npt

from compiler.memory.memory_map import FORMAT, dump_json, load_json


@dataclass(frozen=True, slots=True)
class Buffer:
    """A block of the arena with a lifetime.

    Args:
        name: unique in its problem: `value:<value>`, `scratch:<node>` or `temporary:<value>`.
        bytes: size, at least 1.
        alignment: of the offset, in bytes; a power of two.
        first: the first step at which the block is in use.
        last: the last step at which it is in use, inclusive.
    """

    name: str
    bytes: int
    alignment: int
    first: int
    last: int

    def __post_init__(self) -> None:
        if self.bytes < 1 or self.alignment < 1 or self.alignment & (self.alignment - 1):
            raise ValueError(f"buffer {self.name!r}: {self.bytes} bytes aligned {self.alignment}")
        if not 0 <= self.first <= self.last:
            raise ValueError(f"buffer {self.name!r}: alive from {self.first} to {self.last}")


@dataclass(frozen=True)
class PlacementProblem:
    """Buffers of one entry point that need offsets in the arena.

    Steps are the indices of the graph's nodes; step `steps - 1` is the end of the run, after the
    last node, when results are copied to where they must be. Buffers are sorted by `first`, then
    `last`, then `name`.
    """

    graph: str
    steps: int
    buffers: tuple[Buffer, ...]

    def __post_init__(self) -> None:
        ordered = sorted(self.buffers, key=lambda b: (b.first, b.last, b.name))
        object.__setattr__(self, "buffers", tuple(ordered))
        if len({buffer.name for buffer in self.buffers}) != len(self.buffers):
            raise ValueError(f"{self.graph}: buffer names are not unique")
        if any(buffer.last >= self.steps for buffer in self.buffers):
            raise ValueError(f"{self.graph}: a buffer lives past step {self.steps - 1}")

    @cached_property
    def granule(self) -> int:
        """Bytes: the largest unit that divides every alignment; sizes are rounded up to it."""
        return gcd(*(buffer.alignment for buffer in self.buffers)) if self.buffers else 1

    def rounded_bytes(self, buffer: Buffer) -> int:
        return -(-buffer.bytes // self.granule) * self.granule

    def live_bytes(self) -> npt.NDArray[np.int64]:
        """Rounded bytes in use at every step."""
        change = np.zeros(self.steps + 1, np.int64)
        for buffer in self.buffers:
            change[buffer.first] += self.rounded_bytes(buffer)
            change[buffer.last + 1] -= self.rounded_bytes(buffer)
        return np.cumsum(change)[:-1]

    @property
    def bound(self) -> int:
        """Bytes no placement can do without: the most that is in use at one step."""
        return int(self.live_bytes().max(initial=0))


@dataclass(frozen=True)
class Placement:
    """Offsets for the buffers of one problem.

    Args:
        graph: the problem's name.
        offsets: bytes from the start of the arena, by buffer name.
        peak: bytes of arena needed, sizes rounded to the problem's granule.
        bound: a proven lower bound of `peak`, in bytes.
        method: what found it: a heuristic's name, or `cp-sat`.
    """

    graph: str
    offsets: Mapping[str, int]
    peak: int
    bound: int
    method: str

    @property
    def optimal(self) -> bool:
        return self.peak == self.bound

    @property
    def gap(self) -> float:
        """How far the peak is above the proven bound: 0.05 is 5 %."""
        return self.peak / self.bound - 1 if self.bound else 0.0


def problems_to_json(problems: Sequence[PlacementProblem]) -> str:
    """`problem.json`: the problems of all entry points, canonical."""
    return dump_json(
        {
            "format": FORMAT,
            "problems": [
                {
                    "graph": problem.graph,
                    "steps": problem.steps,
                    "buffers": [asdict(buffer) for buffer in problem.buffers],
                }
                for problem in problems
            ],
        }
    )


def problems_from_json(text: str) -> tuple[PlacementProblem, ...]:
    """The inverse of `problems_to_json`. Raises ValueError if the text is not of that form."""
    return tuple(
        PlacementProblem(
            entry["graph"],
            entry["steps"],
            tuple(Buffer(**buffer) for buffer in entry["buffers"]),
        )
        for entry in load_json(text, "placement problem")["problems"]
    )


def placements_to_json(placements: Sequence[Placement]) -> str:
    """`placement.json`: the solutions, in the order of the problems, canonical."""
    return dump_json(
        {"format": FORMAT, "placements": [asdict(placement) for placement in placements]}
    )


def placements_from_json(text: str) -> tuple[Placement, ...]:
    """The inverse of `placements_to_json`. Raises ValueError if the text is not of that form."""
    return tuple(Placement(**entry) for entry in load_json(text, "placement")["placements"])
