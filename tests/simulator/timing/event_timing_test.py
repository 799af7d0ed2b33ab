"""Timing of the event unit: hardware reference, "Event unit".

"Barrier 5 cycles when all arrive together, and 5 after the last arriver; elw on a set event 5;
software event to wake-up 7; fork+join of an empty function through the dispatcher on 8 cores 27
(workers start at +12)": from the cycle in which the arriving cv.elw, or the store that triggers,
is issued, to the cycle in which the woken core issues its next instruction.
"""

from __future__ import annotations

import pytest

from tests.simulator.timing.micro_benchmark import measure


def _barrier(team: int, target: int | None = None) -> str:
    """Set-up of barrier 0."""
    target = team if target is None else target
    return f"li t0, {team}; sw t0, 0x200(gp); li t0, {target}; sw t0, 0x20c(gp)"


_WAIT_AT_BARRIER = "cv.elw zero, 0x21c(gp)"
_SOFTWARE_EVENT_0 = "li t0, 0x10001; sw t0, 0(gp)"
_WAIT = "cv.elw a0, 0x3c(gp)"


@pytest.mark.parametrize("cores", [[0, 1], [3, 6], range(8), range(9)])
def test_barrier_of_cores_that_arrive_together(cores: list[int]) -> None:
    setup = _barrier(sum(1 << core for core in cores))
    assert measure(_WAIT_AT_BARRIER, setup=setup, cores=cores).ordered == [5] * len(cores)


def test_barrier_of_one_core() -> None:
    assert measure(_WAIT_AT_BARRIER, setup=_barrier(1)).only == 5


def test_barriers_in_a_row() -> None:
    code = "\n".join([_WAIT_AT_BARRIER] * 10)
    assert measure(code, setup=_barrier(0xFF), cores=range(8)).ordered == [50] * 8


@pytest.mark.parametrize("last", [7, 8, 9, 10, 11, 12, 13, 37, 100])
def test_barrier_after_the_last_arriver(last: int) -> None:
    """All cores go on 5 cycles after the arrival of the last one."""
    codes = {core: f"delay 7; {_WAIT_AT_BARRIER}" for core in range(7)}
    codes[7] = f"delay {last}; {_WAIT_AT_BARRIER}"
    assert measure(codes, setup=_barrier(0xFF)).ordered == [last + 5] * 8


def test_barrier_with_every_arrival_different() -> None:
    codes = {core: f"delay {11 + 13 * (core ^ 5)}; {_WAIT_AT_BARRIER}" for core in range(8)}
    # The largest of core ^ 5 is 7.
    assert measure(codes, setup=_barrier(0xFF)).ordered == [11 + 13 * 7 + 5] * 8


def test_barrier_leaves_other_cores_alone() -> None:
    codes = {
        1: f"delay 9; {_WAIT_AT_BARRIER}",
        2: f"delay 30; {_WAIT_AT_BARRIER}",
        5: "delay 12",
    }
    assert measure(codes, setup=_barrier(0b110)).cycles == {1: 35, 2: 35, 5: 12}


def test_barrier_triggered_by_a_store() -> None:
    """Core 0 arrives by a store and waits for the event; core 1 arrives by a store and goes on."""
    codes = {
        0: "sw zero, 0x214(gp); cv.elw a0, 0x3c(gp)",
        1: "delay 30; sw zero, 0x214(gp)",
    }
    assert measure(codes, setup=_barrier(0b11, target=0b01)).cycles == {0: 35, 1: 31}


def test_barrier_triggered_for_another_core() -> None:
    """Core 1 stands in for core 0 too, which is woken though it never arrived."""
    codes = {
        0: "cv.elw a0, 0x3c(gp)",
        1: "li a1, 3; delay 30; sw a1, 0x210(gp)",
    }
    assert measure(codes, setup=_barrier(0b11, target=0b01)).cycles == {0: 36, 1: 32}


