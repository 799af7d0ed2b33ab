"""Timing of instructions: hardware reference, "Core timing", every row.

Each case is one row of a table: the code, and the cycles from the issue of its first instruction to
the issue of the first one after it. Expectations are derived by hand; where it takes more than
adding up one number per instruction, a comment shows how.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.simulator.timing.micro_benchmark import measure, measure_on_fabric_controller


@dataclass(frozen=True)
class Case:
    """A piece of code with its time.

    Attributes:
        name: of the test.
        code: what is measured.
        cycles: what it takes.
        setup: what runs before.
    """

    name: str
    code: str
    cycles: int
    setup: str = ""


# Registers hold small positive numbers unless a case says otherwise.
_NUMBERS = "li a0, 3; li a1, 5; li a2, 7; li a3, 2"
_L1 = "li a1, TW_L1 + 0x1000; li a2, 8; sw zero, 0(a1); sw zero, 4(a1); sw zero, 8(a1)"

# "ALU, SIMD, min/max/clip, csr read, fence, cv.sdot*, cv.mac (dependent or not): 1"
_SINGLE_CYCLE = [
    Case(code.split()[0].replace(".", "_") + suffix, code, cycles, _NUMBERS)
    for suffix, code, cycles in [
        ("", "add t0, a0, a1", 1),
        ("", "addi t0, a0, 1", 1),
        ("", "sub t0, a0, a1", 1),
        ("", "slt t0, a0, a1", 1),
        ("", "sltiu t0, a0, 4", 1),
        ("", "xor t0, a0, a1", 1),
        ("", "sll t0, a0, a1", 1),
        ("", "srai t0, a0, 2", 1),
        ("", "lui t0, 5", 1),
        ("", "auipc t0, 0", 1),
        ("_dependent", "add a0, a0, a1; add a0, a0, a1; add a0, a0, a1", 3),
        ("", "cv.min t0, a0, a1", 1),
        ("", "cv.max t0, a0, a1", 1),
        ("", "cv.clip t0, a0, 5", 1),
        ("", "cv.clipu t0, a0, 5", 1),
        ("", "cv.abs t0, a0", 1),
        ("", "cv.exths t0, a0", 1),
        ("", "cv.addn t0, a0, a1, 3", 1),
        ("", "cv.addrnr t0, a0, a1", 1),
        ("", "cv.extract t0, a0, 3, 2", 1),
        ("", "cv.insert t0, a0, 3, 2", 1),
        ("", "cv.cnt t0, a0", 1),
        ("", "cv.ff1 t0, a0", 1),
        ("", "cv.ror t0, a0, a1", 1),
        ("", "cv.add.b t0, a0, a1", 1),
        ("", "cv.avg.h t0, a0, a1", 1),
        ("", "cv.max.sc.b t0, a0, a1", 1),
        ("", "cv.shuffle2.b t0, a0, a1", 1),
        ("", "cv.packlo.b t0, a0, a1", 1),
        ("", "cv.cmpeq.h t0, a0, a1", 1),
        ("", "cv.cplxmul.r t0, a0, a1", 1),
        ("", "cv.dotsp.b t0, a0, a1", 1),
        ("", "cv.sdotsp.b a0, a1, a2", 1),
        ("", "cv.sdotup.h a0, a1, a2", 1),
        ("", "cv.sdotusp.b a0, a1, a2", 1),
        ("_dependent", "cv.sdotsp.b a0, a1, a2; cv.sdotsp.b a0, a1, a2", 2),
        ("_of_product", "cv.sdotsp.b a0, a1, a2; add a3, a0, a0", 2),
        ("", "cv.mac a0, a1, a2", 1),
        ("", "cv.msu a0, a1, a2", 1),
        ("_dependent", "cv.mac a0, a1, a2; cv.mac a0, a0, a0", 2),
        ("", "cv.macsn a0, a1, a2, 4", 1),
        ("", "cv.mulsn t0, a1, a2, 4", 1),
        ("", "csrr t0, mhartid", 1),
        ("_of_counter", "csrr t0, mcycle", 1),
        ("", "fence", 1),
    ]
]

_MULTIPLY = [
    Case("mul", "mul t0, a0, a1", 1, _NUMBERS),
    Case("mul_dependent", "mul a0, a0, a1; mul a0, a0, a1; add a0, a0, a0", 3, _NUMBERS),
    Case("mulh", "mulh t0, a0, a1", 5, _NUMBERS),
    Case("mulhu", "mulhu t0, a0, a1", 5, _NUMBERS),
    Case("mulhsu", "mulhsu t0, a0, a1", 5, _NUMBERS),
    Case("mulh_dependent", "mulh a0, a0, a1; mulh a0, a0, a1; add a0, a0, a0", 11, _NUMBERS),
    Case("mulh_mul", "mulh t0, a0, a1; mul t1, a0, a1", 6, _NUMBERS),
]

# "div/rem, divisor > 0: clz(d) + 3; divisor < 0: clz(~d) + 2; by zero: 35"
_DIVIDE = [
    Case(f"{operation}_by_{name}", f"{operation} t0, a0, a1", cycles, f"li a0, 1000; li a1, {name}")
    for operation, name, cycles in [
        ("div", "1", 34),  # clz 31
        ("div", "2", 33),  # clz 30
        ("div", "3", 33),
        ("div", "255", 27),  # clz 24
        ("div", "0x10000", 18),  # clz 15
        ("div", "0x7fffffff", 4),  # clz 1
        ("div", "-1", 34),  # ~d = 0, clz 32
        ("div", "-2", 33),  # ~d = 1, clz 31
        ("div", "-256", 26),  # ~d = 255, clz 24
        ("div", "0x80000000", 3),  # ~d = 0x7fffffff, clz 1
        ("div", "0", 35),
        ("rem", "1", 34),
        ("rem", "100", 28),  # clz 25
        ("rem", "-100", 27),  # ~d = 99, clz 25
        ("rem", "0", 35),
        ("divu", "1", 34),
        ("divu", "10", 31),  # clz 28
        ("divu", "0x80000000", 3),  # unsigned: greater than 0, clz 0
        ("divu", "0xffffffff", 3),
        ("divu", "0", 35),
        ("remu", "7", 32),  # clz 29
        ("remu", "0xffffffff", 3),
        ("remu", "0", 35),
    ]
] + [
    # The dividend does not matter.
    Case("div_of_zero", "div t0, zero, a1", 32, "li a1, 7"),
    Case("div_of_negative", "div t0, a0, a1", 32, "li a0, -1000000; li a1, 7"),
    # Nothing overlaps with a division, used or not.
    Case("div_then_add", "div t0, a0, a1; add t1, a0, a0", 33, "li a0, 99; li a1, 7"),
    Case("div_then_use", "div t0, a0, a1; add t1, t0, t0", 33, "li a0, 99; li a1, 7"),
]

# "load/store to L1, post-increment and register-register too: 1; result used by the next
# instruction: +1 stall"
_LOADS = [
    Case(name, code, cycles, _L1)
    for name, code, cycles in [
        ("lw", "lw a0, 0(a1)", 1),
        ("lh", "lh a0, 2(a1)", 1),
        ("lhu", "lhu a0, 2(a1)", 1),
        ("lb", "lb a0, 3(a1)", 1),
        ("lbu", "lbu a0, 3(a1)", 1),
        ("sw", "sw a0, 0(a1)", 1),
        ("sh", "sh a0, 2(a1)", 1),
        ("sb", "sb a0, 3(a1)", 1),
        ("flw", "flw fa0, 0(a1)", 1),
        ("fsw", "fsw fa0, 0(a1)", 1),
        ("loads_and_stores", "lw a0, 0(a1); sw a3, 4(a1); lw a4, 8(a1); sw a5, 0(a1)", 4),
        ("load_post_increment", "cv.lw a0, (a1), 4", 1),
        ("load_post_increment_register", "cv.lbu a0, (a1), a2", 1),
        ("load_register_register", "cv.lh a0, a2(a1)", 1),
        ("store_post_increment", "cv.sw a0, (a1), 4", 1),
        ("store_post_increment_register", "cv.sb a0, (a1), a2", 1),
        ("store_register_register", "cv.sh a0, a2(a1)", 1),
        ("load_use", "lw a0, 0(a1); add a3, a0, a0", 3),
        ("load_use_second_operand", "lw a0, 0(a1); add a3, a1, a0", 3),
        ("load_use_byte", "lb a0, 0(a1); addi a0, a0, 1", 3),
        ("load_use_later", "lw a0, 0(a1); nop; add a3, a0, a0", 3),
        ("load_no_use", "lw a0, 0(a1); add a3, a1, a1", 2),
        ("load_overwritten", "lw a0, 0(a1); li a0, 1", 2),
        ("load_use_as_address", "sw a1, 0(a1); lw a0, 0(a1); lw a3, 4(a0)", 4),
        ("load_use_as_store_data", "lw a0, 0(a1); sw a0, 4(a1)", 3),
        ("load_use_in_branch", "lw a0, 0(a1); bne a0, a0, 1f; 1:", 3),
        ("load_use_as_accumulator", "lw a0, 0(a1); cv.sdotsp.b a0, a1, a2", 3),
        ("load_use_in_mac", "lw a0, 0(a1); cv.mac a3, a1, a0", 3),
        ("post_increment_base_used", "cv.lw a0, (a1), 4; add a3, a1, a1", 2),
        ("post_increment_result_used", "cv.lw a0, (a1), 4; add a3, a0, a0", 3),
        ("register_register_used", "cv.lw a0, a2(a1); add a3, a0, a0", 3),
        ("float_load_use", "flw fa0, 0(a1); fadd.s fa1, fa0, fa0", 3),
        # The loaded float register has the number of the integer register used: no hazard.
        ("float_load_no_use", "flw fa0, 0(a1); add a3, a0, a0", 2),
        ("load_chain", "sw a1, 0(a1); lw a0, 0(a1); lw a0, 0(a0); lw a0, 0(a0); nop", 7),
    ]
]

# "misaligned access crossing a word: 2"
_MISALIGNED = [
    Case(name, code, cycles, _L1)
    for name, code, cycles in [
        ("lw_offset_1", "lw a0, 1(a1)", 2),
        ("lw_offset_2", "lw a0, 2(a1)", 2),
        ("lw_offset_3", "lw a0, 3(a1)", 2),
        ("lh_within_word", "lh a0, 1(a1)", 1),
        ("lh_crossing", "lh a0, 3(a1)", 2),
        ("sw_offset_1", "sw a0, 1(a1)", 2),
        ("sh_within_word", "sh a0, 1(a1)", 1),
        ("sh_crossing", "sh a0, 3(a1)", 2),
        ("flw_offset_2", "flw fa0, 2(a1)", 2),
        ("post_increment_misaligned", "cv.lw a0, (a1), 3; cv.lw a3, (a1), 4", 3),
        ("misaligned_use", "lw a0, 1(a1); add a3, a0, a0", 4),
        ("misaligned_twice", "lw a0, 1(a1); lw a3, 5(a1)", 4),
    ]
]

# "branch not taken / taken: 1 / 3"
_BRANCHES = [
    Case(
        f"{operation}_{'taken' if taken else 'not_taken'}",
        f"{operation} {operands}, 1f; 1:",
        3 if taken else 1,
        "li a0, 3; li a1, -5",
    )
    for operation, operands, taken in [
        ("beq", "a0, a1", False),
        ("beq", "a0, a0", True),
        ("bne", "a0, a0", False),
        ("bne", "a0, a1", True),
        ("blt", "a0, a1", False),
        ("blt", "a1, a0", True),
        ("bge", "a1, a0", False),
        ("bge", "a0, a1", True),
        ("bltu", "a1, a0", False),
        ("bltu", "a0, a1", True),
        ("bgeu", "a0, a1", False),
        ("bgeu", "a1, a0", True),
        ("cv.beqimm", "a0, 4", False),
        ("cv.beqimm", "a0, 3", True),
        ("cv.bneimm", "a0, 3", False),
        ("cv.bneimm", "a0, 4", True),
    ]
] + [
    Case("branch_over", "beq zero, zero, 1f; nop; nop; 1: nop", 4),
    # li, then 10 turns of 1 + 3, of which the last falls through: 1 + 40 - 2.
    Case("loop_of_branches", "li a0, 10; 1: addi a0, a0, -1; bnez a0, 1b", 39),
    Case("compressed_taken", ".option rvc; c.beqz a0, 1f; c.nop; 1: .option norvc", 3, "li a0, 0"),
    Case("compressed_not_taken", ".option rvc; c.bnez a0, 1f; c.nop; 1: .option norvc", 2, "li a0, 0"),
]

# "jal / jalr: 2 / 2, jalr + 1 if rs1 was written by the previous instruction"
_JUMPS = [
    Case(name, code, cycles, "la a0, 1f; mv a1, a0")
    for name, code, cycles in [
        ("jal", "jal ra, 1f; 1:", 2),
        ("j", "j 1f; nop; 1:", 2),
        ("jalr", "jalr ra, 0(a0); nop; 1:", 2),
        ("jr", "jr a0; 1:", 2),
        ("jalr_hazard", "addi a0, a0, 0; jalr ra, 0(a0); 1:", 4),
        ("jalr_hazard_one_between", "addi a0, a0, 0; nop; jalr ra, 0(a0); 1:", 4),
        ("jalr_other_register", "addi a1, a1, 0; jalr ra, 0(a0); 1:", 3),
        ("jalr_link_is_no_source", "addi ra, a1, 0; jalr ra, 0(a0); 1:", 3),
        ("jr_hazard_of_mul", "mul a2, a2, a2; mv a0, a1; jr a0; 1:", 5),
        # Call and return: 2 + 1 + 2.
        ("call_and_return", "jal ra, 2f; j 1f; 2: nop; ret; 1:", 7),
        ("compressed_jump", ".option rvc; c.j 1f; c.nop; 1: .option norvc", 2),
        ("compressed_jr", ".option rvc; c.jr a0; c.nop; 1: .option norvc", 2),
        ("compressed_jalr_hazard", ".option rvc; c.mv a0, a1; c.jalr a0; 1: .option norvc", 4),
    ]
]

_BODY = "add a0, a0, a1; add a2, a2, a3; xor a4, a4, a0"

# "hardware loop (two levels): set-up 1, 0 per iteration"
_HARDWARE_LOOPS = [
    Case("setupi", f"cv_setupi 0, 10, 4; {_BODY}", 1 + 10 * 3),
    Case("setupi_loop_1", f"cv_setupi 1, 10, 4; {_BODY}", 1 + 10 * 3),
    # 15 is a5's number.
    Case("setup", f"cv_setup 0, 15, 4; {_BODY}", 1 + 100 * 3, "li a5, 100"),
    Case("once", f"cv_setupi 0, 1, 4; {_BODY}", 1 + 3),
    # Three instructions of set-up: the body starts three, two and one after them.
    Case("immediates", f"cv_starti 0, 3; cv_endi 0, 5; cv_counti 0, 7; {_BODY}", 3 + 7 * 3),
    Case(
        "registers",  # a5 = 15 start, a6 = 16 end, a7 = 17 count
        f"cv_start 0, 15; cv_end 0, 16; cv_count 0, 17; 1: {_BODY}; 2:",
        3 + 7 * 3,
        "la a5, 1f; la a6, 2f; li a7, 7",
    ),
    # Inner loop: set-up 1 and 4 times 3. Outer loop: set-up 1 and 5 times that and 2 instructions.
    Case(
        "nested",
        f"cv_setupi 1, 5, 7; cv_setupi 0, 4, 4; {_BODY}; nop; nop",
        1 + 5 * (1 + 4 * 3 + 2),
    ),
    # Both loops set up once, as in the manual's example; only the inner count is set again.
    Case(
        "nested_counts",
        "cv_starti 1, 5; cv_endi 1, 10; cv_counti 1, 6; cv_starti 0, 3; cv_endi 0, 5;"
        f"cv_counti 0, 9; {_BODY}; nop; nop",
        5 + 6 * (1 + 9 * 3 + 2),
    ),
    # A load in the body is used by the next instruction but one: 4 cycles a turn.
    Case(
        "load_in_body",
        "cv_setupi 0, 8, 5; cv.lw a0, (a1), 4; nop; add a2, a2, a0; nop",
        1 + 8 * 4,
        _L1,
    ),
    # The load at the end is used by the first instruction of the next turn: 7 stalls in 8 turns.
    Case(
        "load_use_around_the_end",
        "cv_setupi 0, 8, 4; add a2, a2, a0; nop; lw a0, 0(a1)",
        1 + 8 * 3 + 7,
        _L1,
    ),
    # The load at the end is used by the instruction after the loop only: 1 stall.
    Case(
        "load_use_after_the_end",
        "cv_setupi 0, 8, 4; nop; nop; lw a0, 0(a1); add a2, a2, a0",
        1 + 8 * 3 + 2,
        _L1,
    ),
]

_FLOATS = "li t0, 3; fcvt.s.w fa0, t0; li t0, 5; fcvt.s.w fa1, t0; fcvt.s.w fa2, t0"

# "fadd/fsub/fmul/fmadd/fcvt: 1 issue"; "fdiv/fsqrt: 14, blocking"
_FLOATING_POINT = [
    Case(name, code, cycles, _FLOATS)
    for name, code, cycles in [
        ("fadd", "fadd.s ft0, fa0, fa1", 1),
        ("fsub", "fsub.s ft0, fa0, fa1", 1),
        ("fmul", "fmul.s ft0, fa0, fa1", 1),
        ("fmadd", "fmadd.s ft0, fa0, fa1, fa2", 1),
        ("fnmsub", "fnmsub.s ft0, fa0, fa1, fa2", 1),
        ("fcvt_to_integer", "fcvt.w.s a0, fa0", 1),
        ("fcvt_from_integer", "fcvt.s.w ft0, t0", 1),
        ("fadd_sequence", "fadd.s ft0, fa0, fa1; fmul.s ft1, fa0, fa1; fsub.s ft2, fa0, fa1", 3),
        ("fadd_dependent", "fadd.s ft0, fa0, fa1; fadd.s ft0, ft0, fa1; fadd.s ft0, ft0, fa1", 3),
        ("fdiv", "fdiv.s ft0, fa0, fa1", 14),
        ("fsqrt", "fsqrt.s ft0, fa0", 14),
        ("fdiv_twice", "fdiv.s ft0, fa0, fa1; fdiv.s ft1, fa1, fa0", 28),
        ("fdiv_fsqrt", "fdiv.s ft0, fa0, fa1; fsqrt.s ft1, fa0", 28),
        ("fdiv_blocks", "fdiv.s ft0, fa0, fa1; add a0, a0, a0", 15),
    ]
]

# What is set in the event buffer is masked by nothing; event 0 is a software event.
_SET_EVENT = "li t0, 0x10001; sw t0, 0(gp); sw zero, 0x100(gp)" + "; nop" * 8

# "cv.elw: 1 on a set event", and "elw on a set event 5" in the event unit's timing: the instruction
# issues in one cycle, and the event unit lets the core go on five cycles after the issue.
_EVENT_LOAD = [
    Case("wait_and_clear", "cv.elw a0, 0x3c(gp)", 5, _SET_EVENT),
    Case("wait", "cv.elw a0, 0x38(gp)", 5, _SET_EVENT),
    Case("then_add", "cv.elw a0, 0x3c(gp); add a1, a2, a2", 6, _SET_EVENT),
]


def _parameters(*tables: tuple[str, list[Case]]) -> list[object]:
    return [
        pytest.param(case, id=f"{title}-{case.name}") for title, cases in tables for case in cases
    ]


_EMPTY = Case("empty", "", 0)

_ALL = _parameters(
    ("calibration", [_EMPTY]),
    ("single_cycle", _SINGLE_CYCLE),
    ("multiply", _MULTIPLY),
    ("divide", _DIVIDE),
    ("load_store", _LOADS),
    ("misaligned", _MISALIGNED),
    ("branch", _BRANCHES),
    ("jump", _JUMPS),
    ("hardware_loop", _HARDWARE_LOOPS),
    ("floating_point", _FLOATING_POINT),
    ("event_load", _EVENT_LOAD),
)


@pytest.mark.parametrize("case", _ALL)
def test_cluster_core(case: Case) -> None:
    assert measure(case.code, setup=case.setup).only == case.cycles


@pytest.mark.parametrize(
    "case",
    _parameters(
        ("calibration", [_EMPTY]),
        ("single_cycle", _SINGLE_CYCLE),
        ("multiply", _MULTIPLY),
        ("divide", _DIVIDE),
        ("branch", _BRANCHES),
        ("jump", _JUMPS),
        ("floating_point", _FLOATING_POINT),
    )
    + _parameters(("hardware_loop", _HARDWARE_LOOPS[:8])),
)
def test_fabric_controller(case: Case) -> None:
    """The fabric controller is the same core: everything that does not access L1."""
    assert measure_on_fabric_controller(case.code, setup=case.setup).only == case.cycles


@pytest.mark.parametrize("case", _parameters(("divide", _DIVIDE[:4]), ("branch", _BRANCHES[:4])))
def test_control_core(case: Case) -> None:
    """Core 8 of the cluster is the same core too."""
    assert measure(case.code, setup=case.setup, cores=[8]).only == case.cycles


_SIXTEEN_ADDS = "\n".join(["fadd.s ft0, fa0, fa1"] * 16)


@pytest.mark.parametrize("partner", [1, 2, 3, 5, 6, 7])
def test_floating_point_units_of_other_cores(partner: int) -> None:
    """Core i shares with core i + 4 only: 16 instructions are 16 cycles on cores 0 and `partner`."""
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
