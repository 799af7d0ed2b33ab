"""Programs for all entry points of a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compiler.ir import Graph
from compiler.schedule.decide import schedule
from compiler.schedule.program import Program
from compiler.schedule.table_size import tables_bytes
from compiler.schedule.task import aligned
from compiler.schedule.validate import validate
from compiler.target.soc import Cluster

Instrument = Callable[[int, Program], Program]
"""Gives the program of entry point number i what it needs besides the network's own steps."""


def schedule_network(
    graphs: Sequence[Graph], cluster: Cluster, instrument: Instrument = lambda _, program: program
) -> list[Program]:
    """One program per entry point, so that tensors and the tables of one of them fit L1."""
    tables = 0
    while True:
        programs = [
            instrument(number, schedule(graph, cluster, cluster.l1_bytes - tables))
            for number, graph in enumerate(graphs)
        ]
        needed = aligned(max(tables_bytes(program) for program in programs))
        peak = max(program.l1_bytes for program in programs)
        if aligned(peak) + needed <= cluster.l1_bytes:
            break
        tables = max(needed, tables + aligned(cluster.l1_bytes // 64))
    for graph, program in zip(graphs, programs, strict=True):
        violations = validate(graph, program, cluster.l1_bytes)
        if violations:
            raise AssertionError(f"the program is wrong: {'; '.join(violations[:5])}")
    return programs
