"""Timing of memories and instruction caches: hardware reference, "Memory"."""

from __future__ import annotations

import pytest

from tests.simulator.timing.micro_benchmark import (
    measure,
    measure_on_fabric_controller,
)

# Address and latency of each target, as a cluster core sees it. `alias` addresses need an option.
_TARGETS = [
    ("l1", "TW_L1 + 0x1000", 1),
    ("l1_last_word", "TW_L1 + 0x3fffc", 1),
    ("test_and_set", "TW_L1 + 0x101000", 1),
    ("event_unit_demux", "TW_EVENT_UNIT + 0x00", 1),
    ("dma_demux", "TW_DMA + 0x04", 1),
    ("cluster_control", "TW_CLUSTER_CONTROL + 0x08", 3),
    ("cluster_boot_address", "TW_CLUSTER_CONTROL + 0x40", 3),
    ("cluster_timer", "TW_CLUSTER_TIMER", 3),
    ("neureka", "TW_NEUREKA + 0x0c", 3),
    ("weight_memory", "TW_WEIGHT_MEMORY", 5),
    ("weight_memory_last_word", "TW_WEIGHT_MEMORY + 0x7ffffc", 5),
    ("l2_private_0", "0x1c000000", 15),
    ("l2_private_1", "0x1c008000", 15),
    ("l2_shared", "0x1c100000", 15),
    ("l2_last_word", "0x1c1ffffc", 15),
]

# Where a store has no effect that disturbs the measurement.
_STORES = [
    ("l1", "TW_L1 + 0x1000", 1),
    ("event_unit_demux_clear", "TW_EVENT_UNIT + 0x28", 1),
    ("cluster_boot_address", "TW_CLUSTER_CONTROL + 0x60", 3),
    ("weight_memory", "TW_WEIGHT_MEMORY", 5),
    ("l2_private_0", "0x1c000000", 15),
    ("l2_private_1", "0x1c008000", 15),
    ("l2_shared", "0x1c100000", 15),
]


def _named(table: list[tuple[str, str, int]]) -> list[object]:
    return [pytest.param(address, cycles, id=name) for name, address, cycles in table]


@pytest.mark.parametrize(("address", "cycles"), _named(_TARGETS))
def test_load(address: str, cycles: int) -> None:
    assert measure("lw a0, 0(a1)", setup=f"li a1, {address}").only == cycles


@pytest.mark.parametrize(("address", "cycles"), _named(_TARGETS))
def test_load_used_by_the_next_instruction(address: str, cycles: int) -> None:
    """The stall of one cycle comes after the latency, whatever the target."""
    code = "lw a0, 0(a1); add a2, a0, a0"
    assert measure(code, setup=f"li a1, {address}").only == cycles + 2


@pytest.mark.parametrize(("address", "cycles"), _named(_STORES))
def test_store(address: str, cycles: int) -> None:
    assert measure("sw zero, 0(a1)", setup=f"li a1, {address}").only == cycles


def test_console_is_behind_the_peripheral_bus() -> None:
    """The only device of the SoC's peripheral bus that a cluster core needs: 23 cycles."""
    measurement = measure("sb a0, 0(a1)", setup="li a0, 'x'; li a1, TW_CONSOLE", runs=2)
    assert measurement.only == 23
    assert measurement.output == b"xx"


@pytest.mark.parametrize(
    ("address", "cycles"),
    [
        pytest.param("0x1000", 1, id="l1"),
        pytest.param("0x00204000", 1, id="event_unit_demux"),
        pytest.param("0x00204404", 1, id="dma_demux"),
        pytest.param("0x00200008", 3, id="cluster_control"),
        pytest.param("0x0020100c", 3, id="neureka"),
    ],
)
def test_alias(address: str, cycles: int) -> None:
    measurement = measure(
        "lw a0, 0(a1)", setup=f"li a1, {address}", options=["--allow-l1-alias"]
    )
    assert measurement.only == cycles


def test_alias_is_the_same_memory() -> None:
    measurement = measure(
        "lw a0, 0(a2)",
        setup="li a1, TW_L1 + 0x1000; li a2, 0x1000; li a3, 0x12345678; sw a3, 0(a1)",
        options=["--allow-l1-alias"],
    )
    assert measurement.values[0][0] == 0x12345678


