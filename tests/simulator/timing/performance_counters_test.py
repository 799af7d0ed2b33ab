"""Performance counters, and the sums of the statistics file.

Counters 0 to 11 (hardware reference, "Memory"): cycles, instructions, load stalls, jump-register
stalls, instruction cache misses, loads, stores, jumps, branches, taken branches, compressed
instructions, event loads.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.timing.micro_benchmark import measure

_COUNTERS = 12
_NAMES = [
    "cycles", "instructions", "load_stalls", "jump_register_stalls", "instruction_cache_misses",
    "loads", "stores", "jumps", "branches", "taken_branches", "compressed", "event_loads",
]


def _count(
    code: str, *, setup: str = "", caches: bool = True, select: int = 0xFFF, runs: int = 2
) -> dict[str, int]:
    """What the counters count between switching them on and off, less the switches themselves."""
    results: list[list[int]] = []
    for text in (code, ""):
        values: list[int] = []
        for first in range(0, _COUNTERS, 6):
            reads = "\n".join(f"csrr a{i}, {0x780 + first + i:#x}" for i in range(6))
            measurement = measure(
                f"csrwi 0xcc1, 1\n{text}\ncsrwi 0xcc1, 0",
                setup=f"{setup}\nli t0, {select}; csrw 0xcc0, t0; csrw 0x79f, zero",
                after=reads,
                caches=caches,
                runs=runs,
            )
            values += measurement.values[0][:6]
        results.append(values)
    return {name: a - b for name, a, b in zip(_NAMES, *results, strict=True)}


def _expected(**counts: int) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in _NAMES}


_SETUP = "li a1, TW_L1 + 0x1000"

# One line each: cycles, and what is counted.
_PROGRAM = """
    la a5, 3f               # 2: two instructions
    lw a2, 0(a1)            # 1: load
    add a3, a2, a2          # 2: load stall
    sw a3, 4(a1)            # 1: store
    cv.lw a2, (a1), 4       # 1: load
    nop                     # 1
    beq zero, zero, 1f      # 3: branch, taken
1:  bne zero, zero, 2f      # 1: branch
    jal ra, 2f              # 2: jump
2:  addi a5, a5, 0          # 1
    jalr ra, 0(a5)          # 3: jump, jump-register stall
3:
    .option rvc
    c.nop                   # 1: compressed
    c.addi a4, 1            # 1: compressed
    .option norvc
