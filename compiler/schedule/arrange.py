"""Decides when copies run and where buffers lie: from tasks to a program.

A copy into L1 starts as late as still lets it arrive in time, by the model of the cluster, so that
its buffer is taken no longer than need be; if L1 does not hold all that is on its way, copies are
put off further, from the one needed last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from compiler.memory.aliasing import Home
from compiler.memory.place import solve
from compiler.memory.problem import Buffer as PlacedBuffer
from compiler.memory.problem import Placement, PlacementProblem
from compiler.schedule.dma_queue import start_where_there_is_room
from compiler.schedule.estimate import STEP_CYCLES, TRANSFER_CYCLES, step_cycles, transfer_cycles
from compiler.schedule.extents import shortened_call, shortened_transfer
from compiler.schedule.program import SLOTS, Call, L1Buffer, Place, Program, Space, Step, Transfer
from compiler.schedule.program_plan import ProgramPlan
from compiler.schedule.task import (
    ALIGNMENT,
    STORE_STEPS,
    InBlock,
    InBuffer,
    Load,
    Operand,
    Store,
    Tasks,
    aligned,
)
from compiler.schedule.transfers import transfer_of_rows, transfers_of_box
from compiler.target.soc import Cluster


class DoesNotFitL1(Exception):
    """There is no program for so little L1: `what` needs `needed` bytes at once.

    `excess`: by node, how many bytes too much are in L1 while it runs.
    """

    def __init__(self, what: str, needed: int, excess: Mapping[str, int] | None = None) -> None:
        super().__init__(f"{what} needs {needed} bytes of L1")
        self.needed = needed
        self.excess: Mapping[str, int] = excess or {}


MARGIN = 0.75
"""The part of the predicted cycles that steps are sure to take: copies start so early that they
are in time then. A copy that is late stops all cores; one that is early only takes L1."""


@dataclass
class _Life:
    bytes: int
    first: int
    last: int


def arrange(graph: str, tasks: Tasks, cluster: Cluster, l1_bytes: int) -> Program:
    """The program of an entry point.

    Args:
        l1_bytes: what tasks may use of L1.

    Raises:
        DoesNotFitL1: for the task that needs too much even if nothing is loaded ahead.
    """
    budget = l1_bytes // ALIGNMENT * ALIGNMENT
    target = budget
    while True:
        starts = _load_steps(tasks, cluster, target)
        lives = _lives(tasks, starts)
        placement = solve(_problem(graph, "L1", len(tasks.steps) + 3, lives), budget)
        if placement.peak <= budget:
            return _program(graph, tasks, starts, lives, placement, _arena(graph, tasks))
        # Fragmentation: leave more room.
        target = min(target, placement.bound) - max(
            ALIGNMENT, budget // 64 // ALIGNMENT * ALIGNMENT
        )


def arrange_late(graph: str, tasks: Tasks) -> Program:
    """The program that needs the least of L1: every copy comes at the last moment."""
    starts = [load.need - 1 for load in tasks.loads]
    lives = _lives(tasks, starts)
    placement = solve(_problem(graph, "L1", len(tasks.steps) + 3, lives))
    return _program(graph, tasks, starts, lives, placement, _arena(graph, tasks))


def arranged_again(graph: str, tasks: Tasks, plan: ProgramPlan) -> Program:
    """The program that `plan` was made for, from tasks of its decisions.

    Raises ValueError if the plan is one of other tasks.
    """
    ends = [load.need for load in tasks.loads]
    if len(plan.starts) != len(ends) or any(s >= e for s, e in zip(plan.starts, ends, strict=True)):
        raise ValueError("loads start elsewhere")
    lives = _lives(tasks, plan.starts)
    arena_lives = _arena_lives(tasks)
    _check_placement(plan.l1, lives)
    _check_placement(plan.arena, arena_lives)
    program = _program(graph, tasks, plan.starts, lives, plan.l1, plan.arena)
    return replace(program, plan=plan)


def _check_placement(placement: Placement, lives: Mapping[str, _Life]) -> None:
    if set(placement.offsets) != set(lives):
        raise ValueError("buffers have other names")
    ends = [placement.offsets[name] + aligned(life.bytes) for name, life in lives.items()]
    if placement.peak != max(ends, default=0):
        raise ValueError("buffers have other sizes")
    if placement.peak > sum(aligned(life.bytes) for life in lives.values()):
        raise ValueError("buffers are far apart")


def _load_steps(tasks: Tasks, cluster: Cluster, budget: int) -> list[int]:
    """The step in which each load starts."""
    rows = [extent.nominal for extent in tasks.extents]
    compute = [0] * (len(tasks.steps) + 1)
    for number, step_tasks in enumerate(tasks.steps, 1):
        calls = [
            Call("", 0, task.operation, task.inputs, task.outputs, (), extents=task.extents)
            for task in step_tasks
        ]
        compute[number] = step_cycles([shortened_call(call, rows) for call in calls], cluster)
    begin = [0] * (len(compute) + 1)
    for number, cycles in enumerate(compute):
        sure = int(MARGIN * (cycles + STEP_CYCLES)) if number else 0
        begin[number + 1] = begin[number] + sure
    starts = [0] * len(tasks.loads)
    free = begin[-1]
    order = sorted(range(len(tasks.loads)), key=lambda i: (-tasks.loads[i].need, -i))
    for index in order:
        load = tasks.loads[index]
        # Of states with all their rows: a long context makes copies longer, steps not as much.
        cycles = sum(
            transfer_cycles(transfer, cluster) + TRANSFER_CYCLES
            for transfer in _transfers_of(load, 0, Place(Space.ARENA, 0))
        )
        latest = min(begin[load.need] - cluster.dma.latency - STEP_CYCLES, free) - cycles
        free = latest
        step = load.need - 1
        while step > load.after + 1 and begin[step] > latest:
            step -= 1
        starts[index] = max(0, step)
    _delay(tasks, starts, budget)
    loads = [_copy_cycles(load, rows, cluster) for load in tasks.loads]
    stores = [_copy_cycles(store, rows, cluster) for store in tasks.stores]
    start_where_there_is_room(tasks, starts, cluster.dma, compute, loads, stores)
    # Less is live now, but copies may be in more groups.
    _delay(tasks, starts, budget)
    return starts


def _copy_cycles(copy: Load | Store, rows: Sequence[int], cluster: Cluster) -> list[int]:
    """Of each transfer that a load or store takes."""
    place = Place(Space.ARENA, 0)
    if isinstance(copy, Load):
        transfers = _transfers_of(copy, 0, place)
    else:
        transfers = transfers_of_box(False, 0, place, copy.type, copy.box, 0, copy.what)
    return [transfer_cycles(shortened_transfer(one, rows), cluster) for one in transfers]


def _delay(tasks: Tasks, starts: list[int], budget: int) -> None:
    """Puts loads off until what is live in each step fits `budget`."""
    while True:
        live = _live(tasks, starts)
        groups = _groups(tasks, starts)
        over = [step for step, size in enumerate(live) if size > budget or groups[step] > SLOTS]
        if not over:
            return
        step = over[0]
        early = [
            index
            for index, load in enumerate(tasks.loads)
            if starts[index] <= step and load.need > step + 1
        ]
        if not early:
            raise DoesNotFitL1(f"step {step}", live[step], _excess(tasks, budget))
        # The one that is needed last waits until just after the crowded step.
        chosen = max(early, key=lambda index: (tasks.loads[index].need, index))
        starts[chosen] = step + 1


def _excess(tasks: Tasks, budget: int) -> dict[str, int]:
    """By node, what is live in its steps beyond the budget with every load at the last moment."""
    late = _live(tasks, [load.need - 1 for load in tasks.loads])
    excess: dict[str, int] = {}
    for size, step in zip(late[1:], tasks.steps, strict=False):
        for task in step:
            if size > budget:
                excess[task.node] = max(excess.get(task.node, 0), size - budget)
    return excess


def _groups(tasks: Tasks, starts: Sequence[int]) -> list[int]:
    """How many groups of copies are under way in each step."""
    spans = {(start, load.need - 1) for start, load in zip(starts, tasks.loads, strict=True)}
    stored = {(store.task + 1, store.task + STORE_STEPS) for store in tasks.stores}
    result = [0] * (len(tasks.steps) + 5)
    for first, last in [*spans, *stored]:
        for step in range(first, last + 1):
            result[step] += 1
    return result


def _live(tasks: Tasks, starts: Sequence[int]) -> list[int]:
    change = [0] * (len(tasks.steps) + 5)
    for life in _lives(tasks, starts).values():
        change[life.first] += aligned(life.bytes)
        change[life.last + 1] -= aligned(life.bytes)
    result: list[int] = []
    total = 0
    for value in change[:-1]:
        total += value
        result.append(total)
    return result


def _lives(tasks: Tasks, starts: Sequence[int]) -> dict[str, _Life]:
    """From the start of the first load to the last use or the end of the last store."""
    lives = {
        buffer.name: _Life(buffer.bytes, buffer.first, buffer.last)
        for buffer in tasks.buffers.values()
        if buffer.bytes
    }
    for load, start in zip(tasks.loads, starts, strict=True):
        life = lives.get(load.buffer)
        if life is not None:
            life.first = min(life.first, start)
    for store in tasks.stores:
        life = lives.get(store.buffer)
        if life is not None:
            life.last = max(life.last, store.task + STORE_STEPS)
    return lives


def _arena_lives(tasks: Tasks) -> dict[str, _Life]:
    lives: dict[str, _Life] = {}
    for name, (first, last) in tasks.block_use.items():
        block = next(block for block in tasks.aliasing.blocks if block.name == name)
        if block.home is Home.ARENA and block.bytes:
            lives[name] = _Life(block.bytes, first, last)
    return lives


def _arena(graph: str, tasks: Tasks) -> Placement:
    return solve(_problem(graph, "arena", len(tasks.steps) + 3, _arena_lives(tasks)))


def _problem(graph: str, memory: str, steps: int, lives: dict[str, _Life]) -> PlacementProblem:
    buffers = tuple(
        PlacedBuffer(name, life.bytes, ALIGNMENT, life.first, life.last)
        for name, life in lives.items()
    )
    return PlacementProblem(f"{graph} {memory}".strip(), steps, buffers)


def _program(
    graph: str,
    tasks: Tasks,
    starts: Sequence[int],
    lives: Mapping[str, _Life],
    l1: Placement,
    arena: Placement,
) -> Program:
    homes = {block.name: (block.home, block.key) for block in tasks.aliasing.blocks}
    spaces = {
        Home.INPUT: Space.INPUT,
        Home.OUTPUT: Space.OUTPUT,
        Home.STATE: Space.STATE,
    }

    def outside(where: InBlock) -> Place:
        home, key = homes[where.block]
        if home is Home.ARENA:
            return Place(Space.ARENA, arena.offsets.get(where.block, 0) + where.offset)
        return Place(spaces[home], where.offset, key)

    def place(operand: Operand | None) -> Place | None:
        if isinstance(operand, InBuffer):
            return Place(Space.L1, l1.offsets.get(operand.name, 0) + operand.offset)
        return outside(operand) if isinstance(operand, InBlock) else operand

    count = len(tasks.steps) + 1
    if tasks.stores:
        count = max(count, max(store.task for store in tasks.stores) + STORE_STEPS + 1)
    transfers: list[list[Transfer]] = [[] for _ in range(count)]
    for start, load in sorted(zip(starts, tasks.loads, strict=True), key=_load_order):
        source = outside(load.source) if isinstance(load.source, InBlock) else load.source
        where = l1.offsets.get(load.buffer, 0) + load.offset
        transfers[start] += _transfers_of(load, where, source)
    for store in tasks.stores:
        begin = store.task + 1
        due = min(store.task + STORE_STEPS, count - 1)
        where = l1.offsets.get(store.buffer, 0) + store.offset
        # Stores first: what is ready leaves before what is only needed later comes.
        transfers[begin][:0] = transfers_of_box(
            False, where, outside(store.target), store.type, store.box, due, store.what
        )
    steps = [Step(tuple(transfers[0]))]
    for number in range(1, count):
        calls = [
            Call(
                task.node,
                task.tile,
                task.operation,
                task.inputs,
                task.outputs,
                tuple(place(operand) for operand in task.operands),
                task.boxes,
                task.repeated,
                task.extents,
            )
            for task in (tasks.steps[number - 1] if number <= len(tasks.steps) else ())
        ]
        steps.append(Step(tuple(transfers[number]), tuple(calls)))
    return Program(
        graph,
        tuple(steps),
        bytes(tasks.constants.data),
        (*tasks.constants.starts, len(tasks.constants.data)),
        _l1_buffers(lives, l1),
        l1.peak,
        l1.bound,
        aligned(arena.peak),
        _arena_buffers(tasks, arena),
        tasks.extents,
        bytes(tasks.weights.data),
        (*tasks.weights.starts, len(tasks.weights.data)),
        plan=ProgramPlan(tasks.decisions, tuple(starts), l1, arena),
    )


def _l1_buffers(lives: Mapping[str, _Life], l1: Placement) -> tuple[L1Buffer, ...]:
    kinds = {"block": "tensor", "piece": "tile", "result": "tile"}
    buffers: list[L1Buffer] = []
    for name, life in lives.items():
        kind, _, what = name.partition(":")
        if kind in ("piece", "result", "constants"):
            what = what.rpartition(":")[0]
        buffers.append(
            L1Buffer(
                kinds.get(kind, kind), what, l1.offsets[name], life.bytes, life.first, life.last
            )
        )
    return tuple(sorted(buffers, key=lambda buffer: (buffer.first, buffer.offset)))


def _arena_buffers(tasks: Tasks, arena: Placement) -> tuple[L1Buffer, ...]:
    lives = _arena_lives(tasks).items()
    buffers = (
        L1Buffer("tensor", name, arena.offsets[name], life.bytes, life.first, life.last)
        for name, life in lives
    )
    return tuple(sorted(buffers, key=lambda buffer: (buffer.first, buffer.offset)))


def _transfers_of(load: Load, l1: int, source: Place) -> Iterator[Transfer]:
    due = load.need - 1
    if load.rows is None:
        return transfers_of_box(True, l1, source, load.type, load.box, due, load.what)
    axis, extent = load.rows
    return iter([transfer_of_rows(l1, source, load.type, axis, extent, due, load.what)])


def _load_order(item: tuple[int, Load]) -> tuple[int, int]:
    return item[0], item[1].need