def test_latencies_add_up() -> None:
    """Loads and stores block: 15 + 15 + 1 + 5 + 3 + 1 for the addition."""
    code = """
    lw a0, 0(a2)
    sw a1, 0(a2)
    lw a0, 0(a3)
    sw a1, 0(a4)
    lw a0, 0(a5)
    add t0, a2, a2
    """
    setup = """
    li a2, 0x1c100000
    li a3, TW_L1 + 0x1000
    li a4, TW_WEIGHT_MEMORY
    li a5, TW_CLUSTER_CONTROL + 0x08
    """
    assert measure(code, setup=setup).only == 40


def test_test_and_set_returns_the_old_value_and_sets_ones() -> None:
    """A test-and-set window cycle is a load of one cycle that leaves ones behind."""
    measurement = measure(
        "lw a0, 0(a6); lw a1, 0(a6); lw a2, 0(a5)",
        setup="li a5, TW_L1 + 0x1000; li a6, TW_L1 + 0x101000; li t0, 5; sw t0, 0(a5)",
    )
    assert measurement.only == 3
    assert measurement.values[0][:3] == (5, 0xFFFFFFFF, 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("code", "address", "cycles"),
    [
        pytest.param("lw a0, 0(a1)", "0x1c100000", 2, id="l2_load"),
        pytest.param("lw a0, 0(a1)", "0x1c000000", 2, id="l2_private_load"),
        pytest.param("sw a0, 0(a1)", "0x1c100000", 2, id="l2_store"),
        pytest.param("lw a0, 0(a1); add a2, a0, a0", "0x1c100000", 4, id="l2_load_use"),
    ],
)
def test_fabric_controller(code: str, address: str, cycles: int) -> None:
    assert measure_on_fabric_controller(code, setup=f"li a1, {address}").only == cycles


def test_fabric_controller_console() -> None:
    measurement = measure_on_fabric_controller(
        "sb a0, 0(a1)", setup="li a0, 'y'; li a1, TW_FABRIC_CONTROLLER_CONSOLE"
    )
    assert measurement.only == 23
    assert measurement.output == b"yy"


# L2 bandwidth: 8 bytes per cycle and direction, so one access of a core per cycle and direction.


@pytest.mark.parametrize("cores", [2, 5, 8])
def test_l2_serves_one_load_per_cycle(cores: int) -> None:
    """All ask in the same cycle; each waits one cycle longer than the one before."""
    ordered = measure("lw a0, 0(a1)", setup="li a1, 0x1c100000", cores=range(cores)).ordered
    assert ordered == [15 + i for i in range(cores)]


def test_l2_serves_one_store_per_cycle() -> None:
    ordered = measure("sw a0, 0(a1)", setup="li a1, 0x1c100000", cores=range(8)).ordered
    assert ordered == [15 + i for i in range(8)]


def test_l2_directions_are_independent() -> None:
    """Four cores load while four store: two queues of four."""
    codes = {core: "lw a0, 0(a1)" if core % 2 else "sw a0, 0(a1)" for core in range(8)}
    measurement = measure(codes, setup="li a1, 0x1c100000")
    assert sorted(measurement.cycles[core] for core in range(0, 8, 2)) == [15, 16, 17, 18]
    assert sorted(measurement.cycles[core] for core in range(1, 8, 2)) == [15, 16, 17, 18]


def test_l2_cores_stay_out_of_step() -> None:
    """Eight loads in a row: staggered by the first, nobody waits again, as 15 > 8."""
    code = "\n".join(["lw a0, 0(a1)"] * 8)
    ordered = measure(code, setup="li a1, 0x1c100000", cores=range(8)).ordered
    assert ordered == [8 * 15 + i for i in range(8)]


# Instruction caches. The code lies so that the first read of the counter ends a line, the code
# fills the following ones, and the second read is the last word of the last one.


def _straight(lines: int) -> tuple[str, str]:
    """Set-up and code of `lines` lines of instructions of one cycle each."""
    setup = ".balign 16; nop; nop; nop"
    code = "\n".join(["nop"] * (4 * lines - 1))
    return setup, code


def _issue_cycles(lines: int) -> int:
    return 4 * lines - 1


@pytest.mark.parametrize("lines", [4, 16, 24])
def test_cached_code_has_no_misses(lines: int) -> None:
    setup, code = _straight(lines)
    assert measure(code, setup=setup).only == _issue_cycles(lines)


