"""Copies start where the DMA's queue has room, in the order in which they are needed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Box, DataType, Graph, TensorType
from compiler.memory.aliasing import share_memory
from compiler.schedule.decisions import Decisions
from compiler.schedule.dma_queue import start_where_there_is_room
from compiler.schedule.estimate import STEP_CYCLES
from compiler.schedule.program import Place, Space
from compiler.schedule.sample_cluster import CLUSTER
from compiler.schedule.task import ALIGNMENT, Load, Tasks

DMA = replace(CLUSTER.dma, queue=4)


def tasks_with(needs: list[int], steps: int) -> Tasks:
    """Tasks with a load for each of the steps that need one."""
    tasks = Tasks(share_memory(Graph(""), ALIGNMENT), Decisions(frozenset()))
    tasks.steps = [()] * steps
    type_ = TensorType(DataType.INT8, (8,))
    for index, need in enumerate(needs):
        place = Place(Space.CONSTANTS, 0)
        what = f"constant{index}"
        tasks.loads.append(Load(what, 0, place, type_, Box.whole((8,)), need, -1, what))
    return tasks


def test_what_the_queue_does_not_take_starts_later() -> None:
    """Step 0 is as short as the copy that step 1 needs; the others follow as room comes."""
    steps, copy, count = 12, 1000, 12
    tasks = tasks_with([1, *range(2, count + 1)], steps)
    starts = [0] * count
    compute = [0, *([copy - STEP_CYCLES] * steps)]
    start_where_there_is_room(tasks, starts, DMA, compute, [[copy]] * count, [])
    # There is room for one more as the first arrives, which ends the step.
    assert starts[: DMA.queue + 1] == [0] * (DMA.queue + 1)
    assert starts[DMA.queue + 1] == 1
    assert starts == sorted(starts)
    assert max(starts) > 4


def test_what_hides_behind_compute_stays() -> None:
    tasks = tasks_with([2] * 8, 2)
    starts = [1] * 8
    start_where_there_is_room(tasks, starts, DMA, [0, 20_000, 10], [[1000]] * 8, [])
    assert starts == [1] * 8


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_copies_are_in_time_for_their_tasks(data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 12))
    needs = data.draw(st.lists(st.integers(1, steps), max_size=20))
    before = [data.draw(st.integers(0, need - 1)) for need in needs]
    compute = [0, *(data.draw(st.integers(0, 3000)) for _ in range(steps))]
    loads = [data.draw(st.lists(st.integers(7, 2000), min_size=1, max_size=6)) for _ in needs]
    starts = list(before)
    start_where_there_is_room(tasks_with(needs, steps), starts, DMA, compute, loads, [])
    for start, first, need in zip(starts, before, needs, strict=True):
        assert first <= start < need
    if sum(map(len, loads)) <= DMA.queue:
        assert starts == before
