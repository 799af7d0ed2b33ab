"""Programs for all entry points of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from compiler.errors import CompileError
from compiler.ir import Graph
from compiler.schedule.arrange import arranged_again
from compiler.schedule.check_decisions import check_decisions
from compiler.schedule.least import does_not_fit, least_programs
from compiler.schedule.program import Program
from compiler.schedule.program_plan import ProgramPlan, WrongPlan
from compiler.schedule.scheduler import Scheduler
from compiler.schedule.table_size import l1_with_tables
from compiler.schedule.task import aligned
from compiler.schedule.tasks import tasks_of
from compiler.schedule.validate import validate
from compiler.target.soc import L1_ALIGNMENT, Cluster

Instrument = Callable[[int, Program], Program]
"""Gives the program of entry point number i what it needs besides the network's own steps."""


def schedule_network(
    graphs: Sequence[Graph], cluster: Cluster, instrument: Instrument = lambda _, program: program
) -> list[Program]:
    """One valid program per entry point, so that tensors and the tables of one of them fit L1.

    Raises:
        CompileError: DOES_NOT_FIT if L1 is too small, with the smallest that would do.
    """
    programs = plan_network(graphs, cluster, instrument)
    violations = violations_of(graphs, programs, cluster)
    if violations:
        raise AssertionError(f"the program is wrong: {violations}")
    return programs


def plan_network(
    graphs: Sequence[Graph], cluster: Cluster, instrument: Instrument = lambda _, program: program
) -> list[Program]:
    """The same, but that the programs are not checked."""
    schedulers = [
        Scheduler(graph, cluster, partial(instrument, number))
        for number, graph in enumerate(graphs)
    ]
    programs = _resident(schedulers, cluster.l1_bytes)
    if programs is None:
        # Whether a network fits does not depend on what a search finds.
        least = least_programs(schedulers)
        if l1_with_tables(least) > cluster.l1_bytes:
            needed = _smallest(schedulers, cluster.l1_bytes, l1_with_tables(least))
            raise CompileError(does_not_fit(schedulers, least, needed, cluster))
        programs = _fitting(schedulers, cluster.l1_bytes, Scheduler.program) or least
    return [
        _with_least_cycles(program, scheduler)
        for program, scheduler in zip(programs, schedulers, strict=True)
    ]


def _with_least_cycles(program: Program, scheduler: Scheduler) -> Program:
    assert program.plan is not None
    return replace(program, plan=replace(program.plan, least_cycles=scheduler.least_cycles()))


def planned_network(
    graphs: Sequence[Graph],
    cluster: Cluster,
    plans: Sequence[ProgramPlan],
    instrument: Instrument = lambda _, program: program,
) -> list[Program]:
    """The programs that plans were made for, which may be those of other weights.

    Raises WrongPlan if they do not run these graphs.
    """
    try:
        programs = [
            instrument(number, _planned(graph, plan))
            for number, (graph, plan) in enumerate(zip(graphs, plans, strict=True))
        ]
    except ValueError as error:
        raise WrongPlan(error) from error
    violations = violations_of(graphs, programs, cluster)
    if violations:
        raise WrongPlan(violations)
    return programs


def _planned(graph: Graph, plan: ProgramPlan) -> Program:
    check_decisions(graph, plan.decisions)
    return arranged_again(graph.name, tasks_of(graph, plan.decisions), plan)


def violations_of(graphs: Sequence[Graph], programs: Sequence[Program], cluster: Cluster) -> str:
    """What is wrong with programs: the first things, in one line."""
    if l1_with_tables(programs) > cluster.l1_bytes:
        return f"tensors and tables take {l1_with_tables(programs)} bytes of L1"
    violations = [
        violation
        for graph, program in zip(graphs, programs, strict=True)
        for violation in validate(graph, program, cluster.l1_bytes)
    ]
    return "; ".join(violations[:5])


def _resident(schedulers: Sequence[Scheduler], l1_bytes: int) -> list[Program] | None:
    """Programs with every tensor in L1, if they fit."""
    return _fitting(schedulers, l1_bytes, lambda scheduler, size, _: scheduler.resident(size))


def _fitting(
    schedulers: Sequence[Scheduler],
    l1_bytes: int,
    program_of: Callable[[Scheduler, int, int], Program | None],
) -> list[Program] | None:
    """Programs that fit with the largest one's tables; None if none are found."""
    tables = 0
    while tables < l1_bytes:
        programs: list[Program] = []
        for scheduler in schedulers:
            program = program_of(scheduler, l1_bytes - tables, l1_bytes)
            if program is None:
                return None
            programs.append(program)
        excess = l1_with_tables(programs) - l1_bytes
        if excess <= 0:
            return programs
        tables = max(excess, tables + aligned(l1_bytes // 64))
    return None


def _smallest(schedulers: Sequence[Scheduler], too_little: int, enough: int) -> int:
    """The least L1 with which a network fits, in units in which linkers give it."""
    below, above = too_little // L1_ALIGNMENT, -(-enough // L1_ALIGNMENT)
    while above - below > 1:
        middle = (below + above) // 2
        if _resident(schedulers, middle * L1_ALIGNMENT) is None:
            below = middle
        else:
            above = middle
    return above * L1_ALIGNMENT
