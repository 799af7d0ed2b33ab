"""Steps keep both engines busy."""

from __future__ import annotations

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
