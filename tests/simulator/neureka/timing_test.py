"""Time of jobs: the measured points, and queues of two contexts."""

from __future__ import annotations

import pytest

from tests.simulator.neureka.job import Job, Mode, build
from tests.simulator.neureka.job_time import WAKE, job_cycles
from tests.simulator.neureka.runner import EVENT_WAKE, Script

TOLERANCE = 2


def time_of(job: Job) -> int:
    """From the trigger to the awake core."""
    image = build(job, 1)
    script = Script()
    script.job(100, image.registers)
    result = script.run(image.l1, image.weight_memory)
    assert result.fault is None
    return result.events[0][2] + EVENT_WAKE - 100


@pytest.mark.parametrize("weights_in_l1", [True, False])
@pytest.mark.parametrize(
    ("mode", "weight_bits", "k_in", "k_out", "size", "prefetch", "measured"),
    [
        ("3x3", 8, 28, 32, 6, False, 414),
        ("3x3", 8, 56, 32, 6, False, 752),
        ("3x3", 4, 28, 32, 6, False, 284),
        ("3x3", 2, 28, 32, 6, False, 220),
        ("3x3", 8, 64, 64, 8, False, 7903),
        ("3x3", 8, 64, 64, 8, True, 7233),
        ("1x1", 8, 32, 32, 6, False, 166),
        ("1x1", 8, 64, 32, 6, False, 255),
        ("1x1", 8, 128, 128, 8, False, 6631),
        ("1x1", 8, 128, 128, 8, True, 4303),
        ("1x1", 8, 32, 32, 1, False, 130),
        ("dw", 8, 28, 28, 6, False, 183),
    ],
)
def test_measured_points(
    mode: Mode,
    weight_bits: int,
    k_in: int,
    k_out: int,
    size: int,
    prefetch: bool,
    measured: int,
    weights_in_l1: bool,
) -> None:
    job = Job(
        mode,
        k_in,
        k_out,
        size,
        size,
        weight_bits,
        prefetch=prefetch,
        weights_in_l1=weights_in_l1,
    )
    assert abs(time_of(job) - measured) <= TOLERANCE


@pytest.mark.parametrize(
    ("job", "by_hand"),
    [
        # 7, one tile of 340 + 65
        (Job("3x3", 28, 32, 6, 6), 7 + 405),
        # two output tiles; the second one has 1 channel: 6 + 64 + 6 + 8 + 8, 1 + 21 + 36
        (Job("3x3", 28, 33, 6, 6), 7 + 405 + 92 + 58),
        # 2 x 3 output pixels: loads 4 x 5, writes 6 + 3
        (Job("3x3", 28, 32, 2, 3), 7 + 6 + 20 + 6 + 256 + 8 + 29 + 9),
        # 32-bit outputs: 4 x 36 instead of 36
        (Job("3x3", 28, 32, 6, 6, output_bits=32), 7 + 405 + 3 * 36),
        # no requantisation: neither 8 nor 21
        (Job("3x3", 28, 32, 6, 6, output_bits=32, scale_bits=None), 7 + 405 - 29 + 3 * 36),
        # partial sums: 36 pixels x 4 groups, and 10
        (
            Job("3x3", 28, 32, 6, 6, output_bits=32, scale_bits=None, stream_in=True),
            7 + 405 - 29 + 3 * 36 + 36 * 4 + 10,
        ),
        (Job("3x3", 28, 32, 6, 6, scale_bits=32), 7 + 405 + 24),
        (Job("3x3", 28, 32, 6, 6, shifts_per_channel=True), 7 + 405 + 8),
        # padding does not change the time
        (Job("3x3", 28, 32, 6, 6, padding=(1, 1, 1, 1)), 7 + 405),
        (Job("1x1", 32, 32, 6, 6), 7 + 90 + 68),
        # the whole load phase however few the pixels
        (Job("1x1", 32, 32, 1, 1), 7 + 90 + 68 - 35),
        (Job("1x1", 32, 32, 6, 6, weight_bits=2), 7 + 90 + 68),
        (Job("dw", 28, 28, 6, 6), 7 + 176),
        (Job("dw", 28, 28, 6, 6, weight_bits=3), 7 + 171),
    ],
)
def test_by_hand(job: Job, by_hand: int) -> None:
    assert time_of(job) == by_hand
    assert job_cycles(job) == by_hand


def test_a_queued_job_follows_the_running_one() -> None:
    first = Job("3x3", 28, 32, 6, 6)
    image = build(first, 1)
    script = Script()
    script.job(100, image.registers)
    script.job(200, image.registers)
    result = script.run(image.l1, image.weight_memory)
    ends = [cycle for _, _, cycle in result.events]
    work = job_cycles(first) - WAKE
    # A cycle before the first phase, and one after the last.
    assert ends == [100 + 1 + work + 1, 100 + 2 * (1 + work + 1)]
    assert result.statistics["jobs"] == 2
    assert result.statistics["busy_cycles"] == 2 * (work + 1)
    assert (result.l1 == image.expected_l1).all()


def test_weights_in_l1_with_prefetch_take_one_port() -> None:
    """The hidden products' accesses do not add time; those of the last tile are their own."""
    job = Job("3x3", 56, 32, 6, 6, prefetch=True)
    # Two tiles of input channels: the first one's 270 cycles of products run under the second
    # load, 6 + 64 + 3, and 200 more.
    first = 6 + 64 + 6
    second = 6 + 64 + (270 - 67) + 6 + 256 + 8
    assert time_of(job) == 7 + first + second + 65
