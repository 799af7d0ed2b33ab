"""The closed form against measured points of the accelerator's public cycle model."""

from __future__ import annotations

import pytest

from compiler.target.neureka_cycles import JobShape, Mode, job_cycles

TOLERANCE = 2

C3, C1, DW = Mode.CONVOLUTION_3X3, Mode.CONVOLUTION_1X1, Mode.DEPTHWISE_3X3


@pytest.mark.parametrize(
    ("shape", "measured"),
    [
        (JobShape(C3, 8, 28, 32, 6, 6, 8, False), 414),
        (JobShape(C3, 8, 56, 32, 6, 6, 8, False), 752),
        (JobShape(C3, 4, 28, 32, 6, 6, 8, False), 284),
        (JobShape(C3, 2, 28, 32, 6, 6, 8, False), 220),
        (JobShape(C3, 8, 64, 64, 8, 8, 8, False), 7903),
        (JobShape(C3, 8, 64, 64, 8, 8, 8, True), 7233),
        (JobShape(C1, 8, 32, 32, 6, 6, 8, False), 166),
        (JobShape(C1, 8, 64, 32, 6, 6, 8, False), 255),
        (JobShape(C1, 8, 128, 128, 8, 8, 8, False), 6631),
        (JobShape(C1, 8, 128, 128, 8, 8, 8, True), 4303),
        (JobShape(C1, 8, 32, 32, 1, 1, 8, False), 130),
        (JobShape(DW, 8, 28, 28, 6, 6, 8, False), 183),
    ],
)
def test_measured_points(shape: JobShape, measured: int) -> None:
    assert abs(job_cycles(shape) - measured) <= TOLERANCE


def _cycles(
    *, bits: int = 8, scale_bits: int = 8, outputs: int = 64, mode: Mode = C3, inputs: int = 56
) -> int:
    return job_cycles(JobShape(mode, bits, inputs, outputs, 12, 12, scale_bits, False))


def test_wide_scales_cost_a_cycle_per_bit_and_tile() -> None:
    # Four spatial tiles by two groups of output channels.
    assert _cycles(scale_bits=32) - _cycles() == 8 * 24
    # Of 44 channels the last group has 12: its 32-bit scales take 12 cycles, its 8-bit ones 3.
    assert _cycles(scale_bits=32, outputs=44) - _cycles(outputs=44) == 4 * 24 + 4 * 9


def test_only_filters_of_3x3_gain_by_fewer_bits() -> None:
    assert _cycles(bits=8) - _cycles(bits=4) == 8 * 2 * 32 * 4
    assert _cycles(mode=C1, bits=8) == _cycles(mode=C1, bits=4)


def test_depthwise_time_does_not_depend_on_input_groups() -> None:
    few = job_cycles(JobShape(DW, 8, 28, 28, 6, 6, 32, False))
    more = job_cycles(JobShape(DW, 8, 56, 56, 6, 6, 32, False))
    # The second group adds a tile; groups before the last load 32 scales.
    assert more - few == few - 7 + 4
