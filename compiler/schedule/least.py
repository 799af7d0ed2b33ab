"""The least of L1 with which a network runs, and what to say where there is less.

The least is not a matter of what a search finds: nothing is resident, copies come at the last
moment, and the size of tiles is the one for which they and the tables that describe them take the
fewest bytes together. Cores use operands in L2 only where a node cannot be cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.errors import Code, Problem
from compiler.schedule.program import L1Buffer, Program
from compiler.schedule.scheduler import Scheduler
from compiler.schedule.table_size import l1_with_tables
from compiler.schedule.task import aligned
from compiler.target.soc import Cluster

LARGEST_SHOWN = 4
"""How many of the buffers in L1 a message names."""


def least_programs(schedulers: Sequence[Scheduler]) -> list[Program]:
    """The programs that need the fewest bytes of L1, tables included."""
    needed = _largest_need(schedulers)
    sizes = {
        candidate.least_bytes
        for scheduler in schedulers
        for choice in scheduler.choices.nodes
        for candidate in choice.candidates
        if candidate.least_bytes >= needed
    }
    tile_bytes = min(sorted(sizes), key=lambda size: size + _table_bytes(schedulers, size))
    return [scheduler.least(tile_bytes) for scheduler in schedulers]


def _largest_need(schedulers: Sequence[Scheduler]) -> int:
    return max(choice.least_bytes for scheduler in schedulers for choice in scheduler.choices.nodes)


def _table_bytes(schedulers: Sequence[Scheduler], tile_bytes: int) -> int:
    """What tables take for tiles of that size."""
    return max(
        sum(choice.fewest_tables(tile_bytes).most_table_bytes for choice in scheduler.choices.nodes)
        for scheduler in schedulers
    )


def does_not_fit(
    schedulers: Sequence[Scheduler], least: Sequence[Program], needed: int, cluster: Cluster
) -> list[Problem]:
    """One problem for each node that cannot run, or else for where most of L1 is needed at once.

    `needed` is the least L1 beside the stacks with which the network fits.
    """
    tables = l1_with_tables(least) - aligned(max(program.l1_bytes for program in least))
    available = f"{cluster.l1_bytes:,} bytes are left beside the stacks"
    supported = (
        f"at least {needed + cluster.stack_bytes:,} bytes of L1, stacks of "
        f"{cluster.stack_bytes:,} included"
    )
    needs: dict[str, int] = {}
    for scheduler in schedulers:
        for choice in scheduler.choices.nodes:
            name = choice.node.name
            needs[name] = max(choice.least_bytes, needs.get(name, 0))
    advice = "make the tensors' last axes smaller, or use a chip with more"
    problems = [
        Problem(
            Code.DOES_NOT_FIT,
            f"node {node!r}",
            f"its smallest tiles take {size:,} bytes of L1, scratch memory included; {available}",
            supported,
            advice,
        )
        for node, size in needs.items()
        if size > cluster.l1_bytes
    ]
    if problems:
        return problems
    program = max(least, key=lambda program: program.l1_bytes)
    where, buffers = _fullest_step(program)
    shown = sorted(buffers, key=lambda buffer: (-buffer.bytes, buffer.what))[:LARGEST_SHOWN]
    parts = ", ".join(f"{buffer.bytes:,} for the {_shown(buffer)}" for buffer in shown)
    return [
        Problem(
            Code.DOES_NOT_FIT,
            where,
            f"the smallest tiles there take {program.l1_bytes:,} bytes of L1 ({parts}), the "
            f"program's tables {tables:,}; {available}",
            supported,
            advice,
        )
    ]


def _shown(buffer: L1Buffer) -> str:
    what = {"tensor": "tensor", "tile": "tile of", "scratch": "scratch memory of"}
    return f"{what.get(buffer.kind, f'{buffer.kind} of')} {buffer.what!r}"


def _fullest_step(program: Program) -> tuple[str, list[L1Buffer]]:
    """The node that runs when most of L1 is in use, and what is there then."""
    live = [
        [buffer for buffer in program.buffers if buffer.first <= index <= buffer.last]
        for index in range(len(program.steps))
    ]
    index = max(range(len(live)), key=lambda i: sum(aligned(b.bytes) for b in live[i]))
    calls = next((step.calls for step in program.steps[index:] if step.calls), ())
    return f"node {calls[0].node!r}" if calls else "the network", live[index]
