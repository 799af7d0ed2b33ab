"""Bank conflicts of L1, in cases worked out by hand.

L1 has 16 banks of 4-byte words, word-interleaved: bank = address[5:2]. A bank serves one access per
cycle. Those that were refused come before new ones and take turns. A core that waits does nothing
else.

All cores start in the same cycle. With n accesses per core, a core that is never refused takes n
cycles; one that is refused r times takes n + r.
"""

from __future__ import annotations

import pytest

from tests.simulator.timing.micro_benchmark import measure
from tests.simulator.timing.neureka_job import CONFIGURE, Job, job_table

_ACCESSES = 16
_BUFFER = "TW_L1 + 0x1000"


def _address(offset: str) -> str:
    """Set-up of a1: the buffer plus `offset`, an instruction sequence that leaves bytes in t0."""
    return f"{offset}; li a1, {_BUFFER}; add a1, a1, t0"


def _stride(words: int, operation: str = "lw") -> str:
    """Accesses that move on by some words; offsets fit an immediate."""
    return "\n".join(f"{operation} a2, {4 * words * i}(a1)" for i in range(_ACCESSES))


@pytest.mark.parametrize("operation", ["lw", "sw", "lbu", "sb", "lh"])
@pytest.mark.parametrize("cores", [1, 2, 3, 5, 8])
def test_cores_on_one_bank(cores: int, operation: str) -> None:
    """Of k cores on one word each has every k-th cycle.

    16 k accesses take 16 k cycles. In the last round, from cycle 15 k on, the cores finish one
    after the other: core number i of the round goes on in cycle 15 k + i + 1. Reading one word
    together does not help, and neither do narrow accesses.
    """
    code = _stride(0, operation)
    ordered = measure(code, setup=_address("li t0, 0"), cores=range(cores)).ordered
    assert ordered == [(_ACCESSES - 1) * cores + 1 + i for i in range(cores)]


def test_loads_and_stores_conflict() -> None:
    codes = {0: _stride(0, "lw"), 1: _stride(0, "sw")}
    assert measure(codes, setup=_address("li t0, 0")).ordered == [31, 32]


def test_test_and_set_window_is_the_same_bank() -> None:
    codes = {0: _stride(0), 1: _stride(0).replace("a1", "a3")}
    setup = _address("li t0, 0") + "; li a3, TW_L1 + 0x101000"
    assert measure(codes, setup=setup).ordered == [31, 32]


def test_cores_on_different_banks() -> None:
    """Core i uses bank i only."""
    assert measure(_stride(0), setup=_address("slli t0, s11, 2"), cores=range(8)).ordered == [
        _ACCESSES
    ] * 8


def test_same_bank_in_different_rows() -> None:
    """Words 64 bytes apart share a bank."""
    ordered = measure(_stride(0), setup=_address("slli t0, s11, 6"), cores=range(8)).ordered
    assert ordered == [15 * 8 + 1 + i for i in range(8)]


@pytest.mark.parametrize("words", [1, 2, 3, 4, 7, 16])
def test_neighbouring_words_with_a_common_stride(words: int) -> None:
    """Core i starts at bank i; all move on by the same stride, so they never meet."""
    ordered = measure(_stride(words), setup=_address("slli t0, s11, 2"), cores=range(8)).ordered
    assert ordered == [_ACCESSES] * 8


def test_walk_from_the_same_word() -> None:
    """All start at one word and walk on word by word.

    In cycle c one core more leaves the first bank, behind the others, which are 1 to c banks
    further; they never meet again. Core number i is refused i times.
    """
    ordered = measure(_stride(1), setup=_address("li t0, 0"), cores=range(8)).ordered
    assert ordered == [_ACCESSES + i for i in range(8)]


def test_rows_of_64_bytes() -> None:
    """Core i walks along row i of a matrix with 64-byte rows: one bank at a time for all.

    The same as walking from the same word: once staggered they do not meet again.
    """
    ordered = measure(_stride(1), setup=_address("slli t0, s11, 6"), cores=range(8)).ordered
    assert ordered == [_ACCESSES + i for i in range(8)]


