"""Plans: the best of small problems, found by trying all ways."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.target.engine_model import Way, Work, plan

WAYS = st.builds(
    Way,
    what=st.just("way"),
    before=st.integers(0, 3),
    job=st.integers(0, 20),
    beside=st.integers(0, 9),
    after=st.integers(0, 3),
    copied=st.integers(0, 9),
    weight_bytes=st.integers(0, 4),
)


def test_independent_work_overlaps() -> None:
    works = [
        Work([Way("cores", after=100)]),
        Work([Way("cores", after=90), Way("accelerator", job=95, weight_bytes=1)]),
        Work([Way("cores", after=10)], (0, 1)),
    ]
    found = plan(works, 1)
    assert (found.ways, found.end, found.optimal) == ((0, 1, 0), 110, True)
    assert plan(works, 0).end == 200


def test_a_step_with_a_job_waits_for_its_constants() -> None:
    works = [Work([Way("both", job=50, beside=40, copied=30), Way("cores", after=75, copied=70)])]
    assert plan(works, 0).ways == (1,)


def test_equal_ways_are_decided_by_their_number() -> None:
    works = [Work([Way("a", after=7), Way("b", job=7), Way("c", after=7)])] * 3
    assert plan(works, 0).ways == (0, 0, 0) or plan(works, 0) == plan(works, 0)
    assert plan([works[0]], 0).ways == (0,)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(WAYS, min_size=1, max_size=3), min_size=1, max_size=4), st.integers(0, 8))
def test_a_chain_takes_the_sum_of_its_ways(ways: list[list[Way]], memory: int) -> None:
    """Without copies nothing of a chain overlaps."""
    chain = [[Way("cores", after=25), *_without_copies(some)] for some in ways]
    works = [Work(some, (index - 1,) if index else ()) for index, some in enumerate(chain)]
    found = plan(works, memory)
    chosen = [some[way] for some, way in zip(chain, found.ways, strict=True)]
    assert sum(way.weight_bytes for way in chosen) <= memory
    possible = [
        sum(way.cycles for way in picked)
        for picked in product(*chain)
        if sum(way.weight_bytes for way in picked) <= memory
    ]
    assert found.end == min(possible) == sum(way.cycles for way in chosen)
    assert found == plan(works, memory)


def _without_copies(ways: list[Way]) -> list[Way]:
    return [Way("", w.before, w.job, w.beside, w.after, 0, w.weight_bytes) for w in ways]


@pytest.mark.parametrize("count", [1, 5])
def test_begins_follow_what_is_needed(count: int) -> None:
    works = [Work([Way("cores", after=5)], tuple(range(index))) for index in range(count)]
    assert plan(works, 0).begins == tuple(5 * index for index in range(count))


def test_windows_end_between_layers() -> None:
    """Layers of three works that can run at the same time and one that needs all of them."""
    layer = [Way("cores", after=60), Way("accelerator", job=50)]
    works: list[Work] = []
    for _ in range(15):
        before = (len(works) - 1,) if works else ()
        works += [Work(layer, before)] * 3
        works.append(Work([Way("cores", after=5)], tuple(range(len(works) - 3, len(works)))))
    found = plan(works, 0)
    assert found.end == 15 * 105