"""


def test_known_program() -> None:
    assert _count(_PROGRAM, setup=_SETUP) == _expected(
        cycles=20,
        instructions=14,
        load_stalls=1,
        jump_register_stalls=1,
        loads=2,
        stores=1,
        jumps=2,
        branches=2,
        taken_branches=1,
        compressed=2,
    )


def test_loop() -> None:
    """Ten turns of three instructions; the branch is taken nine times. 1 + 10 x 5 - 2 cycles."""
    code = "li a4, 10; 1: lw a2, 0(a1); addi a4, a4, -1; bnez a4, 1b"
    assert _count(code, setup=_SETUP) == _expected(
        cycles=1 + 10 * 5 - 2,
        instructions=31,
        loads=10,
        branches=10,
        taken_branches=9,
    )


def test_event_load() -> None:
    """An event that is set: 5 cycles, one instruction."""
    counts = _count(
        "cv.elw a2, 0x38(gp)", setup="li t0, 0x10001; sw t0, 0(gp); sw zero, 0x100(gp)" + "; nop" * 8
    )
    assert counts["event_loads"] == 1
    assert counts["instructions"] == 1
    assert counts["cycles"] == 5
    assert counts["stores"] == 0


def test_hardware_loop_is_no_branch() -> None:
    counts = _count("cv_setupi 0, 10, 4; nop; nop; nop")
    assert counts == _expected(cycles=31, instructions=31)


def test_division_is_one_instruction() -> None:
    assert _count("div a2, a3, a4", setup="li a4, 1") == _expected(cycles=34, instructions=1)


def test_memory_latency_is_no_load_stall() -> None:
    """Fifteen cycles of L2, and none of them a hazard."""
    counts = _count("lw a2, 0(a1); nop", setup="li a1, 0x1c100000")
    assert counts == _expected(cycles=16, instructions=2, loads=1)


@pytest.mark.parametrize("lines", [1, 5, 12])
def test_instruction_cache_misses(lines: int) -> None:
    """Without caches every line of 16 bytes is one miss, of 18 cycles."""
    code = "\n".join(["nop"] * (4 * lines))
    counts = _count(code, caches=False)
    assert counts["instructions"] == 4 * lines
    assert counts["instruction_cache_misses"] == lines
    assert counts["cycles"] == 4 * lines + 18 * lines


@pytest.mark.parametrize("selected", range(_COUNTERS))
def test_event_register_selects(selected: int) -> None:
    """PCER bit i lets counter i count, and no other."""
    counts = _count(_PROGRAM, setup=_SETUP, select=1 << selected)
    everything = _count(_PROGRAM, setup=_SETUP)
    name = _NAMES[selected]
    assert counts == _expected(**{name: everything[name]})


def test_mode_register_stops_counting() -> None:
    code = f"csrwi 0xcc1, 0\n{_PROGRAM}"
    counts = _count(code, setup=_SETUP)
    # What is counted less than without the program: nothing, or the switch itself.
    assert all(count <= 0 for count in counts.values())


def test_write_all() -> None:
    values = measure(
        "csrw 0xcc1, zero; li t0, 77; csrw 0x79f, t0; csrr a0, 0x780; csrr a1, 0x785;"
        "csrr a2, 0x78b; li t0, 5; csrw 0x781, t0; csrr a3, 0x781; csrr a4, 0x780"
    ).values[0]
    assert values[:5] == (77, 77, 77, 5, 77)


def test_counter_of_cycles_equals_mcycle() -> None:
    """Over work and sleep alike: the event is sent in cycle 101 and wakes in cycle 108."""
    setup = "li t0, 0xfff; csrw 0xcc0, t0; csrwi 0xcc1, 1; li t0, 0x10001; sw t0, 0(gp)"
    codes = {
        0: "csrr a0, mcycle; csrr a1, 0x780; cv.elw a4, 0x3c(gp); csrr a2, mcycle; csrr a3, 0x780",
        1: "li a1, 1; delay 100; sw a1, 0x100(gp)",
    }
    values = measure(codes, setup=setup).values[0]
    assert values[2] - values[0] == values[3] - values[1] == 108


def check_sums(statistics: dict[str, Any]) -> None:
    """Every cycle of a started core is an instruction, a stall of one cause, or sleep."""
    for core in statistics["cores"]:
        stalls = sum(core["stalls"].values())
        assert core["cycles"] == core["instructions"] + stalls + core["sleep"], core


_MIXTURE = """
    li t1, 9
1:  lw a2, 0(a1)
    add a3, a2, a2
    lw a2, 3(a1)
    lw a2, 0(a4)
    mulh a3, a3, a2
    div a3, a3, t1
    fcvt.s.w ft0, a3
    fdiv.s ft0, ft0, ft0
    fadd.s ft1, ft0, ft0
    fadd.s ft1, ft0, ft0
    sw a3, 0(a1)
    la a5, 2f
    jalr ra, 0(a5)
2:  addi t1, t1, -1
    bnez t1, 1b
    cv.elw a6, 0x21c(gp)
"""


@pytest.mark.parametrize("caches", [True, False])
def test_cycles_are_instructions_and_stalls_and_sleep(caches: bool) -> None:
    statistics = measure(
        _MIXTURE,
        setup="li a1, TW_L1 + 0x1000; li a4, 0x1c100000;"
        "li t0, 0xff; sw t0, 0x200(gp); sw t0, 0x20c(gp)",
        cores=range(8),
        caches=caches,
    ).statistics
    check_sums(statistics)
    # The mixture has every cause.
    causes = {cause for core in statistics["cores"] for cause, n in core["stalls"].items() if n}
    assert len(causes) >= 10
