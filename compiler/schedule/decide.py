"""Chooses tile shapes and homes: the fewest modelled cycles that fit L1.

Where every tensor can be resident and every node can run in the way that is fastest then, nothing
is to be decided: no choice is better. Else a constraint program weighs, for each block of memory,
whether it is resident, and for each node, how it is cut. Where tensors still leave L1, a second one
weighs to hand them on in pieces (`chains.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from compiler.errors import Code, CompileError, Problem
from compiler.ir import Graph
from compiler.memory.aliasing import Aliasing, share_memory
from compiler.schedule.arrange import DoesNotFitL1, arrange
from compiler.schedule.candidates import candidates_of, streaming_candidates, whole_candidates
from compiler.schedule.choices import Choice, Choices
from compiler.schedule.constraint_model import CYCLE_COST, ConstraintModel, direct
from compiler.schedule.decisions import Decisions
from compiler.schedule.estimate import estimate, total_cycles
from compiler.schedule.everything_resident import everything_resident
from compiler.schedule.program import Program
from compiler.schedule.task import ALIGNMENT, aligned
from compiler.schedule.tasks import tasks_of
from compiler.target.soc import Cluster

RETRIES = 12
"""How often less of L1 is planned with, because lifetimes leave gaps between buffers."""


def schedule(graph: Graph, cluster: Cluster, l1_bytes: int) -> Program:
    """A program for one entry point that uses at most `l1_bytes` of L1.

    Raises:
        CompileError: DOES_NOT_FIT for every node that needs more than that, however it runs.
    """
    aliasing = share_memory(graph, ALIGNMENT)
    programs = _resident_programs(graph, aliasing, cluster, l1_bytes)
    if programs:
        return min(programs, key=lambda program: total_cycles(estimate(program, cluster)))
    choices = Choices(graph, aliasing, cluster, candidates_of)
    _check_fit(choices.nodes, l1_bytes)
    for attempt in range(RETRIES):
        budget = l1_bytes - attempt * aligned(l1_bytes // 2 // RETRIES)
        decisions = ConstraintModel(choices, budget).solve()
        try:
            program = _arranged(graph, decisions, cluster, l1_bytes)
        except DoesNotFitL1:
            continue
        deeper = depth_first(choices, decisions, budget, l1_bytes)
        if deeper is None or _cost(program, cluster) <= _cost(deeper, cluster):
            return program
        return deeper
    return _arranged(graph, direct(choices), cluster, l1_bytes)


def depth_first(
    choices: Choices, decisions: Decisions, budget: int, l1_bytes: int
) -> Program | None:
    """A program with chains, where decisions without have tensors that leave L1."""
    chains = choices.chains(decisions)
    if not chains:
        return None
    for less in (0, aligned(l1_bytes // 8)):
        deeper = ConstraintModel(choices, budget - less, chains).solve(decisions)
        try:
            return _arranged(choices.graph, deeper, choices.cluster, l1_bytes)
        except DoesNotFitL1:
            continue
    return None


def _cost(program: Program, cluster: Cluster) -> int:
    """What constraint programs minimise, of the program as it is arranged."""
    copied = sum(transfer.bytes for step in program.steps for transfer in step.transfers)
    return total_cycles(estimate(program, cluster)) * CYCLE_COST + copied


def _resident_programs(
    graph: Graph, aliasing: Aliasing, cluster: Cluster, l1_bytes: int
) -> list[Program]:
    """Programs with every tensor in L1, if that fits.

    Where cores have more to do than the DMA, constants arrive while nodes before compute, and a
    node is best run as a whole; elsewhere it is better cut, so that it begins with what is there.
    """
    programs: list[Program] = []
    for candidates in (whole_candidates, streaming_candidates):
        choices = Choices(graph, aliasing, cluster, candidates)
        decisions = everything_resident(choices, l1_bytes)
        if decisions is None:
            continue
        with suppress(DoesNotFitL1):
            programs.append(_arranged(graph, decisions, cluster, l1_bytes))
    return programs


def _arranged(graph: Graph, decisions: Decisions, cluster: Cluster, l1_bytes: int) -> Program:
    """The program of decisions: with shared constants copied once, if they then fit as well."""
    tasks = tasks_of(graph, replace(decisions, keeps_shared=True))
    try:
        return arrange(graph.name, tasks, cluster, l1_bytes)
    except DoesNotFitL1:
        if not tasks.shares_constants:
            raise
    return arrange(graph.name, tasks_of(graph, decisions), cluster, l1_bytes)


def _check_fit(choices: Sequence[Choice], l1_bytes: int) -> None:
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
