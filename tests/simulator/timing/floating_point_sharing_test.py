"""Sharing of floating-point units: hardware reference, "Core timing".

"fadd/fsub/fmul/fmadd/fcvt: 1 issue, subject to FPU sharing (two cores on one FPU back to back: 2
each); fdiv/fsqrt: 14, blocking, one unit for all"; 4 units for 8 cores, core i and i + 4 share.
"""

from __future__ import annotations

import pytest

from tests.simulator.timing.micro_benchmark import measure

_FLOATS = "li t0, 3; fcvt.s.w fa0, t0; li t0, 5; fcvt.s.w fa1, t0"
_L1 = "li a1, TW_L1 + 0x1000"

_SIXTEEN_ADDS = "\n".join(["fadd.s ft0, fa0, fa1"] * 16)


@pytest.mark.parametrize("partner", [1, 2, 3, 5, 6, 7])
def test_floating_point_units_of_other_cores(partner: int) -> None:
    """Core i shares with core i + 4 only: 16 instructions take 16 cycles on both cores."""
    assert measure(_SIXTEEN_ADDS, setup=_FLOATS, cores=[0, partner]).ordered == [16, 16]


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_floating_point_unit_is_shared(first: int) -> None:
    """Two cores on one unit back to back: 2 cycles each.

    32 instructions are issued in 32 consecutive cycles, alternately: one core issues its last in
    cycle 30 and goes on in cycle 31, the other one in cycle 32.
    """
    cores = [first, first + 4]
    assert measure(_SIXTEEN_ADDS, setup=_FLOATS, cores=cores).ordered == [31, 32]


def test_floating_point_units_of_all_cores() -> None:
    """Four pairs, each as above."""
    assert measure(_SIXTEEN_ADDS, setup=_FLOATS, cores=range(8)).ordered == [31] * 4 + [32] * 4


def test_floating_point_unit_every_other_cycle() -> None:
    """Two cores that use their unit every other cycle collide once, then alternate."""
    code = "\n".join(["fadd.s ft0, fa0, fa1; add t0, t1, t2"] * 8)
    assert measure(code, setup=_FLOATS, cores=[2, 6]).ordered == [16, 17]


def test_floating_point_unit_is_not_used_by_others() -> None:
    """The partner's integer instructions and float loads do not use the unit."""
    other = "\n".join(["add t0, t1, t2; flw ft3, 0(a1)"] * 8)
    setup = _FLOATS + ";" + _L1
    assert measure({0: _SIXTEEN_ADDS, 4: other}, setup=setup).ordered == [16, 16]


@pytest.mark.parametrize("cores", [[0, 1], [0, 4], [2, 7], [0, 1, 2], range(8)])
def test_division_unit_is_one_for_all(cores: list[int]) -> None:
    """All ask in the same cycle; one after the other has the unit for 14 cycles."""
    expected = [14 * (i + 1) for i in range(len(cores))]
    assert measure("fdiv.s ft0, fa0, fa1", setup=_FLOATS, cores=cores).ordered == expected


def test_division_unit_takes_square_roots_too() -> None:
    codes = {0: "fdiv.s ft0, fa0, fa1", 5: "fsqrt.s ft0, fa0"}
    assert measure(codes, setup=_FLOATS).ordered == [14, 28]


def test_division_unit_is_free_for_a_later_core() -> None:
    """Core 1 asks 20 cycles after core 0, which is done by then; core 2 asks 6 cycles before."""
    codes = {
        0: "fdiv.s ft0, fa0, fa1",
        1: "\n".join(["nop"] * 20 + ["fdiv.s ft0, fa0, fa1"]),
    }
    assert measure(codes, setup=_FLOATS).cycles == {0: 14, 1: 34}
    # Busy until cycle 14: asked in cycle 8, granted in 14, done in 28.
    codes[1] = "\n".join(["nop"] * 8 + ["fdiv.s ft0, fa0, fa1"])
    assert measure(codes, setup=_FLOATS).cycles == {0: 14, 1: 28}


def test_division_leaves_the_other_core_its_unit() -> None:
    """Core 4 adds while core 0 divides: another unit. Their first cycle is no conflict either."""
    codes = {0: "fdiv.s ft0, fa0, fa1", 4: _SIXTEEN_ADDS}
    assert measure(codes, setup=_FLOATS).cycles == {0: 14, 4: 16}
