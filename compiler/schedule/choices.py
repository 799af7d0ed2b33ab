"""What is to be decided about a graph: how each node runs, and which tensors stay in L1."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from compiler.ir import Graph, Node
from compiler.memory.aliasing import Aliasing, Block, Home
from compiler.schedule.candidates import Candidate, chain_candidates
from compiler.schedule.chains import chains_of
from compiler.schedule.decisions import Decisions, runs_kernel
from compiler.schedule.sub_problems import SubProblem, sub_problem
from compiler.schedule.task import aligned
from compiler.target.soc import Cluster


@dataclass(frozen=True)
class Choice:
    """A node, its place in the order, and its candidates."""

    node: Node
    step: int
    candidates: list[Candidate]

    @cached_property
    def least_bytes(self) -> int:
        """The least L1 with which the node runs when it has all for itself."""
        return min(candidate.least_bytes for candidate in self.candidates)

    def fewest_tables(self, tile_bytes: int) -> Candidate:
        """The candidate for tiles of so many bytes, or of the fewest, with the least tables."""
        limit = max(tile_bytes, self.least_bytes)
        fitting = [c for c in self.candidates if c.least_bytes <= limit]
        return min(fitting, key=lambda c: (c.most_table_bytes, c.least_bytes))


@dataclass(frozen=True)
class ChainChoice:
    """Nodes to compute depth-first in one way; `steps` and `inner_blocks` are what is in L1."""

    nodes: tuple[Node, ...]
    steps: range
    inner_blocks: frozenset[str]
    candidate: Candidate


class Choices:
    """All nodes with their candidates, and the memory blocks that may be resident.

    Attributes:
        graph, aliasing, cluster: what is scheduled, and where.
        nodes: those that run a kernel.
        blocks: what may be resident.
        spans: by block, the first and the last node that uses it.
    """

    def __init__(
        self,
        graph: Graph,
        aliasing: Aliasing,
        cluster: Cluster,
        candidates: Callable[[Graph, Node, Aliasing, Cluster], list[Candidate]],
    ) -> None:
        self.graph = graph
        self.aliasing = aliasing
        self.cluster = cluster
        self._known: dict[Hashable, tuple[SubProblem, list[Candidate]]] = {}
        self.nodes: list[Choice] = []
        for step, node in enumerate(graph.nodes):
            if runs_kernel(graph, node):
                make = partial(candidates, graph, node, aliasing, cluster)
                self.nodes.append(Choice(node, step, self._once([node], make)))
        self.spans = _spans(graph, aliasing)
        self.blocks = [
            block
            for block in aliasing.blocks
            if (
                block.home in (Home.ARENA, Home.INPUT, Home.OUTPUT)
                or _is_updated_state(graph, aliasing, block)
            )
            and aligned(block.bytes)
        ]

    def live_blocks(self, step: int) -> list[Block]:
        """Blocks that are in L1 while a node runs, if they are resident."""
        return [
            block
            for block in self.blocks
            if block.name in self.spans
            and self.spans[block.name][0] <= step
            and step <= self.spans[block.name][1] + (1 if block.home is Home.OUTPUT else 0)
        ]

    def chains(self, decisions: Decisions) -> list[ChainChoice]:
        """Chains whose nodes hand on tensors that are not resident by `decisions`."""
        aliasing = self.aliasing
        steps = {choice.node.name: choice.step for choice in self.nodes}
        result: list[ChainChoice] = []
        for nodes in chains_of(self.graph, aliasing, [choice.node for choice in self.nodes]):
            inner = {node.outputs[0] for node in nodes[:-1]}
            blocks = {aliasing.block_of[name].name for name in inner}
            if blocks & decisions.resident:
                continue
            outer = {name for node in nodes for name in [*node.inputs, *node.outputs]} - inner
            blocks -= {aliasing.block_of[name].name for name in outer if name is not None}
            span = range(steps[nodes[0].name], steps[nodes[-1].name] + 1)
            make = partial(chain_candidates, self.graph, nodes, aliasing, self.cluster)
            result += [
                ChainChoice(nodes, span, frozenset(blocks), candidate)
                for candidate in self._once(nodes, make)
            ]
        return result

    def _once(
        self, nodes: Sequence[Node], make: Callable[[], Iterable[Candidate]]
    ) -> list[Candidate]:
        """Candidates of nodes: made, or those of an equal sub-problem with the names of this."""
        problem = sub_problem(self.graph, nodes, self.aliasing)
        if problem.key not in self._known:
            self._known[problem.key] = problem, list(make())
        solved, candidates = self._known[problem.key]
        if solved is problem:
            return candidates
        names = solved.names_for(problem)
        return [
            replace(
                candidate,
                operands={names[name]: stream for name, stream in candidate.operands.items()},
            )
            for candidate in candidates
        ]


def decisions_of(
    resident: set[str],
    chosen: Mapping[str, Candidate],
    chains: Sequence[ChainChoice] = (),
) -> Decisions:
    cut = {**chosen, **{chain.nodes[-1].name: chain.candidate for chain in chains}}
    return Decisions(
        frozenset(resident),
        {name: c.cuts for name, c in cut.items() if c.cuts is not None},
        frozenset(name for name, candidate in chosen.items() if candidate.direct),
        tuple(tuple(node.name for node in chain.nodes) for chain in chains),
    )


def _spans(graph: Graph, aliasing: Aliasing) -> dict[str, tuple[int, int]]:
    """By block, the first and the last node that uses it."""
    spans: dict[str, tuple[int, int]] = {}
    for step, node in enumerate(graph.nodes):
        for name in [*node.inputs, *node.outputs]:
            if name is not None:
                block = aliasing.block_of[name].name
                spans[block] = (spans.get(block, (step, step))[0], step)
    for transfer in aliasing.transfers:
        for block in (transfer.source, transfer.target):
            first, last = spans.get(block.name, (transfer.step, transfer.step))
            spans[block.name] = (min(first, transfer.step), max(last, transfer.step))
    return spans


def _is_updated_state(graph: Graph, aliasing: Aliasing, block: Block) -> bool:
    """Whether nodes only ever update parts of a state: then it can be in L1 as well."""
    if block.home is not Home.STATE or any(
        block in (transfer.source, transfer.target) for transfer in aliasing.transfers
    ):
        return False
    writers = [
        node
        for node in graph.nodes
        for name in node.outputs
        if aliasing.block_of[name] is block and node.operation.view_of is None
    ]
    return all(node.operation.updates is not None for node in writers)
