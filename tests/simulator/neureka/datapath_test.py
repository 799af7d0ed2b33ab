"""The accelerator's results, bit for bit, against the NumPy model; its time on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.neureka.job import Image, Job, Mode, build
from tests.simulator.neureka.job_time import job_cycles
from tests.simulator.neureka.runner import EVENT_WAKE, Result, Script

TRIGGER_CYCLE = 10


def run(image: Image) -> Result:
    """The job alone."""
    script = Script()
    script.job(TRIGGER_CYCLE, image.registers)
    return script.run(image.l1, image.weight_memory)


def check(job: Job, seed: int) -> Result:
    """Runs a job on random operands and compares all of L1, the time and the counters."""
    image = build(job, seed)
    assert image.accumulators_fit
    result = run(image)
    assert result.fault is None
    differences = np.flatnonzero(result.l1 != image.expected_l1)
    assert differences.size == 0, f"{differences.size} bytes differ, first {differences[0]:#x}"
    ((core, event, cycle),) = result.events
    assert (core, event) == (0, 12)
    assert cycle + EVENT_WAKE - TRIGGER_CYCLE == job_cycles(job)
    check_counters(job, result)
    return result


def check_counters(job: Job, result: Result) -> None:
    """What the accelerator says it did."""
    counters = result.statistics
    taps = job.kernel**2 - bin(job.filter_mask).count("1")
    products = job.height * job.width * job.k_out * taps
    assert counters["multiply_accumulates"] == products * (1 if job.mode == "dw" else job.k_in)
    assert counters["stall_cycles"] == 0
    groups = -(-job.k_out // 8)
    if job.output_bits == 8:
        groups = -(-job.k_out // (28 if job.mode == "dw" else 32))
    elif job.mode == "dw":
        full, last = divmod(job.k_out, 28)
        groups = 4 * full + -(-last // 8)
    assert counters["output_accesses"] == job.height * job.width * groups
    assert counters["partial_sum_accesses"] == (
        job.height * job.width * groups if job.stream_in else 0
    )
    in_l1, elsewhere = counters["weight_accesses_l1"] * 32, counters["weight_bytes_wmem"]
    assert (elsewhere if job.weights_in_l1 else in_l1) == 0
    spatial = -(-job.height // 6) * -(-job.width // 6)
    blocks = {
        "3x3": job.k_out * -(-job.k_in // 28) * job.weight_bits,
        "1x1": job.k_out * -(-job.k_in // 32),
        "dw": -(-job.k_out // 28) * job.weight_bits,
    }[job.mode]
    assert in_l1 + elsewhere == 32 * blocks * spatial


@st.composite
def jobs(draw: st.DrawFn, mode: Mode) -> Job:
    """Any job that is allowed and small enough for L1."""
    k_in = draw(st.integers(1, 70))
    k_out = k_in if mode == "dw" else draw(st.integers(1, 70))
    height, width = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    padding = (0, 0, 0, 0)
    padding_value = 0
    filter_mask = 0
    if mode != "1x1":
        top = draw(st.integers(0, min(2, height + 1)))
        left = draw(st.integers(0, min(2, width + 1)))
        # The last tile must hold the padding behind it, and some input must be left.
        bottom = draw(st.integers(0, min(2, height + 1 - top, 2 if height <= 6 else _last(height))))
        right = draw(st.integers(0, min(2, width + 1 - left, 2 if width <= 6 else _last(width))))
        padding = (top, right, bottom, left)
        if bottom == right == 0:
            padding_value = draw(st.integers(0, 255))
        filter_mask = draw(st.one_of(st.just(0), st.integers(0, 511)))
    weight_bits = draw(st.integers(2, 8))
    scale_bits = draw(st.sampled_from([None, 8, 16, 32]))
    output_bits = 32 if scale_bits is None else draw(st.sampled_from([8, 32]))
    return Job(
        mode=mode,
        k_in=k_in,
        k_out=k_out,
        height=height,
        width=width,
        weight_bits=weight_bits,
        weight_offset=draw(st.one_of(st.just(-(1 << (weight_bits - 1))), st.integers(-300, 300))),
        signed=draw(st.booleans()),
        padding=padding,
        padding_value=padding_value,
        filter_mask=filter_mask,
        output_bits=output_bits,
        scale_bits=scale_bits,
        bias=draw(st.booleans()),
        relu=draw(st.booleans()),
        shift=draw(st.one_of(st.none(), st.none(), st.integers(0, 31))),
        shifts_per_channel=draw(st.booleans()),
        stream_in=output_bits == 32 and draw(st.booleans()),
        prefetch=mode != "dw" and draw(st.booleans()),
        weights_in_l1=draw(st.booleans()),
        input_pixel_gap=draw(st.sampled_from([0, 0, 1, 4, 32])),
        input_row_gap=draw(st.sampled_from([0, 0, 1, 4, 64])),
        output_pixel_gap=draw(st.sampled_from([0, 0, 1, 4, 32])),
        output_row_gap=draw(st.sampled_from([0, 0, 1, 4, 64])),
        misalignment=draw(st.sampled_from([0, 0, 1, 2, 3])),
    )


def _last(size: int) -> int:
    return (size - 1) % 6 + 1


random_jobs = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@random_jobs
@given(job=jobs("3x3"), seed=st.integers(0, 2**32 - 1))
def test_3x3(job: Job, seed: int) -> None:
    check(job, seed)


@random_jobs
@given(job=jobs("1x1"), seed=st.integers(0, 2**32 - 1))
def test_1x1(job: Job, seed: int) -> None:
    check(job, seed)


@random_jobs
@given(job=jobs("dw"), seed=st.integers(0, 2**32 - 1))
def test_depthwise(job: Job, seed: int) -> None:
    check(job, seed)


@pytest.mark.parametrize("weight_bits", range(2, 9))
@pytest.mark.parametrize("mode", ["3x3", "1x1", "dw"])
@pytest.mark.parametrize("weights_in_l1", [True, False])
def test_every_weight_width(mode: Mode, weight_bits: int, weights_in_l1: bool) -> None:
    check(
        Job(
            mode, 40, 40, 7, 8, weight_bits, -(1 << (weight_bits - 1)), weights_in_l1=weights_in_l1
        ),
        weight_bits,
    )


@pytest.mark.parametrize("scale_bits", [8, 16, 32])
@pytest.mark.parametrize("output_bits", [8, 32])
@pytest.mark.parametrize("relu", [True, False])
def test_every_requantisation(scale_bits: int, output_bits: int, relu: bool) -> None:
    check(Job("3x3", 5, 39, 4, 9, output_bits=output_bits, scale_bits=scale_bits, relu=relu), 3)


@pytest.mark.parametrize("mode", ["3x3", "1x1", "dw"])
@pytest.mark.parametrize("scale_bits", [8, 16, 32])
def test_the_operands_leave_outputs_in_range(mode: Mode, scale_bits: int) -> None:
    """Were most outputs clipped, the tests here would say little about the sums."""
    for per_channel in (False, True):
        job = Job(mode, 40, 40, 7, 8, scale_bits=scale_bits, shifts_per_channel=per_channel)
        assert build(job, 1).distinct_outputs > 100


def test_doubled_input_strides_are_a_1x1_convolution_with_stride_2() -> None:
    full = Job("1x1", 24, 16, 11, 13)
    image = build(full, 1)
    pixels = image.expected_l1
    output = image.registers[2] - 0x1000_0000
    every_other = [
        pixels[output + (2 * y * 13 + 2 * x) * 16 :][:16] for y in range(6) for x in range(7)
    ]
    strided = list(image.registers)
    strided[6] *= 2
    strided[7] *= 2
    strided[11] = 7 * 16
    strided[16] = 6 << 16 | 1
    strided[17] = 6 << 16 | 1
    strided[19] = 1 << 16 | 2
    image.registers = strided
    result = run(image)
    assert result.fault is None
    assert (result.l1[output:][: 6 * 7 * 16] == np.concatenate(every_other)).all()


@pytest.mark.parametrize(("mode", "k_in"), [("3x3", 56), ("1x1", 64)])
def test_prefetch_changes_only_the_time(mode: Mode, k_in: int) -> None:
    plain = check(Job(mode, k_in, 33, 9, 9), 5)
    hidden = check(Job(mode, k_in, 33, 9, 9, prefetch=True), 5)
    assert (plain.l1 == hidden.l1).all()
    assert plain.events[0][2] > hidden.events[0][2]


def test_sums_of_the_largest_values() -> None:
    """All activations 255 and all weights 255: the largest sums of a full tile."""
    image = build(Job("3x3", 28, 32, 6, 6, output_bits=32, scale_bits=None, weight_offset=0), 1)
    weights, source = image.registers[0] - 0x1000_0000, image.registers[1] - 0x1000_0000
    image.l1[source:][: 8 * 8 * 28] = 255
    image.l1[weights:][: 32 * 8 * 32] = 255
    output = image.registers[2] - 0x1000_0000
    result = run(image)
    values = result.l1[output:][: 6 * 6 * 32 * 4].copy().view("<i4")
    assert (values == 28 * 9 * 255 * 255).all()
