"""Exact placement with OR-Tools CP-SAT: rectangles in time and address that do not overlap.

One worker, a fixed seed and a deterministic limit, never a wall-clock one: the same problem gives
the same offsets on every machine. Among placements of equal peak the one with the smallest sum of
offsets is sought, and compacted, so that the result depends on the problem, not on the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compiler.memory.first_fit import Instance

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

PEAK_LIMIT = 2.0
"""Deterministic time (the solver's unit, some seconds) for the search of the lowest peak."""

SUM_LIMIT = 0.5
"""Deterministic time for the choice among placements of that peak."""


@dataclass(frozen=True)
class Solution:
    """Offsets in granules, a proven lower bound of the peak, and deterministic time spent on it."""

    offsets: list[int]
    bound: int
    time: float


def improve(
    instance: Instance,
    offsets: Sequence[int],
    target: int,
    limit: float = PEAK_LIMIT,
    *,
    settle: bool = True,
) -> Solution:
    """A placement at least as low as `offsets`; a peak of `target` is good enough.

    The search ends after `limit` of deterministic time. `settle`: whether to choose among the
    placements of the peak that is found.
    """
    # The import takes about a second, and most networks never need the solver.
    from ortools.sat.python import cp_model

    peak = instance.peak(offsets)
    lowest = max(instance.bound, target)
    model, variables, top = _model(instance, lowest, peak - 1)
    for variable, block, offset in zip(variables, instance.blocks, offsets, strict=True):
        model.add_hint(variable, offset // block.alignment)
    model.minimize(top)
    solver = _solver(limit)
    status = solver.solve(model)
    time = solver.response_proto.deterministic_time
    if status == cp_model.INFEASIBLE:
        return Solution(list(offsets), peak, time)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Solution(list(offsets), instance.bound, time)
    proven = round(solver.best_objective_bound)
    # With the target above the instance's own bound, reaching it proves nothing below it.
    bound = proven if proven > lowest else instance.bound
    found = _values(solver, instance, variables)
    return Solution(_lowest_sum(instance, found) if settle else found, bound, time)


def _lowest_sum(instance: Instance, offsets: list[int]) -> list[int]:
    from ortools.sat.python import cp_model

    peak = instance.peak(offsets)
    model, variables, _ = _model(instance, peak, peak)
    for variable, block, offset in zip(variables, instance.blocks, offsets, strict=True):
        model.add_hint(variable, offset // block.alignment)
    model.minimize(
        sum(
            block.alignment * variable
            for block, variable in zip(instance.blocks, variables, strict=True)
        )
    )
    solver = _solver(SUM_LIMIT)
    if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return _values(solver, instance, variables)
    return offsets


def _model(
    instance: Instance, lowest: int, highest: int
) -> tuple[cp_model.CpModel, list[cp_model.IntVar], cp_model.IntVar]:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    top = model.new_int_var(lowest, highest, "peak")
    variables: list[cp_model.IntVar] = []
    times: list[cp_model.IntervalVar] = []
    addresses: list[cp_model.IntervalVar] = []
    for i, block in enumerate(instance.blocks):
        room = (highest - block.size) // block.alignment
        variable = model.new_int_var(0, room, f"offset{i}")
        start = block.alignment * variable
        length = block.last - block.first + 1
        times.append(model.new_fixed_size_interval_var(block.first, length, f"time{i}"))
        addresses.append(model.new_fixed_size_interval_var(start, block.size, f"address{i}"))
        model.add(start + block.size <= top)
        variables.append(variable)
    model.add_no_overlap_2d(times, addresses)
    model.add_cumulative(times, [block.size for block in instance.blocks], top)
    return model, variables, top


def _solver(limit: float) -> cp_model.CpSolver:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = limit
    return solver


def _values(
    solver: cp_model.CpSolver, instance: Instance, variables: Sequence[cp_model.IntVar]
) -> list[int]:
    return [
        block.alignment * solver.value(variable)
        for block, variable in zip(instance.blocks, variables, strict=True)
    ]
