"""Puts copies off that would find the DMA's queue full.

The control core starts a step's copies one after the other, and waits where the queue has no room:
what it starts last then holds up the step, though only later steps need it. Such copies start in a
later step; as the queue is full until then, the DMA has as much to do as before.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.schedule.estimate import CONTENTION_PERCENT, STEP_CYCLES, TRANSFER_CYCLES
from compiler.schedule.task import STORE_STEPS, Tasks
from compiler.target.soc import Dma

Copies = Sequence[int]
"""Cycles of the transfers that one load or store takes."""


def start_where_there_is_room(
    tasks: Tasks,
    starts: list[int],
    dma: Dma,
    compute: Sequence[int],
    loads: Sequence[Copies],
    stores: Sequence[Copies],
) -> None:
    """Changes `starts`, the step of each load, so that steps do not wait for room in the queue.

    Args:
        compute: predicted cycles of every step, step 0 included.
        loads: of every load of `tasks`; `stores` of every store.
    """
    starting: list[list[int]] = [[] for _ in range(len(compute) + 1)]
    for index, start in enumerate(starts):
        starting[start].append(index)
    storing: list[list[int]] = [[] for _ in range(len(compute) + 1)]
    for index, store in enumerate(tasks.stores):
        storing[min(store.task + 1, len(compute))].append(index)
    queue = _Queue(dma)
    due = [0] * (len(compute) + STORE_STEPS + 1)
    now = 0
    for step, cycles in enumerate(compute):
        issued = now
        for index in storing[step]:
            issued, arrival = queue.start(stores[index], False, issued, cycles > 0)
            due[step + STORE_STEPS - 1] = max(due[step + STORE_STEPS - 1], arrival)
        full = False
        for index in sorted(starting[step], key=lambda i: (tasks.loads[i].need, i)):
            last = tasks.loads[index].need - 1
            end = max(now + cycles, due[step], issued)
            full = full or queue.room_for(loads[index]) > end
            if full and last > step:
                starts[index] = step + 1
                starting[step + 1].append(index)
                continue
            issued, arrival = queue.start(loads[index], True, issued, cycles > 0)
            due[last] = max(due[last], arrival)
        now = max(now + cycles, due[step], issued) + STEP_CYCLES


class _Queue:
    """The DMA's queue, as `estimate` sees it."""

    def __init__(self, dma: Dma) -> None:
        self._dma = dma
        self._arrivals: list[int] = []
        self._free = {True: 0, False: 0}

    def room_for(self, copies: Copies) -> int:
        """When the last of these could be started."""
        before = len(self._arrivals) + len(copies) - 1 - self._dma.queue
        if before < 0 or not self._arrivals:
            return 0
        return self._arrivals[min(before, len(self._arrivals) - 1)]

    def start(self, copies: Copies, load: bool, issued: int, computes: bool) -> tuple[int, int]:
        """When the control core has started copies, and when the last one has arrived."""
        for cycles in copies:
            issued += TRANSFER_CYCLES
            if len(self._arrivals) >= self._dma.queue:
                issued = max(issued, self._arrivals[-self._dma.queue])
            contention = cycles * CONTENTION_PERCENT // 100 if computes else 0
            self._free[load] = max(issued, self._free[load]) + cycles + contention
            self._arrivals.append(self._free[load] + self._dma.latency)
        return issued, self._arrivals[-1] if copies else 0
