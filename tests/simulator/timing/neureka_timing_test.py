"""Timing of the accelerator as firmware sees it: hardware reference, "N-EUREKA".

Measured points hold within 2 cycles, offload costs exactly.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulator.timing.micro_benchmark import measure
from tests.simulator.timing.neureka_job import CONFIGURE, Job, job_table

_TOLERANCE = 2

# Event 12 and barriers.
_EVENTS = "li t0, 0x11000; sw t0, 0(gp);"
_TRIGGER_AND_WAIT = "sw zero, 0(t0); cv.elw a2, 0x3c(gp)"


def _job_cycles(*jobs: Job) -> int:
    """Cycles from the trigger to the next instruction of the core that sleeps on event 12."""
    measurement = measure(
        _TRIGGER_AND_WAIT,
        setup=_EVENTS + "la a1, job_table;" + CONFIGURE,
        data=job_table(*jobs),
    )
    context, _, event = measurement.values[0][:3]
    assert context < 0x80000000
    assert event == 1 << 12
    assert measurement.statistics["accelerator"]["multiply_accumulates"] == 2 * jobs[0].macs()
    return measurement.only


_MEASURED = [
    pytest.param(job, cycles, id=name)
    for name, job, cycles in [
        ("3x3_28_32_6x6", Job("3x3", 8, 28, 32, 6, 6), 414),
        ("3x3_56_32_6x6", Job("3x3", 8, 56, 32, 6, 6), 752),
        ("3x3_28_32_6x6_4_bits", Job("3x3", 4, 28, 32, 6, 6), 284),
        ("3x3_28_32_6x6_2_bits", Job("3x3", 2, 28, 32, 6, 6), 220),
        ("3x3_64_64_8x8", Job("3x3", 8, 64, 64, 8, 8), 7903),
        ("3x3_64_64_8x8_prefetch", Job("3x3", 8, 64, 64, 8, 8, prefetch=True), 7233),
        ("1x1_32_32_6x6", Job("1x1", 8, 32, 32, 6, 6), 166),
        ("1x1_64_32_6x6", Job("1x1", 8, 64, 32, 6, 6), 255),
        ("1x1_128_128_8x8", Job("1x1", 8, 128, 128, 8, 8), 6631),
        ("1x1_128_128_8x8_prefetch", Job("1x1", 8, 128, 128, 8, 8, prefetch=True), 4303),
        ("1x1_32_32_1x1", Job("1x1", 8, 32, 32, 1, 1), 130),
        ("dw_28_6x6", Job("dw", 8, 28, 28, 6, 6), 183),
    ]
]


@pytest.mark.parametrize(("job", "cycles"), _MEASURED)
def test_measured_points(job: Job, cycles: int) -> None:
    assert abs(_job_cycles(job) - cycles) <= _TOLERANCE


@pytest.mark.parametrize(("job", "cycles"), _MEASURED)
def test_weights_in_l1_take_the_same_time(job: Job, cycles: int) -> None:
    """The weight stream is as wide from L1 as from the weight memory."""
    job = replace(job, weight_memory=False, weights=0x10034000, inputs=0x10008000)
    if job.input_channels == 64 and job.mode == "3x3":
        # 48 KiB of weights need more room.
        job = replace(job, weights=0x10010000)
    assert abs(_job_cycles(job) - cycles) <= _TOLERANCE


@pytest.mark.parametrize("weight_bits", range(2, 9))
def test_weight_bits_save_time_in_3x3_only(weight_bits: int) -> None:
    """Full tiles: 32 cycles per weight bit in 3x3, none in 1x1."""
    three = _job_cycles(Job("3x3", weight_bits, 28, 32, 6, 6))
    assert abs(three - (414 - 32 * (8 - weight_bits))) <= _TOLERANCE
    one = _job_cycles(Job("1x1", weight_bits, 32, 32, 6, 6))
    assert abs(one - 166) <= _TOLERANCE


def test_offload_cost() -> None:
    """Acquire 3, 24 registers of 3 cycles each, trigger 3; here each value is loaded from L1 in 1.

    Loads go in pairs, so that no value is used by the instruction after its load.
    """
    lines = ["lw a0, 4(t0)"]
    for i in range(0, 24, 2):
        lines += [
            f"lw a2, {4 * i}(a1)",
            f"lw a3, {4 * i + 4}(a1)",
            f"sw a2, {0x20 + 4 * i}(t0)",
            f"sw a3, {0x24 + 4 * i}(t0)",
        ]
    lines.append("sw zero, 0(t0)")
    measurement = measure(
        "\n".join(lines),
        setup=_EVENTS + "la a1, job_table; li t0, TW_NEUREKA",
        after="cv.elw a2, 0x3c(gp)",
        data=job_table(Job("1x1", 8, 32, 32, 1, 1)),
    )
    assert measurement.only == 3 + 24 * (1 + 3) + 3


def test_status_and_contexts() -> None:
    """Two jobs can be taken, the third is refused until one is done.

    a0, a1: contexts; a2: refusal; a3: status with both busy; a4: status when both are done;
    a5: a context again.
    """
    configure = CONFIGURE.replace("lw a0, 4(t0)", "")
    code = f"""
    li t0, TW_NEUREKA
    lw a0, 4(t0)
    la a6, job_table
    mv a7, a1
    mv a1, a6
    {configure}
    sw zero, 0(t0)
    lw a4, 4(t0)
    mv a1, a6
    {configure}
    sw zero, 0(t0)
    lw a2, 4(t0)
    lw a3, 0x0c(t0)
    mv a1, a4
    cv.elw t4, 0x3c(gp)
    delay 900
    lw a4, 0x0c(t0)
    lw a5, 4(t0)
    """
    job = Job("3x3", 8, 28, 32, 6, 6)
    values = measure(
        code, setup=_EVENTS + "sw zero, 0x28(gp)", data=job_table(job), runs=1, large=True
    ).values[0]
    assert values[0] < 0x80000000
    assert values[1] < 0x80000000
    assert values[0] != values[1]
    assert values[2] >= 0x80000000
    assert values[3] & 0x101 == 0x101
    assert values[4] & 0x101 == 0
    assert values[5] < 0x80000000


def test_configuration_hides_under_the_running_job() -> None:
    """The second job is configured and triggered while the first one runs.

    Each job's time counts from its trigger to the wake-up, of which the start and the wake-up
    (together 7 cycles) may overlap with the other job; its registers' time, over 100 cycles, must.
    """
    first, second = Job("3x3", 8, 28, 32, 6, 6), Job("1x1", 8, 64, 32, 6, 6)
    code = f"""
    sw zero, 0(t0)
    {CONFIGURE}
    sw zero, 0(t0)
    cv.elw a2, 0x3c(gp)
    csrr a4, mcycle
    cv.elw a3, 0x3c(gp)
    """
    measurement = measure(
        code,
        setup=_EVENTS + "la a1, job_table;" + CONFIGURE,
        data=job_table(first, second),
        after="sub a4, a4, s1; addi a4, a4, -1",
    )
    assert abs(measurement.values[0][4] - 414) <= _TOLERANCE
    assert 414 + 255 - 7 - _TOLERANCE <= measurement.only <= 414 + 255 + _TOLERANCE


def test_cores_run_at_full_speed_beside_a_job() -> None:
    """A core that does not touch L1 is not slowed down by the job, nor the job by it."""
    codes = {0: _TRIGGER_AND_WAIT, 1: "delay 300"}
    setup = _EVENTS + "bnez s11, 9600f; la a1, job_table;" + CONFIGURE + "9600:"
    job = Job("3x3", 8, 28, 32, 6, 6)
    measurement = measure(codes, setup=setup, data=job_table(job))
    assert measurement.cycles[1] == 300
    assert abs(measurement.cycles[0] - 414) <= _TOLERANCE