@pytest.mark.parametrize("lines", [16, 64, 250])
def test_first_run_misses_to_l2(lines: int) -> None:
    """18 cycles per line of 16 bytes, none of which was fetched before."""
    setup, code = _straight(lines)
    expected = _issue_cycles(lines) + 18 * lines
    assert measure(code, setup=setup, runs=1, large=True).only == expected


@pytest.mark.parametrize("lines", [64, 128, 200])
def test_second_run_hits_the_shared_cache(lines: int) -> None:
    """Larger than the core's 32 lines, and smaller than the shared cache's 256.

    Least recently used lines are replaced, so straight code that does not fit misses every line:
    2 cycles per line. The loop around (a few lines) is in the shared cache too.
    """
    setup, code = _straight(lines)
    expected = _issue_cycles(lines) + 2 * lines
    assert measure(code, setup=setup, large=True).only == expected


@pytest.mark.parametrize("lines", [320, 512])
def test_code_larger_than_the_shared_cache_misses_to_l2(lines: int) -> None:
    """Straight code that does not fit misses every line again, in every run.

    Sixty-four sets of four lines: with five lines of code per set (320 lines) each is replaced
    before its next turn.
    """
    setup, code = _straight(lines)
    expected = _issue_cycles(lines) + 18 * lines
    assert measure(code, setup=setup, large=True).only == expected


@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("lines", [4, 16])
def test_disabled_caches_take_every_line_from_l2(lines: int, runs: int) -> None:
    setup, code = _straight(lines)
    expected = _issue_cycles(lines) + 18 * lines
    assert measure(code, setup=setup, runs=runs, caches=False).only == expected


def test_taken_branch_misses_only_the_lines_it_reaches() -> None:
    """Six branches, each from the first word of a line over three others: 3 cycles and the miss of
    its line. Then one line with two instructions and the end of the measurement.
    """
    code = "\n".join(
        f"beq zero, zero, {label}f" + "; nop" * 15 + f"; {label}:" for label in range(1, 7)
    )
    code += "; nop; nop"
    expected = 6 * 3 + 2 + 7 * 18
    assert measure(code, setup=".balign 16; nop; nop; nop", runs=1, large=True).only == expected


_FUNCTION_LINES = 16
_FUNCTION = (
    ".text; .balign 16; function:" + "; nop" * _issue_cycles(_FUNCTION_LINES) + "; ret"
)


def test_core_caches_are_private() -> None:
    """Core 1 calls a function that core 0 has called 2000 cycles before.

    It comes from the shared cache, at 2 cycles per line. The call and both reads of the counter
    share one line, which the core keeps: 1 for the read, 2 for the call, 2 for the return.
    """
    first = "la a2, function; jalr ra, 0(a2)"
    second = (
        "la a2, function; delay 2000; .balign 16;"
        "csrr a0, mcycle; jalr ra, 0(a2); csrr a1, mcycle; sub a0, a1, a0"
    )
    measurement = measure({0: first, 1: second}, data=_FUNCTION, runs=1)
    expected = 1 + 2 + _issue_cycles(_FUNCTION_LINES) + 2 * _FUNCTION_LINES + 2
    assert measurement.values[1][0] == expected


# One line: three instructions and the second read. The barrier's instruction and the first read
# stand at the end of the line before.
_ONE_LINE = ".balign 16; nop; nop"


def test_cores_share_the_fetch_of_a_line() -> None:
    """Eight cores miss one line in the same cycle: one fetches it, all wait for its arrival."""
    measurement = measure("nop; nop; nop", setup=_ONE_LINE, cores=range(8), runs=1)
    assert measurement.ordered == [3 + 18] * 8


@pytest.mark.parametrize("cores", [1, 2, 4, 8])
def test_refills_share_l2_bandwidth(cores: int) -> None:
    """A line is two beats of 8 bytes; without caches every core fetches its own.

    n cores ask in the same cycle and take turns: the second beats are granted n to 2n - 1 cycles
    after the miss instead of 1.
    """
    measurement = measure(
        "nop; nop; nop", setup=_ONE_LINE if cores > 1 else _ONE_LINE + "; nop",
        cores=range(cores), runs=1, caches=False,
    )
    assert measurement.ordered == [3 + 18 + cores - 1 + i for i in range(cores)]
