"""Chooses tile shapes and homes: the fewest modelled cycles that fit L1.

Where every tensor can be resident and every node can run in the way that is fastest then, nothing
is to be decided: no choice is better. Else a constraint program weighs, for each block of memory,
whether it is resident, and for each node, how it is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from compiler.errors import Code, CompileError, Problem
from compiler.ir import Graph, Node
from compiler.memory.aliasing import Aliasing, Block, Home, share_memory
from compiler.schedule.arrange import DoesNotFitL1, arrange
from compiler.schedule.candidates import (
    Candidate,
    candidates_of,
    chain_candidates,
    copy_cycles,
    streaming_candidates,
)
from compiler.schedule.chains import chains_of
from compiler.schedule.decisions import Decisions
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.program import Program
from compiler.schedule.task import ALIGNMENT, aligned
from compiler.schedule.tasks import tasks_of
from compiler.target.soc import Cluster

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

SEARCH_LIMIT = 1.0
"""Deterministic time (the solver's unit, about a second)."""

CYCLE_COST = 16
"""Cycles come first; bytes that are copied cost 1 even where they hide."""

RETRIES = 12
"""How often less of L1 is planned with, because lifetimes leave gaps between buffers."""


def schedule(graph: Graph, cluster: Cluster, l1_bytes: int) -> Program:
    """A program for one entry point that uses at most `l1_bytes` of L1.

    Raises:
        CompileError: DOES_NOT_FIT for every node that needs more than that, however it runs.
    """
    aliasing = share_memory(graph, ALIGNMENT)
    choices = _choices(graph, aliasing, cluster, streaming_candidates)
    decisions = _Model(graph, aliasing, choices, cluster, l1_bytes).all_resident()
    if decisions is not None:
        try:
            return _arranged(graph, decisions, cluster, l1_bytes)
        except DoesNotFitL1:
            pass
    choices = _choices(graph, aliasing, cluster, candidates_of)
    _check_fit(choices, l1_bytes)
    model = _Model(graph, aliasing, choices, cluster, l1_bytes)
    for attempt in range(RETRIES):
        budget = l1_bytes - attempt * aligned(l1_bytes // 2 // RETRIES)
        model = _Model(graph, aliasing, choices, cluster, budget)
        decisions = model.solve()
        try:
            program = _arranged(graph, decisions, cluster, l1_bytes)
        except DoesNotFitL1:
            continue
        deeper = depth_first(graph, model, decisions, cluster, l1_bytes)
        return program if deeper is None else min(program, deeper, key=partial(_rank, cluster))
    return _arranged(graph, model.direct(), cluster, l1_bytes)


def depth_first(
    graph: Graph, model: _Model, decisions: Decisions, cluster: Cluster, l1_bytes: int
) -> Program | None:
    """A program with chains, where decisions without have tensors that leave L1."""
    chains = model.chains(decisions)
    if not chains:
        return None
    for budget in (model.budget, model.budget - aligned(l1_bytes // 8)):
        deeper = model.with_chains(chains, budget).solve(decisions)
        try:
            return _arranged(graph, deeper, cluster, l1_bytes)
        except DoesNotFitL1:
            continue
    return None


def _rank(cluster: Cluster, program: Program) -> tuple[int, int]:
    """Predicted cycles, then bytes that are copied."""
    copied = sum(transfer.bytes for step in program.steps for transfer in step.transfers)
    return total_cycles(estimate(program, cluster)), copied


def _arranged(graph: Graph, decisions: Decisions, cluster: Cluster, l1_bytes: int) -> Program:
    """The program of decisions: with shared constants copied once, if they then fit as well."""
    tasks = tasks_of(graph, replace(decisions, keeps_shared=True))
    try:
        return arrange(graph.name, tasks, cluster, l1_bytes)
    except DoesNotFitL1:
        if not tasks.shares_constants:
            raise
    return arrange(graph.name, tasks_of(graph, decisions), cluster, l1_bytes)


@dataclass(frozen=True)
class _Choice:
    """A node, its place in the order, and its candidates."""

    node: Node
    step: int
    candidates: list[Candidate]


@dataclass(frozen=True)
class _Chain:
    """Nodes to compute depth-first in one way; `steps` and `inner_blocks` are what is in L1."""

    nodes: tuple[Node, ...]
    steps: range
    inner_blocks: frozenset[str]
    candidate: Candidate


def _choices(
    graph: Graph,
    aliasing: Aliasing,
    cluster: Cluster,
    candidates: Callable[[Graph, Node, Aliasing, Cluster], list[Candidate]],
) -> list[_Choice]:
    result: list[_Choice] = []
    for step, node in enumerate(graph.nodes):
        types = graph.output_types(node)
        kernel = node.operation.kernel(graph.input_types(node), types)
        if kernel is not None and any(type_.elements for type_ in types):
            result.append(_Choice(node, step, candidates(graph, node, aliasing, cluster)))
    return result


def _check_fit(choices: Sequence[_Choice], l1_bytes: int) -> None:
    problems: list[Problem] = []
    for choice in choices:
        needed = min(candidate.fixed_bytes for candidate in choice.candidates)
        if needed > l1_bytes:
            problems.append(
                Problem(
                    Code.DOES_NOT_FIT,
                    f"node {choice.node.name!r}",
                    f"its kernel needs {needed:,} bytes of L1 for itself, of {l1_bytes:,}",
                    f"a chip with {needed:,} bytes",
                    "make the tensor's last axes smaller",
                )
            )
    if problems:
        raise CompileError(problems)


class _Model:
    """The choice of residents and cuts, for one budget."""

    def __init__(
        self,
        graph: Graph,
        aliasing: Aliasing,
        choices: Sequence[_Choice],
        cluster: Cluster,
        budget: int,
        chains: Sequence[_Chain] = (),
    ) -> None:
        self._graph = graph
        self._aliasing = aliasing
        self._choices = choices
        self._chains = chains
        self._cluster = cluster
        self.budget = budget
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

    def chains(self, decisions: Decisions) -> list[_Chain]:
        """Chains whose nodes hand on tensors that are not resident by `decisions`."""
        aliasing = self._aliasing
        steps = {choice.node.name: choice.step for choice in self._choices}
        result: list[_Chain] = []
        for nodes in chains_of(self._graph, aliasing, [choice.node for choice in self._choices]):
            inner = {node.outputs[0] for node in nodes[:-1]}
            blocks = {aliasing.block_of[name].name for name in inner}
            if blocks & decisions.resident:
                continue
            outer = {name for node in nodes for name in [*node.inputs, *node.outputs]} - inner
            blocks -= {aliasing.block_of[name].name for name in outer if name is not None}
            span = range(steps[nodes[0].name], steps[nodes[-1].name] + 1)
            result += [
                _Chain(nodes, span, frozenset(blocks), candidate)
                for candidate in chain_candidates(self._graph, nodes, aliasing, self._cluster)
            ]
        return result

    def with_chains(self, chains: Sequence[_Chain], budget: int) -> _Model:
        return _Model(self._graph, self._aliasing, self._choices, self._cluster, budget, chains)

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
        return self._decisions(resident, chosen) if self._fits(resident, chosen) else None

    def _passing(self, choice: _Choice) -> set[str]:
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

    def _decisions(
        self,
        resident: set[str],
        chosen: Mapping[str, Candidate],
        chains: Sequence[_Chain] = (),
    ) -> Decisions:
        cut = {**chosen, **{chain.nodes[-1].name: chain.candidate for chain in chains}}
        return Decisions(
            frozenset(resident),
            {name: c.cuts for name, c in cut.items() if c.cuts is not None},
            frozenset(name for name, candidate in chosen.items() if candidate.direct),
            tuple(tuple(node.name for node in chain.nodes) for chain in chains),
        )

    def _fastest(self, choice: _Choice, resident: set[str]) -> Candidate:
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
        self, choice: _Choice, candidate: Candidate, resident: set[str]
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
            if used > self.budget:
                return False
        return True

    def solve(self, known: Decisions | None = None) -> Decisions:
        """The best that the constraint program finds; it begins with those that are known."""
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        resident = {block.name: model.new_bool_var("") for block in self._blocks}
        picked: dict[str, list[cp_model.IntVar]] = {}
        costs: list[cp_model.LinearExprT] = []
        in_chains: dict[str, list[cp_model.IntVar]] = {}
        chains = [(chain, model.new_bool_var("")) for chain in self._chains]
        for chain, variable in chains:
            costs += self._add_chain(model, chain, variable, resident)
            for node in chain.nodes:
                in_chains.setdefault(node.name, []).append(variable)
        for choice in self._choices:
            variables = [model.new_bool_var("") for _ in choice.candidates]
            picked[choice.node.name] = variables
            model.add_exactly_one([*variables, *in_chains.get(choice.node.name, [])])
            costs += self._add_node(model, choice, variables, resident)
        model.minimize(sum(costs))
        if known is not None:
            self._hint(model, known, resident, picked)
            for _, variable in chains:
                model.add_hint(variable, 0)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = SEARCH_LIMIT
        status = solver.solve(model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return self.direct()
        chosen = {
            choice.node.name: candidate
            for choice in self._choices
            for candidate, variable in zip(choice.candidates, picked[choice.node.name], strict=True)
            if solver.value(variable)
        }
        kept = {name for name, variable in resident.items() if solver.value(variable)}
        return self._decisions(
            kept, chosen, [c for c, variable in chains if solver.value(variable)]
        )

    def _hint(
        self,
        model: cp_model.CpModel,
        known: Decisions,
        resident: Mapping[str, cp_model.IntVar],
        picked: Mapping[str, Sequence[cp_model.IntVar]],
    ) -> None:
        for name, variable in resident.items():
            model.add_hint(variable, name in known.resident)
        for choice in self._choices:
            name = choice.node.name
            wanted = known.cuts.get(name), name in known.direct
            for candidate, variable in zip(choice.candidates, picked[name], strict=True):
                model.add_hint(variable, (candidate.cuts, candidate.direct) == wanted)

    def direct(self) -> Decisions:
        """Everything is used where it is: slow, but it always fits."""
        return self._decisions(set(), {c.node.name: c.candidates[-1] for c in self._choices})

    def _add_node(
        self,
        model: cp_model.CpModel,
        choice: _Choice,
        variables: Sequence[cp_model.IntVar],
        resident: Mapping[str, cp_model.IntVar],
    ) -> list[cp_model.LinearExprT]:
        """Constraints of one node; returns what it adds to the objective."""
        live = {block.name: aligned(block.bytes) for block in self._live_blocks(choice.step)}
        used: list[cp_model.LinearExprT] = [size * resident[name] for name, size in live.items()]
        time = model.new_int_var(0, 1 << 40, "")
        costs: list[cp_model.LinearExprT] = [time * CYCLE_COST]
        for candidate, variable in zip(choice.candidates, variables, strict=True):
            needed, tie = self._add_candidate(model, candidate, variable, resident, time)
            used += needed
            costs += tie
        model.add(sum(used) <= self.budget)
        return costs

    def _add_chain(
        self,
        model: cp_model.CpModel,
        chain: _Chain,
        variable: cp_model.IntVar,
        resident: Mapping[str, cp_model.IntVar],
    ) -> list[cp_model.LinearExprT]:
        """Constraints of a chain; returns what it adds to the objective.

        What any of its nodes has in L1 is there all the time.
        """
        live = {
            block.name: aligned(block.bytes)
            for step in chain.steps
            for block in self._live_blocks(step)
            if block.name not in chain.inner_blocks
        }
        time = model.new_int_var(0, 1 << 40, "")
        used, tie = self._add_candidate(model, chain.candidate, variable, resident, time)
        used += [size * resident[name] for name, size in live.items()]
        model.add(sum(used) <= self.budget).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
        return [time * CYCLE_COST, *tie]

    def _add_candidate(
        self,
        model: cp_model.CpModel,
        candidate: Candidate,
        variable: cp_model.IntVar,
        resident: Mapping[str, cp_model.IntVar],
        time: cp_model.IntVar,
    ) -> tuple[list[cp_model.LinearExprT], list[cp_model.LinearExprT]]:
        """Bounds `time` if a candidate is picked; returns the L1 it uses, and costs beside time."""
        used: list[cp_model.LinearExprT] = [candidate.fixed_bytes * variable]
        tie: list[cp_model.LinearExprT] = [candidate.steps * variable]
        fixed = copy_cycles(candidate.constant_traffic, candidate.steps, self._cluster)
        copies: list[cp_model.LinearExprT] = [fixed]
        for name, stream in candidate.operands.items():
            cycles = copy_cycles(stream.traffic, stream.transfers, self._cluster)
            if name not in resident:
                used.append(stream.tile_bytes * variable)
                copies.append(cycles)
                tie.append(stream.traffic * variable)
                continue
            if not stream.contiguous:
                model.add_implication(variable, resident[name].negated())
            away = model.new_bool_var("")
            model.add_bool_or([variable.negated(), resident[name], away])
            model.add_implication(away, variable)
            used.append(stream.tile_bytes * away)
            copies.append(cycles * away)
            tie.append(stream.traffic * away)
        model.add(time >= candidate.compute).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
        model.add(time >= sum(copies)).only_enforce_if(variable)  # pyright: ignore[reportUnknownMemberType]
        return used, tie


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
