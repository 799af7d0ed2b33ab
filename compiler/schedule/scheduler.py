"""Programs of one entry point for any budget of L1: decided, written as tasks and arranged.

Where every tensor can be resident and every node can run in the way that is fastest then, nothing
is to be decided: no choice is better. Else a constraint program weighs, for each block of memory,
whether it is resident, and for each node, how it is cut. Where tensors still leave L1, a second one
weighs to hand them on in pieces (`chains.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

from compiler.ir import Graph
from compiler.memory.aliasing import share_memory
from compiler.schedule.arrange import DoesNotFitL1, arrange, arrange_late
from compiler.schedule.candidates import candidates_of, streaming_candidates, whole_candidates
from compiler.schedule.choices import ChainChoice, Choices, decisions_of
from compiler.schedule.constraint_model import NO_LIMIT, ConstraintModel, Reserved
from compiler.schedule.decisions import Decisions
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.everything_resident import everything_resident
from compiler.schedule.least_cycles import least_cycles
from compiler.schedule.optimality import CYCLE_COST, LeastCycles, Search
from compiler.schedule.program import Program
from compiler.schedule.table_size import l1_with_tables
from compiler.schedule.task import ALIGNMENT, aligned
from compiler.schedule.tasks import tasks_of
from compiler.target.soc import Cluster

RETRIES = 12
"""How often less of L1 is planned with, because lifetimes leave gaps between buffers."""


@dataclass(frozen=True)
class _Found:
    """What a search has found, what it had to reserve, and the program if there is one."""

    decisions: Decisions
    search: Search
    reserved: Reserved
    program: Program | None


Instrument = Callable[[Program], Program]
"""Gives a program what it needs besides the network's own steps."""