def test_rows_of_68_bytes() -> None:
    """One word of padding per row: core i starts at bank i, no conflict at all."""
    setup = _address("slli t0, s11, 6; slli t1, s11, 2; add t0, t0, t1")
    assert measure(_stride(1), setup=setup, cores=range(8)).ordered == [_ACCESSES] * 8


def test_columns_of_a_matrix_with_64_byte_rows() -> None:
    """Core i walks down column i: always bank i."""
    ordered = measure(_stride(16), setup=_address("slli t0, s11, 2"), cores=range(8)).ordered
    assert ordered == [_ACCESSES] * 8


def test_two_cores_with_two_banks() -> None:
    """Stride 8: both alternate between two banks, start on the same one, and meet once."""
    ordered = measure(_stride(8), setup=_address("li t0, 0"), cores=[0, 5]).ordered
    assert ordered == [16, 17]


def test_two_cores_that_access_every_other_cycle() -> None:
    """They collide once; then each uses the cycles in which the other one adds."""
    code = "\n".join(["lw a2, 0(a1); add a3, a4, a5"] * 8)
    assert measure(code, setup=_address("li t0, 0"), cores=[0, 1]).ordered == [16, 17]


def test_three_cores_that_access_every_other_cycle() -> None:
    """Eight accesses of three cores to one bank: 24 cycles, and the bank never rests.

    In cycle 0 all ask; A is served, then B in 1, then C in 2. A adds in 1 and asks again in 2, is
    served in 3; B in 4, C in 5, and so on: three cycles per turn. A's last access is in cycle 21,
    and its addition in 22.
    """
    code = "\n".join(["lw a2, 0(a1); add a3, a4, a5"] * 8)
    assert measure(code, setup=_address("li t0, 0"), cores=[0, 3, 6]).ordered == [23, 24, 25]


def test_misaligned_access_uses_two_banks() -> None:
    """Core 0 reads banks 0 and 1 in cycles 0 and 1. Core 1 reads bank 1 in cycle 0, undisturbed,
    or in cycle 1, where one of them waits.
    """
    setup = _address("li t0, 0")
    apart = {0: "lw a2, 2(a1)", 1: "lw a2, 4(a1)"}
    assert measure(apart, setup=setup).cycles == {0: 2, 1: 1}
    together = {0: "lw a2, 2(a1)", 1: "nop; lw a2, 4(a1)"}
    assert measure(together, setup=setup).ordered == [2, 3]


def test_waiting_is_fair() -> None:
    """Seven cores load from one bank all the time; core 7 asks once.

    It waits for each of the others at most once.
    """
    codes = {core: _stride(0) + "\n" + _stride(0) for core in range(7)}
    for start in range(20, 27):
        codes[7] = f"delay {start}; csrr a2, mcycle; lw a3, 0(a1); csrr a4, mcycle; sub a0, a4, a2"
        measurement = measure(codes, setup=_address("li t0, 0"))
        assert 1 <= measurement.values[7][0] - 1 <= 8
        # 7 x 32 + 1 accesses in as many cycles: the last of the seven cores ends with them.
        assert measurement.ordered[-1] == 7 * 32 + 1


def test_conflicts_are_counted() -> None:
    """Every refusal is one conflict of its bank and one stall cycle of a core."""
    statistics = measure(_stride(0), setup=_address("li t0, 12"), cores=range(8), runs=1).statistics
    conflicts = statistics["l1"]["bank_conflicts_by_bank"]
    assert conflicts[3] > 0
    assert [count for bank, count in enumerate(conflicts) if bank != 3] == [0] * 15
    stalls = sum(core["stalls"]["bank_conflict"] for core in statistics["cores"])
    assert stalls == conflicts[3]


