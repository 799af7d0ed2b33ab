"""How long a program takes, by a model of the cluster: cores, DMA and their overlap."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.schedule.extents import nominal
from compiler.schedule.program import Call, Program, Space, Transfer
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.soc import Cluster

STEP_CYCLES = 40
"""From the last core's arrival at a step's end to the first instruction of the next kernel."""

TRANSFER_CYCLES = 30
"""For the control core to start a copy."""


@dataclass(frozen=True)
class StepTime:
    """Cycles of one step: when it begins, what cores compute, and what they wait for copies.

    `transfers`: for each of the step's transfers when the DMA begins to move it and when the last
    byte has arrived.
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
    close = (Space.L1, Space.WEIGHT_MEMORY)
    outside = sum(1 for place in call.operands if place is not None and place.space not in close)
    return cycles + outside * cluster.l2_latency


def estimate(program: Program, cluster: Cluster) -> list[StepTime]:
    """The time of every step; the program's is the last one's end.

    If states are copied with their rows in use only: for as many as `Extent.nominal` says.
    """
    program = nominal(program)
    now = 0
    free = {True: 0, False: 0}
    due: dict[int, int] = {}
    result: list[StepTime] = []
    for index, step in enumerate(program.steps):
        issued = now
        transfers: list[tuple[int, int]] = []
        for transfer in step.transfers:
            issued += TRANSFER_CYCLES
            begin = max(issued, free[transfer.load])
            free[transfer.load] = begin + transfer_cycles(transfer, cluster)
            arrival = free[transfer.load] + cluster.dma.latency
            transfers.append((begin, arrival))
            due[transfer.due] = max(due.get(transfer.due, 0), arrival)
        compute = sum(call_cycles(call, cluster) for call in step.calls)
        end = max(now + compute, due.get(index, 0), issued)
        result.append(StepTime(now, compute, end - now - compute, tuple(transfers)))
        now = end + STEP_CYCLES
    return result


def total_cycles(times: list[StepTime]) -> int:
    last = times[-1]
    return last.begin + last.compute + last.exposed + STEP_CYCLES