class Scheduler:
    """Makes programs of one entry point, for any budget of L1.

    Attributes:
        graph: the entry point.
        choices: nodes with all ways to run them.
    """

    def __init__(
        self, graph: Graph, cluster: Cluster, instrument: Instrument = lambda program: program
    ) -> None:
        self.graph = graph
        self._instrument = instrument
        self._cluster = cluster
        self._aliasing = share_memory(graph, ALIGNMENT)

    @cached_property
    def choices(self) -> Choices:
        return Choices(self.graph, self._aliasing, self._cluster, candidates_of)

    def resident(self, l1_bytes: int) -> Program | None:
        """The program with every tensor in L1, if that fits.

        Where cores have more to do than the DMA, constants arrive while nodes before compute, and
        a node is best run as a whole; elsewhere it is better cut, so that it begins with what is
        there.
        """
        programs: list[Program] = []
        for choices in (self._whole_choices, self._streaming_choices):
            decisions = everything_resident(choices, l1_bytes)
            if decisions is not None:
                with suppress(DoesNotFitL1):
                    programs.append(self._arranged(decisions, l1_bytes))
        return min(
            programs,
            key=lambda program: total_cycles(estimate(program, self._cluster)),
            default=None,
        )

    def program(self, l1_bytes: int, total_bytes: int = NO_LIMIT) -> Program | None:
        """The fastest program that is found; None if there is none.

        `l1_bytes` is what tensors and tiles may take of L1, `total_bytes` the same with tables.
        """
        program = self.resident(l1_bytes)
        if program is not None and l1_with_tables([program]) <= total_bytes:
            return program
        if any(choice.least_bytes > l1_bytes for choice in self.choices.nodes):
            return None
        found = self._search(l1_bytes, total_bytes)
        if found is None or found.program is None:
            return None
        chains = self.choices.chains(found.decisions)
        if not chains:
            return _with_searches(found.program, (found.search,))
        deeper = self._search(l1_bytes, total_bytes, chains, found)
        if deeper is None:
            return _with_searches(found.program, (found.search,))
        programs = [found.program] if deeper.program is None else [found.program, deeper.program]
        return _with_searches(min(programs, key=self._cost), (found.search, deeper.search))

    def _search(
        self,
        l1_bytes: int,
        total_bytes: int,
        chains: Sequence[ChainChoice] = (),
        known: _Found | None = None,
    ) -> _Found | None:
        """The best decisions that can be arranged; None if none are found.

        Constraints know what a node needs, not what its neighbours have in L1 as it begins and
        ends, nor gaps between buffers: where that is too much, L1 is reserved, and decisions are
        made again. With chains, there is no program if none of them is of use.
        """
        reserved = Reserved()
        needed = known.reserved if known is not None else Reserved()
        hint = known.decisions if known is not None else None
        bound: int | None = None
        for _ in range(RETRIES):
            model = ConstraintModel(self.choices, l1_bytes, total_bytes, chains, reserved)
            solved = model.solve(hint)
            excess: Mapping[str, int] = {}
            if solved is None:
                if not reserved.beside:
                    return None
            else:
                decisions, search = solved
                bound = search.bound if bound is None else bound
                found = _Found(decisions, search.proven(bound), reserved, None)
                if not chains or decisions.chains:
                    try:
                        program = self._arranged(decisions, l1_bytes)
                        if l1_with_tables([program]) <= total_bytes:
                            return replace(found, program=program)
                    except DoesNotFitL1 as error:
                        names = {choice.node.name for choice in self.choices.nodes}
                        excess = {n: size for n, size in error.excess.items() if n in names}
                elif reserved == needed:
                    return found
                else:
                    reserved = needed
                    continue
            reserved = reserved.more(excess, aligned(l1_bytes // 2 // RETRIES)).with_least(needed)
        return None

    def least(self, tile_bytes: int) -> Program:
        """The program with nothing resident, and tiles of up to `tile_bytes` with few tables."""
        chosen = {
            choice.node.name: choice.fewest_tables(tile_bytes) for choice in self.choices.nodes
        }
        tasks = tasks_of(self.graph, decisions_of(set(), chosen))
        return self._instrument(arrange_late(self.graph.name, tasks))

    def least_cycles(self) -> LeastCycles:
        """What no program takes fewer cycles than."""
        return least_cycles(self.graph, self._aliasing, self._cluster)

    @cached_property
    def _whole_choices(self) -> Choices:
        return Choices(self.graph, self._aliasing, self._cluster, whole_candidates)

    @cached_property
    def _streaming_choices(self) -> Choices:
        return Choices(self.graph, self._aliasing, self._cluster, streaming_candidates)

    def _arranged(self, decisions: Decisions, l1_bytes: int) -> Program:
        return self._instrument(_arranged(self.graph, decisions, self._cluster, l1_bytes))

    def _cost(self, program: Program) -> int:
        """What constraint programs minimise, of the program as it is arranged."""
        copied = sum(transfer.bytes for step in program.steps for transfer in step.transfers)
        return total_cycles(estimate(program, self._cluster)) * CYCLE_COST + copied


def schedule(graph: Graph, cluster: Cluster, l1_bytes: int) -> Program:
    """A program for one entry point that uses at most `l1_bytes` of L1 beside its tables.

    Raises DoesNotFitL1 if there is none.
    """
    scheduler = Scheduler(graph, cluster)
    program = scheduler.program(l1_bytes)
    if program is None:
        least = scheduler.least(max(choice.least_bytes for choice in scheduler.choices.nodes))
        if least.l1_bytes > l1_bytes:
            raise DoesNotFitL1(graph.name, least.l1_bytes)
        return least
    return program


def _arranged(graph: Graph, decisions: Decisions, cluster: Cluster, l1_bytes: int) -> Program:
    """The program of decisions: with shared constants copied once, if they then fit as well."""
    tasks = tasks_of(graph, replace(decisions, keeps_shared=True))
    try:
        return arrange(graph.name, tasks, cluster, l1_bytes)
    except DoesNotFitL1:
        if not tasks.shares_constants:
            raise
    return arrange(graph.name, tasks_of(graph, decisions), cluster, l1_bytes)


def _with_searches(program: Program, searches: tuple[Search, ...]) -> Program:
    assert program.plan is not None
    return replace(program, plan=replace(program.plan, searches=searches))