# DMA against cores. A core that loads from one bank in every cycle is delayed by one cycle for each
# word of that bank that the DMA writes meanwhile: the bank is never idle, so every access of the
# DMA takes a cycle that the core would have used. A transfer of 1024 bytes writes 16 words to each
# bank. The DMA itself waits at most one cycle for each.

_LOOP = "cv_setupi 0, 100, 5" + "; lw a2, 0(a1)" * 4
_LOOP_CYCLES = 1 + 400


def _dma_command(to_l1: bool, length: int = 1024, offset: int = 0) -> str:
    command = length | to_l1 << 17 | 1 << 18 | 1 << 20
    return (
        f"li a3, {command}; li a4, TW_L1 + 0x8000 + {offset}; li a5, 0x1c100000;"
        "lw a0, 0(tp); sw a3, 0(tp); sw a4, 0(tp); sw a5, 0(tp); cv.elw a6, 0x3c(gp)"
    )


_FREE = "li t0, 1; sll t0, t0, a0; sw t0, 4(tp)"
_FREE_ON_CORE_7 = f"addi t1, s11, -7; bnez t1, 9803f; {_FREE}; 9803:"
_DMA_EVENT = "li t0, 0x10100; sw t0, 0(gp);"


@pytest.mark.parametrize("to_l1", [True, False])
@pytest.mark.parametrize("bank", [0, 1, 7, 15])
def test_dma_against_a_core(bank: int, to_l1: bool) -> None:
    alone = measure({7: _dma_command(to_l1)}, setup=_DMA_EVENT, after=_FREE).only
    codes = {0: _LOOP, 7: _dma_command(to_l1)}
    setup = _DMA_EVENT + _address(f"li t0, {4 * bank}")
    measurement = measure(codes, setup=setup, after=_FREE_ON_CORE_7)
    assert measurement.cycles[0] == _LOOP_CYCLES + 16
    assert alone <= measurement.cycles[7] <= alone + 16
    assert measurement.statistics["dma"]["transfers"] == 2


def test_dma_against_seven_cores() -> None:
    """Each core on its own bank is delayed by the 16 words of that bank."""
    codes = {core: _LOOP for core in range(7)}
    codes[7] = _dma_command(True)
    measurement = measure(codes, setup=_DMA_EVENT + _address("slli t0, s11, 2"), after=_FREE_ON_CORE_7)
    assert [measurement.cycles[core] for core in range(7)] == [_LOOP_CYCLES + 16] * 7


def test_dma_on_other_banks() -> None:
    """A transfer of 32 bytes to banks 8 to 15 never meets a core on bank 0."""
    codes = {0: _LOOP, 7: _dma_command(True, length=32, offset=32)}
    setup = _DMA_EVENT + _address("li t0, 0")
    measurement = measure(codes, setup=setup, after=_FREE_ON_CORE_7)
    assert measurement.cycles[0] == _LOOP_CYCLES


# Accelerator against cores. A 3x3 job with 6x6 outputs loads 8x8 input pixels, one per cycle, and
# stores 36 output pixels, one per cycle; its weights come from the weight memory. Pixels 64 bytes
# apart put all inputs into banks 0 to 7, and all outputs into banks 8 to 15.

_JOB = Job(
    "3x3", 8, 28, 32, 6, 6,
    inputs=0x10010000, outputs=0x10020020, input_pixel_stride=64, output_pixel_stride=64,
)
_JOB_SETUP = (
    "li t0, 0x11000; sw t0, 0(gp); bnez s11, 9804f; la a1, job_table;" + CONFIGURE + "9804:;"
)
_JOB_CODE = "li t0, TW_NEUREKA; sw zero, 0(t0); cv.elw a2, 0x3c(gp)"
# Longer than the job.
_LONG_LOOP = "cv_setupi 0, 200, 5" + "; lw a2, 0(a1)" * 4
_LONG_LOOP_CYCLES = 1 + 800


