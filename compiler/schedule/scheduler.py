"""Programs of one entry point for any budget of L1: decided, written as tasks and arranged.

Where every tensor can be resident and every node can run in the way that is fastest then, nothing
is to be decided: no choice is better. Else a constraint program weighs, for each block of memory,
whether it is resident, and for each node, how it is cut. Where tensors still leave L1, a second one
weighs to hand them on in pieces (`chains.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from compiler.ir import Graph
from compiler.memory.aliasing import share_memory
from compiler.schedule.arrange import DoesNotFitL1, arrange, arrange_late
from compiler.schedule.candidates import candidates_of, streaming_candidates, whole_candidates
from compiler.schedule.choices import Choices, decisions_of
from compiler.schedule.constraint_model import CYCLE_COST, NO_LIMIT, ConstraintModel
from compiler.schedule.decisions import Decisions
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.everything_resident import everything_resident
from compiler.schedule.program import Program
from compiler.schedule.table_size import l1_with_tables
from compiler.schedule.task import ALIGNMENT, aligned
from compiler.schedule.tasks import tasks_of
from compiler.target.soc import Cluster

RETRIES = 12
"""How often less of L1 is planned with, because lifetimes leave gaps between buffers."""

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
        for attempt in range(RETRIES):
            less = attempt * aligned(l1_bytes // 2 // RETRIES)
            budget, total = l1_bytes - less, total_bytes - less
            decisions = ConstraintModel(self.choices, budget, total).solve()
            if decisions is None:
                return None
            try:
                program = self._arranged(decisions, l1_bytes)
            except DoesNotFitL1:
                continue
            if l1_with_tables([program]) > total_bytes:
                continue
            deeper = self.depth_first(decisions, less, l1_bytes, total_bytes)
            if deeper is None or self._cost(program) <= self._cost(deeper):
                return program
            return deeper
        return None

    def depth_first(
        self, decisions: Decisions, less: int, l1_bytes: int, total_bytes: int
    ) -> Program | None:
        """A program with chains, where decisions without have tensors that leave L1.

        The decisions were made for `less` bytes than the program may take.
        """
        chains = self.choices.chains(decisions)
        if not chains:
            return None
        for unused in (less, less + aligned(l1_bytes // 8)):
            budget, total = l1_bytes - unused, total_bytes - unused
            deeper = ConstraintModel(self.choices, budget, total, chains).solve(decisions)
            if deeper is None:
                continue
            try:
                program = self._arranged(deeper, l1_bytes)
            except DoesNotFitL1:
                continue
            if l1_with_tables([program]) <= total_bytes:
                return program
        return None

    def least(self, tile_bytes: int) -> Program:
        """The program with nothing resident, and tiles of up to `tile_bytes` with few tables."""
        chosen = {
            choice.node.name: choice.fewest_tables(tile_bytes) for choice in self.choices.nodes
        }
        tasks = tasks_of(self.graph, decisions_of(set(), chosen))
        return self._instrument(arrange_late(self.graph.name, tasks))

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
