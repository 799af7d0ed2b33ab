"""Placements: no overlap, aligned, optimal where that can be known, canonical."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.memory.constraint_solver import improve
from compiler.memory.first_fit import Block, Instance, orders
from compiler.memory.place import solve
from compiler.memory.problem import Buffer, Placement, PlacementProblem


@st.composite
def problems(draw: st.DrawFn) -> PlacementProblem:
    steps = draw(st.integers(1, 20))
    alignment = draw(st.sampled_from([1, 4, 8]))
    buffers: list[Buffer] = []
    for index in range(draw(st.integers(0, 20))):
        first = draw(st.integers(0, steps - 1))
        last = draw(st.integers(first, min(steps - 1, first + draw(st.integers(0, 8)))))
        size = draw(st.integers(1, 100))
        buffers.append(Buffer(f"value:{index}", size, alignment, first, last))
    return PlacementProblem("random", steps, tuple(buffers))


def assert_sound(problem: PlacementProblem, placement: Placement) -> None:
    """Paints every buffer into a table of steps by bytes."""
    table = np.zeros((problem.steps, placement.peak), bool)
    for buffer in problem.buffers:
        offset = placement.offsets[buffer.name]
        assert offset >= 0
        assert offset % buffer.alignment == 0
        assert offset + buffer.bytes <= placement.peak
        area = table[buffer.first : buffer.last + 1, offset : offset + buffer.bytes]
        assert not area.any()
        area[:] = True
    assert problem.bound <= placement.bound <= placement.peak


@settings(max_examples=40, deadline=None)
@given(problems())
def test_placements_are_sound(problem: PlacementProblem) -> None:
    placement = solve(problem)
    assert_sound(problem, placement)
    assert placement.optimal or placement.gap > 0


@settings(max_examples=8, deadline=None)
@given(problems())
def test_names_do_not_change_the_peak(problem: PlacementProblem) -> None:
    renamed = tuple(
        Buffer(f"value:{99 - i}", b.bytes, b.alignment, b.first, b.last)
        for i, b in enumerate(problem.buffers)
    )
    assert solve(PlacementProblem("random", problem.steps, renamed)).peak == solve(problem).peak


# First fit in any of its orders leaves a hole here: found by search, proved optimal by the solver.
HARD = Instance(
    tuple(
        Block(size, 1, first, last)
        for size, first, last in [
            (3, 0, 1),
            (2, 0, 3),
            (4, 1, 2),
            (3, 2, 4),
            (2, 3, 5),
            (4, 4, 5),
            (1, 1, 4),
        ]
    )
)


def test_the_solver_closes_gaps() -> None:
    worst = max((HARD.place(order) for _, order in orders(HARD)), key=HARD.peak)
    assert HARD.peak(worst) > HARD.bound
    solution = improve(HARD, worst, HARD.bound)
    assert HARD.peak(solution.offsets) < HARD.peak(worst)
    assert solution.bound == HARD.peak(solution.offsets)
    again = improve(HARD, worst, HARD.bound)
    assert again == solution


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 200))
def test_enough_is_enough(problem: PlacementProblem, more: int) -> None:
    best = solve(problem)
    placement = solve(problem, best.peak + more)
    assert_sound(problem, placement)
    assert placement.peak <= best.peak + more


def test_the_solver_proves_that_a_gap_cannot_be_closed() -> None:
    # Offsets must be multiples of 8, so 4 + 8 bytes alive together take 16 bytes, not 12.
    instance = Instance((Block(12, 8, 0, 0), Block(4, 8, 0, 0), Block(8, 8, 1, 1)))
    offsets = [0, 16, 0]
    solution = improve(instance, offsets, instance.bound)
    assert instance.peak(solution.offsets) == solution.bound


def test_compaction_never_raises_anything() -> None:
    instance = Instance((Block(4, 1, 0, 1), Block(4, 1, 1, 2), Block(2, 1, 2, 3)))
    assert instance.compact([10, 20, 30]) == [0, 4, 0]
    assert instance.compact([20, 10, 0]) == [6, 2, 0]


def test_equal_parts_are_placed_alike() -> None:
    layer = [(40, 0, 2), (24, 1, 3), (16, 2, 4), (56, 3, 4)]
    buffers = tuple(
        Buffer(f"value:{copy}.{i}", size, 8, first + 5 * copy, last + 5 * copy)
        for copy in range(6)
        for i, (size, first, last) in enumerate(layer)
    )
    placement = solve(PlacementProblem("layers", 30, buffers))
    for copy in range(1, 6):
        for i in range(len(layer)):
            offset = placement.offsets[f"value:{copy}.{i}"]
            assert offset == placement.offsets[f"value:0.{i}"]
    assert placement.optimal


def test_five_hundred_buffers_take_little_time() -> None:
    random = np.random.default_rng(7)
    buffers: list[Buffer] = []
    for index in range(500):
        size = int(random.choice([64, 256, 288, 768, 1024, 4096]))
        last = min(499, index + int(random.integers(1, 6)))
        buffers.append(Buffer(f"value:{index}", size, 8, index, last))
    problem = PlacementProblem("large", 500, tuple(buffers))
    placement = solve(problem)
    assert_sound(problem, placement)
    assert placement.method != "cp-sat"
    assert placement.optimal


def test_nothing_to_place() -> None:
    placement = solve(PlacementProblem("empty", 1, ()))
    assert (placement.peak, placement.bound, placement.offsets) == (0, 0, {})
    assert placement.optimal


@pytest.mark.parametrize(
    "arguments", [("a", 0, 8, 0, 0), ("a", 4, 3, 0, 0), ("a", 4, 4, 2, 1), ("a", 4, 4, -1, 1)]
)
def test_malformed_buffers_are_refused(arguments: tuple[str, int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="'a'"):
        Buffer(*arguments)
