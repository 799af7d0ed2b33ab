"""Chooses tile shapes and homes: the fewest modelled cycles that fit L1.

Where every tensor can be resident and every node can run in the way that is fastest then, nothing
is to be decided: no choice is better. Else a constraint program weighs, for each block of memory,
whether it is resident, and for each node, how it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compiler.ir import Graph, Node
from compiler.memory.aliasing import Aliasing, Block, Home
from compiler.schedule.candidates import (
    Candidate,
    copy_cycles,
)
from compiler.schedule.decisions import Decisions
from compiler.schedule.table_size import TRANSFER_BYTES
from compiler.schedule.task import aligned
from compiler.target.soc import Cluster

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SEARCH_LIMIT = 1.0
"""Deterministic time (the solver's unit, about a second)."""

NO_LIMIT = 1 << 40
"""Bytes of L1 where tables do not count."""


@dataclass(frozen=True)
class Choice:
    """A node, its place in the order, and its candidates."""

    node: Node
    step: int
    candidates: list[Candidate]

    @property
    def least_bytes(self) -> int:
        """The least L1 with which the node runs when it has all for itself."""
        return min(candidate.least_bytes for candidate in self.candidates)

    def fewest_tables(self, tile_bytes: int) -> Candidate:
        """The candidate for tiles of so many bytes, or of the fewest, with the least tables."""
        limit = max(tile_bytes, self.least_bytes)
        fitting = [c for c in self.candidates if c.least_bytes <= limit]
        return min(fitting, key=lambda c: (c.most_table_bytes, c.least_bytes))


def choices_of(
    graph: Graph,
    aliasing: Aliasing,
    cluster: Cluster,
    candidates: Callable[[Graph, Node, Aliasing, Cluster], list[Candidate]],
) -> list[Choice]:
    result: list[Choice] = []
    for step, node in enumerate(graph.nodes):
        types = graph.output_types(node)
        kernel = node.operation.kernel(graph.input_types(node), types)
        if kernel is not None and any(type_.elements for type_ in types):
            result.append(Choice(node, step, candidates(graph, node, aliasing, cluster)))
    return result


def decisions_of(resident: set[str], chosen: Mapping[str, Candidate]) -> Decisions:
    return Decisions(
        frozenset(resident),
        {name: c.cuts for name, c in chosen.items() if c.cuts is not None},
        frozenset(name for name, candidate in chosen.items() if candidate.direct),
    )


class Model:
    """The choice of residents and cuts, for one budget."""

    def __init__(
        self,
        graph: Graph,
        aliasing: Aliasing,
        choices: Sequence[Choice],
        cluster: Cluster,
        budget: int,
    ) -> None:
        self._graph = graph
        self._aliasing = aliasing
        self._choices = choices
        self._cluster = cluster
        self._budget = budget
        self._spans = _spans(graph, aliasing)
        self._homes = {block.name: block.home for block in aliasing.blocks}
        self._blocks = [
            block
            for block in aliasing.blocks
            if (
                block.home in (Home.ARENA, Home.INPUT, Home.OUTPUT)
                or _is_updated_state(graph, aliasing, block)
            )
            and 0 < aligned(block.bytes) <= budget
        ]

    def all_resident(self) -> Decisions | None:
        """What is fastest with every tensor in L1, if that fits: then nothing else is faster.

        Only what comes from the caller for the first node, or goes back from the last one, may
        pass in tiles.
        """
        resident = {block.name for block in self._blocks}
        chosen: dict[str, Candidate] = {}
        for choice in self._choices:
            best = self._fastest(choice, resident)
            passing = self._passing(choice) & resident
            if passing:
                other = self._fastest(choice, resident - passing)
                before = self._cost(choice, best, resident)
                if self._cost(choice, other, resident - passing) < before:
                    best, resident = other, resident - passing
            chosen[choice.node.name] = best
        return decisions_of(resident, chosen) if self._fits(resident, chosen) else None

    def _passing(self, choice: Choice) -> set[str]:
        """Inputs that only the first node uses, and outputs that only the last one does."""
        homes: set[Home] = set()
        if choice is self._choices[0]:
            homes.add(Home.INPUT)
        if choice is self._choices[-1]:
            homes.add(Home.OUTPUT)
        return {
            block.name
            for block in self._blocks
            if block.home in homes and self._spans.get(block.name) == (choice.step, choice.step)
        }

    def _fastest(self, choice: Choice, resident: set[str]) -> Candidate:
        """The best candidate if exactly `resident` are; a direct one only if there is no other."""
        possible = [
            candidate
            for candidate in choice.candidates
            if all(
                stream.contiguous for name, stream in candidate.operands.items() if name in resident
            )
        ]
        return min(possible, key=lambda candidate: self._cost(choice, candidate, resident))

    def _cost(
        self, choice: Choice, candidate: Candidate, resident: set[str]
    ) -> tuple[int, int, int]:
        traffic, transfers = candidate.constant_traffic, candidate.steps
        for name, stream in candidate.operands.items():
            if name not in resident:
                traffic += stream.traffic
                transfers += stream.transfers
        copies = copy_cycles(traffic, transfers, self._cluster)
        # What the first tile waits for cannot hide behind the node's own compute.
        exposed = copy_cycles(candidate.constant_traffic, candidate.steps, self._cluster)
        cycles = max(candidate.compute, copies) + exposed // candidate.steps // 2
        for name in self._passing(choice):
            stream = candidate.operands[name]
            arrives = self._homes[name] is Home.INPUT
            first = stream.traffic if name in resident else stream.first_bytes
            cycles += copy_cycles(first if arrives else stream.last_bytes, 1, self._cluster)
        return cycles, traffic, candidate.steps

    def _live_blocks(self, step: int) -> list[Block]:
        """Blocks that are in L1 while a node runs, if they are resident."""
        return [
            block
            for block in self._blocks
            if block.name in self._spans
            and self._spans[block.name][0] <= step
            and step <= self._spans[block.name][1] + (1 if block.home is Home.OUTPUT else 0)
        ]

    def _fits(self, resident: set[str], chosen: Mapping[str, Candidate]) -> bool:
        for choice in self._choices:
            candidate = chosen[choice.node.name]
            used = candidate.fixed_bytes
            used += sum(
                aligned(b.bytes) for b in self._live_blocks(choice.step) if b.name in resident
            )
            used += sum(s.tile_bytes for n, s in candidate.operands.items() if n not in resident)
            if used > self._budget:
                return False
        return True

    def solve(self, total: int) -> Decisions | None:
        """The best that the constraint program finds; None if it finds nothing.

        `total` is what tables may take as well.
        """
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        resident = {block.name: model.new_bool_var("") for block in self._blocks}
        picked: dict[str, list[cp_model.IntVar]] = {}
        tables: list[cp_model.LinearExprT] = []
        peak = model.new_int_var(0, self._budget, "")
        costs: list[cp_model.LinearExprT] = []
        for choice in self._choices:
            variables = [model.new_bool_var("") for _ in choice.candidates]
            picked[choice.node.name] = variables
            model.add_exactly_one(variables)
            costs += self._add_node(model, choice, variables, resident, peak, tables)
        if total < NO_LIMIT:
            model.add(sum([peak, *tables]) <= total)
        model.minimize(sum(costs))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = SEARCH_LIMIT
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        chosen = {
            choice.node.name: candidate
            for choice in self._choices
            for candidate, variable in zip(choice.candidates, picked[choice.node.name], strict=True)
            if solver.value(variable)
        }
        kept = {name for name, variable in resident.items() if solver.value(variable)}
        return decisions_of(kept, chosen)

    def _add_node(
        self,
        model: cp_model.CpModel,
        choice: Choice,
        variables: Sequence[cp_model.IntVar],
        resident: Mapping[str, cp_model.IntVar],
        peak: cp_model.IntVar,
        tables: list[cp_model.LinearExprT],
    ) -> list[cp_model.LinearExprT]:
        """Constraints of one node; returns what it adds to the objective, and adds to `tables`."""
        live = {block.name: aligned(block.bytes) for block in self._live_blocks(choice.step)}
        used: list[cp_model.LinearExprT] = [size * resident[name] for name, size in live.items()]
        time = model.new_int_var(0, 1 << 40, "")
        tie: list[cp_model.LinearExprT] = []
        for candidate, variable in zip(choice.candidates, variables, strict=True):
            used.append(candidate.fixed_bytes * variable)
            tables.append(candidate.table_bytes * variable)
            fixed = copy_cycles(candidate.constant_traffic, candidate.steps, self._cluster)
            copies: list[cp_model.LinearExprT] = [fixed]
            for name, stream in candidate.operands.items():
                cycles = copy_cycles(stream.traffic, stream.transfers, self._cluster)
                entries = TRANSFER_BYTES * stream.transfers
                if name not in resident:
                    used.append(stream.tile_bytes * variable)
                    tables.append(entries * variable)
                    copies.append(cycles)
                    continue
                if not stream.contiguous:
                    model.add_implication(variable, resident[name].negated())
                away = model.new_bool_var("")
                model.add_bool_or([variable.negated(), resident[name], away])
                model.add_implication(away, variable)
                used.append(stream.tile_bytes * away)
                tables.append(entries * away)
                copies.append(cycles * away)
                tie.append(stream.traffic * away)
            model.add(time >= candidate.compute).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
            model.add(time >= sum(copies)).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
            tie.append(candidate.steps * variable)
        model.add(sum(used) <= peak)
        # Cycles come first; bytes that are copied cost something even where they hide.
        return [time * 16, *tie]


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
