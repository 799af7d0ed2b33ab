"""Steps keep both engines busy."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.target.engine_model import Way, Work, plan
from compiler.target.engine_steps import steps_of

CORES, JOB, VIEW = Way("cores", after=100), Way("accelerator", job=100), Way("nothing")


def order_of(works: list[Work]) -> tuple[tuple[int, ...], int]:
    steps = steps_of(works, plan(works, 0))
    assert sorted(steps.order) == list(range(len(works)))
    made: set[int] = set()
    for index in steps.order:
        assert made.issuperset(works[index].needs)
        made.add(index)
    return steps.order, steps.cycles


def test_blocks_overlap() -> None:
    """Two blocks through a job, cores and a job again."""
    works = [Work([JOB]), Work([CORES], [0]), Work([JOB], [1])]
    works += [Work([JOB]), Work([CORES], [3]), Work([JOB], [4])]
    order, cycles = order_of(works)
    assert cycles == 400
    assert {order[0], order[-1]} <= {0, 2, 3, 5}


def test_nothing_joins_the_step_of_what_it_does_not_need() -> None:
    """The second job would run beside the first one, and leave the cores' work alone."""
    works = [Work([JOB]), Work([JOB]), Work([VIEW], [0]), Work([CORES], [2])]
    order, cycles = order_of(works)
    assert cycles == 200
    assert order.index(3) < order.index(1)


def test_a_chain_stays_in_order() -> None:
    works = [Work([JOB if index % 2 else CORES], range(index)) for index in range(6)]
    assert order_of(works) == (tuple(range(6)), 600)


def test_a_job_waits_for_a_later_step() -> None:
    """Both jobs beside the first work of the cores would leave nothing for the other two."""
    works = [Work([CORES]), Work([JOB]), Work([JOB]), Work([CORES], [0]), Work([CORES], [1])]
    works += [Work([CORES], [2])]
    order, cycles = order_of(works)
    assert cycles == 400
    assert set(order[:2]) == {0, 1} or set(order[:2]) == {0, 2}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_steps_take_no_longer_than_works_one_by_one(data: st.DataObject) -> None:
    works: list[Work] = []
    for index in range(data.draw(st.integers(1, 9))):
        way = Way("", job=data.draw(st.integers(0, 90)), after=data.draw(st.integers(0, 90)))
        needs = data.draw(st.sets(st.integers(0, index - 1))) if index else set[int]()
        works.append(Work([way], sorted(needs)))
    _, cycles = order_of(works)
    assert cycles <= sum(work.ways[0].cycles for work in works)


def test_many_works_that_are_ready_from_the_start() -> None:
    """A recurrent layer: a step needs a slice of the input, seen in another shape, and the last."""
    count = 12
    works = [Work([CORES])]
    for index in range(count):
        works += [Work([CORES], [0]), Work([VIEW], [1 + 2 * index])]
    for index in range(count):
        works += [Work([CORES], [len(works) - 1])] if index else []
        last = [len(works) - 1] if index else []
        works += [Work([CORES], [2 + 2 * index, *last])]
    order, cycles = order_of(works)
    assert cycles == 100 * (len(order) - count)