def test_two_barriers_are_independent() -> None:
    """Barrier 1 of cores 2 and 3 opens while barrier 0 of cores 0 and 1 is half full."""
    setup = _barrier(0b0011) + "; li t0, 0b1100; sw t0, 0x220(gp); sw t0, 0x22c(gp)"
    codes = {
        0: "delay 10; cv.elw zero, 0x21c(gp)",
        1: "delay 50; cv.elw zero, 0x21c(gp)",
        2: "delay 20; cv.elw zero, 0x23c(gp)",
        3: "delay 30; cv.elw zero, 0x23c(gp)",
    }
    assert measure(codes, setup=setup).cycles == {0: 55, 1: 55, 2: 35, 3: 35}


def test_software_event_wakes_after_seven_cycles() -> None:
    codes = {0: _WAIT, 1: "li a1, 1; delay 29; sw a1, 0x100(gp)"}
    measurement = measure(codes, setup=_SOFTWARE_EVENT_0)
    assert measurement.cycles == {0: 30 + 7, 1: 31}
    assert measurement.values[0][0] == 1


def test_software_event_for_all() -> None:
    """The value 0 triggers every core of the cluster, the sender too."""
    codes = {core: _WAIT for core in range(7)}
    codes[7] = f"delay 30; sw zero, 0x100(gp); {_WAIT}"
    assert measure(codes, setup=_SOFTWARE_EVENT_0).ordered == [37] * 8


def test_software_event_wakes_only_its_targets() -> None:
    codes = {
        0: _WAIT,
        1: "li a1, 1; li a2, 4; delay 28; sw a1, 0x100(gp); delay 19; sw a2, 0x100(gp)",
        2: _WAIT,
    }
    assert measure(codes, setup=_SOFTWARE_EVENT_0).cycles == {0: 37, 1: 51, 2: 57}


@pytest.mark.parametrize("offset", range(-10, 11))
def test_software_event_around_the_wait(offset: int) -> None:
    """The event is sent `offset` cycles after the wait is issued.

    Sent in cycle s, it wakes a sleeper in s + 7: it needs two cycles to arrive, and 5 are those of
    any wait. A wait issued in cycle w goes on in max(w, s + 2) + 5, wherever the two lie.
    """
    wait, send = 30, 30 + offset
    codes = {
        0: f"delay {wait}; {_WAIT}",
        1: f"li a1, 1; delay {send - 1}; sw a1, 0x100(gp)",
    }
    measurement = measure(codes, setup=_SOFTWARE_EVENT_0)
    assert measurement.cycles == {0: max(wait, send + 2) + 5, 1: send + 1}
    assert measurement.values[0][0] == 1


def test_masked_event_does_not_wake() -> None:
    """Event 1 is not in the mask; event 0, ten cycles later, wakes."""
    codes = {
        0: _WAIT,
        1: "li a1, 1; delay 29; sw a1, 0x104(gp); delay 9; sw a1, 0x100(gp)",
    }
    measurement = measure(codes, setup=_SOFTWARE_EVENT_0, after="lw a1, 0x1c(gp)")
    assert measurement.cycles[0] == 40 + 7
    assert measurement.values[0][:2] == (1, 2)


def test_mutex_that_is_free() -> None:
    code = "cv.elw a0, 0xc0(gp); sw zero, 0xc0(gp)"
    assert measure(code).only == 5 + 1


def test_mutex_is_handed_over_in_five_cycles() -> None:
    """Core 0 unlocks in cycle 25; core 1, asleep since cycle 10, goes on in cycle 30."""
    mask = "li t0, 0x30000; sw t0, 0(gp)"
    codes = {
        0: "cv.elw a0, 0xc0(gp); delay 20; sw zero, 0xc0(gp)",
        1: "delay 10; cv.elw a0, 0xc0(gp)",
    }
    measurement = measure(
        codes, setup=mask, after="beqz s11, 9800f; sw zero, 0xc0(gp); 9800:"
    )
    assert measurement.cycles == {0: 26, 1: 30}


def test_mutex_of_eight_cores() -> None:
    """The first has it in cycle 5 and unlocks in cycle 15; the next one in 20 and 30; and so on."""
    code = "cv.elw a0, 0xc0(gp); delay 10; sw zero, 0xc0(gp)"
    mask = "li t0, 0x30000; sw t0, 0(gp)"
    ordered = measure(code, setup=mask, cores=range(8)).ordered
    assert ordered == [16 + 15 * i for i in range(8)]


