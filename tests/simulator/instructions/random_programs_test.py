"""RV32IMFC: random programs leave the same state on the simulator as on QEMU."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulator.instructions.comparison import mismatches
from tests.simulator.instructions.placed_program import Placement
from tests.simulator.instructions.random_choices import is_instruction
from tests.simulator.instructions.random_program import random_program

_INSTRUCTIONS = 500
_BATCH = 25

# Every instruction of RV32IMFC_Zicsr_Zifencei but those that end a program or sleep.
_MNEMONICS = [
    name
    for line in [
        "lui auipc jal jalr beq bne blt bge bltu bgeu lb lh lw lbu lhu sb sh sw fence fence.i",
        "addi slti sltiu xori ori andi slli srli srai add sub sll slt sltu xor srl sra or and",
        "mul mulh mulhsu mulhu div divu rem remu",
        "csrrw csrrs csrrc csrrwi csrrsi csrrci",
        "flw fsw fmadd.s fmsub.s fnmsub.s fnmadd.s fadd.s fsub.s fmul.s fdiv.s fsqrt.s",
        "fsgnj.s fsgnjn.s fsgnjx.s fmin.s fmax.s feq.s flt.s fle.s fclass.s",
        "fcvt.w.s fcvt.wu.s fcvt.s.w fcvt.s.wu fmv.x.w fmv.w.x",
        "c.addi4spn c.flw c.lw c.fsw c.sw c.nop c.addi c.jal c.li c.addi16sp c.lui c.srli c.srai",
        "c.andi c.sub c.xor c.or c.and c.j c.beqz c.bnez c.slli c.flwsp c.lwsp c.jr c.mv c.jalr",
        "c.add c.fswsp c.swsp",
    ]
    for name in line.split()
]


@pytest.mark.parametrize(
    ("first_seed", "placement"),
    [
        (0, Placement.FABRIC_CONTROLLER),
        (25, Placement.CLUSTER),
        (50, Placement.FABRIC_CONTROLLER),
        (75, Placement.CLUSTER),
    ],
)
def test_same_state_as_qemu(first_seed: int, placement: Placement) -> None:
    programs = [random_program(first_seed + index, _INSTRUCTIONS) for index in range(_BATCH)]
    reports = mismatches(programs, placement)
    assert not reports, "\n\n".join(reports)


def test_programs_are_those_of_their_seed() -> None:
    first, second = random_program(7, 100), random_program(7, 100)
    assert first == second
    assert sum(is_instruction(line) for item in first.items for line in item) >= 100
    assert random_program(8, 100).items != first.items


def test_every_instruction_occurs_often() -> None:
    programs = [random_program(seed, _INSTRUCTIONS) for seed in range(4 * _BATCH)]
    counts = Counter(
        line.split()[0] for program in programs for item in program.items for line in item
    )
    assert {name: counts[name] for name in _MNEMONICS if counts[name] < 40} == {}


@pytest.mark.parametrize("at", [0, 17])
def test_a_difference_is_found_where_it_is(at: int) -> None:
    program = random_program(3, 60)
    # The second item is one that only the simulator executes.
    others = [item for item in program.items if "mscratch" not in " ".join(item)]
    inserted = [
        ["csrrwi x0, mscratch, 20"],
        [".if SIRACUSA", "csrrwi x0, mscratch, 21", ".endif"],
    ]
    program.items = [*others[:at], *inserted, *others[at:]]
    (report,) = mismatches([program], Placement.FABRIC_CONTROLLER)
    assert f"differs after {at + 2} of" in report
    assert "mscratch: 0x00000015 != 0x00000014" in report
