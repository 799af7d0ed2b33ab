"""Parts of a graph that are scheduled alike, whatever they are called: each is solved once.

Layers that repeat have the same operations (without the numbers that only arithmetic depends on)
on tensors of the same types. What is decided about them then differs in names only.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from compiler.ir import Graph, Node
from compiler.memory.aliasing import Aliasing


@dataclass(frozen=True)
class SubProblem:
    """Consecutive nodes.

    Attributes:
        key: equal for nodes with the same candidates, but for the names of blocks.
        blocks: the names of memory blocks that the nodes use, in the order of their first use.
    """

    key: Hashable
    blocks: tuple[str, ...]

    def names_for(self, other: SubProblem) -> Mapping[str, str]:
        """The blocks of an equal problem, by the names that this one has for them."""
        return dict(zip(self.blocks, other.blocks, strict=True))


def sub_problem(graph: Graph, nodes: Sequence[Node], aliasing: Aliasing) -> SubProblem:
    """What candidates of nodes, or of a chain of them, depend on."""
    values: dict[str, int] = {}
    blocks: dict[str, int] = {}

    def operand(name: str | None) -> Hashable:
        if name is None:
            return None
        block = aliasing.block_of[name]
        return (
            values.setdefault(name, len(values)),
            graph.values[name].type,
            graph.values[name].constant is not None,
            blocks.setdefault(block.name, len(blocks)),
            block.home,
            block.bytes,
        )

    key = tuple(
        (
            node.operation,
            tuple(operand(name) for name in node.inputs),
            tuple(operand(name) for name in node.outputs),
        )
        for node in nodes
    )
    return SubProblem(key, tuple(blocks))