_DISPATCH = "li t0, 0x50000; sw t0, 0(gp); li t0, 0xff; sw t0, 0x84(gp)"
_FORK = _DISPATCH + ";" + _barrier(0x1FF) + "; la a6, function"
_WORKER = f"cv.elw a4, 0x80(gp); cv.elw a5, 0x80(gp); jalr ra, 0(a4); {_WAIT_AT_BARRIER}"
_EMPTY_FUNCTION = ".text; function: ret"


def test_dispatch_wakes_after_twelve_cycles() -> None:
    """The controller pushes in cycle 20; eight workers asleep on the FIFO go on in cycle 32."""
    codes = {core: "cv.elw a0, 0x80(gp)" for core in range(8)}
    codes[8] = "li a1, 77; delay 19; sw a1, 0x80(gp)"
    measurement = measure(codes, setup=_DISPATCH)
    assert measurement.cycles == {**{core: 32 for core in range(8)}, 8: 21}
    assert all(measurement.values[core][0] == 77 for core in range(8))


def test_dispatch_fifo_with_entries() -> None:
    """What is in the FIFO already costs 5 cycles an entry, and comes in order."""
    codes = {core: "delay 30; cv.elw a0, 0x80(gp); cv.elw a1, 0x80(gp)" for core in range(8)}
    codes[8] = "li a1, 77; li a2, 78; sw a1, 0x80(gp); sw a2, 0x80(gp)"
    measurement = measure(codes, setup=_DISPATCH)
    assert measurement.cycles == {**{core: 40 for core in range(8)}, 8: 4}
    assert all(measurement.values[core][:2] == (77, 78) for core in range(8))


def test_fork_starts_workers_after_twelve_cycles() -> None:
    """From the store of the entry point to the first instruction after a worker's sleep."""
    codes = {core: _WORKER.replace("jalr", "csrr a0, mcycle; jalr") for core in range(8)}
    codes[8] = f"delay 20; sw a6, 0x80(gp); sw zero, 0x80(gp); {_WAIT_AT_BARRIER}"
    measurement = measure(
        codes, setup=_FORK, data=_EMPTY_FUNCTION, after="sub a0, a0, s1; addi a0, a0, -1"
    )
    # The argument is popped from a FIFO that holds it: 5 cycles more.
    assert [measurement.values[core][0] for core in range(8)] == [20 + 12 + 5] * 8


def test_fork_and_join_of_an_empty_function() -> None:
    """27 cycles between two reads of the counter around fork and join.

    After the read, the entry point is stored in cycle 1. Workers go on in 13, pop the argument (5)
    in 18, call (2) in 20, return (2) in 22, and arrive at the barrier, where the controller waits
    since cycle 3. All go on 5 cycles later, in 27.
    """
    codes = {core: _WORKER for core in range(8)}
    codes[8] = (
        "delay 20; csrr a0, mcycle; sw a6, 0x80(gp); sw zero, 0x80(gp);"
        f"{_WAIT_AT_BARRIER}; csrr a1, mcycle; sub a0, a1, a0"
    )
    measurement = measure(codes, setup=_FORK, data=_EMPTY_FUNCTION)
    assert measurement.values[8][0] == 27
    assert [measurement.cycles[core] for core in range(8)] == [20 + 27] * 8


def test_fork_and_join_on_a_team_of_workers() -> None:
    """Entries go to the team of the moment only: cores 2 and 5 run, the others sleep on."""
    setup = _DISPATCH.replace("0xff", "0x24") + ";" + _barrier(0x124) + "; la a6, function"
    codes = {core: _WORKER for core in (2, 5)}
    codes[8] = f"delay 20; sw a6, 0x80(gp); sw zero, 0x80(gp); {_WAIT_AT_BARRIER}"
    codes[0] = "delay 90; li a1, 0xff; nop"
    measurement = measure(codes, setup=setup, data=_EMPTY_FUNCTION)
    assert measurement.cycles == {2: 46, 5: 46, 8: 46, 0: 92}