def _job_against(address: str, cores: list[int]) -> tuple[int, list[int]]:
    codes = {0: _JOB_CODE, **{core: _LONG_LOOP for core in cores}}
    setup = _JOB_SETUP + _address(address)
    measurement = measure(codes, setup=setup, data=job_table(_JOB))
    return measurement.cycles[0], [measurement.cycles[core] for core in cores]


def _job_alone() -> int:
    return measure({0: _JOB_CODE}, setup=_JOB_SETUP, data=job_table(_JOB)).only


def test_accelerator_input_against_a_core() -> None:
    """64 accesses to banks 0 to 7 against a core on bank 0 that asks in every cycle.

    The accelerator wins eight times, then stands back for one cycle: 8 wins, core, 8 wins, core...
    64 accesses are eight groups with seven pauses between them: the job takes 7 cycles more, and
    the core waits 64 times.
    """
    alone = _job_alone()
    job, (core,) = _job_against("li t0, 0", [1])
    assert job == alone + 7
    assert core == _LONG_LOOP_CYCLES + 64


def test_accelerator_output_against_a_core() -> None:
    """36 accesses to banks 8 to 15: four groups of eight and one of four, four pauses."""
    alone = _job_alone()
    job, (core,) = _job_against("li t0, 4 * 13", [1])
    assert job == alone + 4
    assert core == _LONG_LOOP_CYCLES + 36


def test_accelerator_against_seven_cores_on_different_banks() -> None:
    """Cores 1 to 7 on banks 1 to 7: all wait for the accelerator together, and win together."""
    alone = _job_alone()
    job, cores = _job_against("slli t0, s11, 2", list(range(1, 8)))
    assert job == alone + 7
    assert cores == [_LONG_LOOP_CYCLES + 64] * 7


def test_accelerator_against_cores_on_one_bank() -> None:
    """Two cores on bank 0 share it with the accelerator: 64 cycles fewer for both together.

    1600 accesses of the cores and 64 of the accelerator keep the bank busy without a pause.
    """
    alone = _job_alone()
    job, cores = _job_against("li t0, 0", [1, 2])
    assert job == alone + 7
    assert sorted(cores) == [1 + 1600 + 64 - 1, 1 + 1600 + 64]


def test_accelerator_inputs_without_a_stride_use_all_banks() -> None:
    """Pixels 32 bytes apart alternate between the halves of the banks: no two in a row conflict.

    A core on bank 0 is refused by every other access of 64, half of them, and the accelerator
    never has to stand back: a refused core is served in the next cycle.
    """
    job = Job(
        "3x3", 8, 28, 32, 6, 6,
        inputs=0x10010000, outputs=0x10020020, input_pixel_stride=32, output_pixel_stride=64,
    )
    alone = measure({0: _JOB_CODE}, setup=_JOB_SETUP, data=job_table(job)).only
    codes = {0: _JOB_CODE, 1: _LONG_LOOP}
    measurement = measure(codes, setup=_JOB_SETUP + _address("li t0, 0"), data=job_table(job))
    assert measurement.cycles[0] == alone
    assert measurement.cycles[1] == _LONG_LOOP_CYCLES + 32


def test_accelerator_weights_from_l1_against_a_core() -> None:
    """Weights in L1: one access per 32 bytes, 32 channels x 8 bits of them.

    They run through all banks, eight at a time: 256 accesses, every other one in banks 0 to 7,
    64 input pixels as above, and no output pixels there.
    """
    job = Job(
        "3x3", 8, 28, 32, 6, 6, weight_memory=False, weights=0x10018000,
        inputs=0x10010000, outputs=0x10020020, input_pixel_stride=64, output_pixel_stride=64,
    )
    alone = measure({0: _JOB_CODE}, setup=_JOB_SETUP, data=job_table(job)).only
    codes = {0: _JOB_CODE, 1: _LONG_LOOP}
    measurement = measure(codes, setup=_JOB_SETUP + _address("li t0, 0"), data=job_table(job))
    assert measurement.cycles[0] == alone + 7
    assert measurement.cycles[1] == _LONG_LOOP_CYCLES + 64 + 128
