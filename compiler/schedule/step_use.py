"""Which memory the nodes of one step use: what decides whether another one can run beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from compiler.ir import Graph, Node
from compiler.memory.aliasing import Aliasing, Home

Range = tuple[str, int, int]
"""A block, and from which byte of it up to which one."""


@dataclass
class StepUse:
    """Bytes that nodes of a step read, and write, as they are in a graph's blocks."""

    read: set[Range] = field(default_factory=set[Range])
    written: set[Range] = field(default_factory=set[Range])

    @staticmethod
    def of(graph: Graph, aliasing: Aliasing, node: Node) -> StepUse:
        """Constants are left out: nothing writes them."""

        def ranges(names: Iterable[str | None]) -> set[Range]:
            found: set[Range] = set()
            for name in names:
                if name is None or aliasing.block_of[name].home is Home.CONSTANT:
                    continue
                begin = aliasing.begin_of.get(name, 0)
                end = begin + graph.values[name].type.bytes
                found.add((aliasing.block_of[name].name, begin, end))
            return found

        return StepUse(ranges(node.inputs), ranges(node.outputs))

    def allows(self, other: StepUse) -> bool:
        """Whether nodes of `other` may run at the same time as these."""
        return not (
            _meet(other.read, self.written)
            or _meet(other.written, self.written)
            or _meet(other.written, self.read)
        )

    def add(self, other: StepUse) -> None:
        self.read |= other.read
        self.written |= other.written


def _meet(first: set[Range], second: set[Range]) -> bool:
    return any(
        a == b and begin < other_end and other_begin < end
        for a, begin, end in first
        for b, other_begin, other_end in second
    )
