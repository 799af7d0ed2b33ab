"""How long a program takes, by a model of the cluster: cores, DMA and their overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.schedule.extents import nominal
from compiler.schedule.program import Call, Program, Space, Transfer
from compiler.schedule.table_size import tables_bytes
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.soc import Cluster

STEP_CYCLES = 40
"""From the last core's arrival at a step's end to the first instruction of the next kernel."""

TRANSFER_CYCLES = 30
"""For the control core to start a copy."""


LAUNCH_CYCLES = 900
"""From the caller's call until workers begin, and from their end to the return; without tables."""


CONTENTION_PERCENT = 15
"""By how much a copy takes longer beside kernels, which want the same banks of L1."""

COLD_CONTROL_CYCLES = 200
"""For the control core to get its code in a step without calls: the first and the last ones."""

PATCH_CYCLES = 25
"""For the control core to correct a word of the tables."""

WORD = 4
"""Bytes that a core reads from L2 at a time."""

CLOSE = (Space.L1, Space.WEIGHT_MEMORY)
"""Memories whose latency is in the model of the kernels that use them."""


@dataclass(frozen=True)
class StepTime:
    """Cycles of one step: when it begins, what cores compute, and what they wait for copies.

    `transfers`: for each of the step's transfers when the DMA begins to move it, and when it has
    time for the next one.
    """

    begin: int
    compute: int
    exposed: int
    transfers: tuple[tuple[int, int], ...] = ()


def transfer_cycles(transfer: Transfer, cluster: Cluster) -> int:
    """Cycles that the DMA is busy with a transfer; the latency is not in it."""
    dma = cluster.dma
    cycles = max(dma.minimum, dma.start + -(-transfer.bytes // dma.bytes_per_cycle))
    if not transfer.load:
        cycles += dma.store_burst_penalty * (transfer.bytes // dma.burst)
        cycles += dma.store_line_penalty * (transfer.lines - 1)
    return cycles


def call_cycles(call: Call, cluster: Cluster) -> int:
    """Cycles of one call on all cores."""
    kernel = call.operation.kernel(call.inputs, call.outputs)
    assert kernel is not None
    cycles = kernel_cycles(kernel, call.outputs, cluster.cores)
    types = (*call.inputs, *call.outputs)
    words = sum(
        -(-_touched_bytes(call, position) // WORD)
        for position, (place, _) in enumerate(zip(call.operands, types, strict=False))
        if place is not None and place.space not in CLOSE
    )
    return cycles + -(-words // cluster.cores) * cluster.l2_latency


def _touched_bytes(call: Call, position: int) -> int:
    """Bytes of an operand that all cores together read or write; outputs follow inputs."""
    operation = call.operation
    if operation.updates is not None:  # reads what is new, and writes it into what is old
        inputs = [type_ for i, type_ in enumerate(call.inputs) if i != operation.updates and type_]
        if position >= len(call.inputs):
            return max((type_.bytes for type_ in inputs), default=0)
        if position == operation.updates:
            return 0
    if position in operation.sparsely_read:
        return call.outputs[0].bytes
    type_ = (*call.inputs, *call.outputs)[position]
    return type_.bytes if type_ is not None else 0


def step_cycles(calls: Sequence[Call], cluster: Cluster) -> int:
    """Cycles of a step's calls; those of the accelerator run beside those of the cores."""
    engines = {True: 0, False: 0}
    for call in calls:
        engines[call.operation.is_job] += call_cycles(call, cluster)
    return max(engines.values())


def estimate(program: Program, cluster: Cluster) -> list[StepTime]:
    """The time of every step; the program's is the last one's end.

    If states are copied with their rows in use only: for as many as `Extent.nominal` says.
    """
    program = nominal(program)
    now = 0
    free = {True: 0, False: 0}
    due: dict[int, int] = {}
    ends: list[int] = []
    result: list[StepTime] = []
    for index, step in enumerate(program.steps):
        issued = now if step.calls else now + COLD_CONTROL_CYCLES
        transfers: list[tuple[int, int]] = []
        for transfer in step.transfers:
            issued += TRANSFER_CYCLES
            if len(ends) >= cluster.dma.queue:
                issued = max(issued, ends[-cluster.dma.queue])
            begin = max(issued, free[transfer.load])
            cycles = transfer_cycles(transfer, cluster)
            if step.calls:
                cycles += cycles * CONTENTION_PERCENT // 100
            free[transfer.load] = begin + cycles
            arrival = free[transfer.load] + cluster.dma.latency
            transfers.append((begin, free[transfer.load]))
            ends.append(arrival)
            due[transfer.due] = max(due.get(transfer.due, 0), arrival)
        compute = step_cycles(step.calls, cluster)
        end = max(now + compute, due.get(index, 0), issued)
        result.append(StepTime(now, compute, end - now - compute, tuple(transfers)))
        now = end + STEP_CYCLES
    return result


def launch_cycles(program: Program) -> int:
    """Cycles of a run before and after its steps, with the tables in L1: correcting them for other
    extents than the run's before, starting cores."""
    patches = sum(
        sum(transfer.extent is not None for transfer in step.transfers)
        + sum(len(call.extents) for call in step.calls)
        for step in program.steps
    )
    return LAUNCH_CYCLES + PATCH_CYCLES * patches


def tables_cycles(program: Program, cluster: Cluster) -> int:
    """Cycles more of a run that has to bring its tables to L1: the first, or after another
    program's."""
    return tables_bytes(program) // cluster.dma.bytes_per_cycle


def total_cycles(times: list[StepTime]) -> int:
    last = times[-1]
    return last.begin + last.compute + last.exposed + STEP_CYCLES
