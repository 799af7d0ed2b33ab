"""Configurations that the specification excludes: a fault that lists every problem."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.neureka.job import L1_BASE, L1_SIZE, Image, Job, build
from tests.simulator.neureka.runner import Script

GOOD = Job("3x3", 40, 40, 8, 9, padding=(1, 1, 1, 1))
POINTWISE = Job("1x1", 40, 40, 8, 9)
DEPTHWISE = Job("dw", 40, 40, 8, 9)
CONFIGURATION = 23


def fault_of(image: Image) -> str | None:
    """Of a job, without core and address."""
    script = Script()
    script.job(10, image.registers, core=2)
    result = script.run(image.l1, image.weight_memory)
    if result.fault is None:
        return None
    assert result.events == []
    assert (result.l1 == image.l1).all(), "a refused job changed memory"
    core, _, detail = result.fault.split(" ", 2)
    assert core == "2"
    return detail


def faults_with(job: Job, changes: dict[int, int]) -> str | None:
    """Of a job with other values in some registers."""
    image = build(job, 1)
    for register, value in changes.items():
        image.registers[register] = value & 0xFFFFFFFF
    return fault_of(image)


def with_bits(job: Job, set_bits: int, cleared: int = 0) -> dict[int, int]:
    """A configuration register with bits set and cleared."""
    registers = build(job, 1).registers
    return {CONFIGURATION: registers[CONFIGURATION] & ~cleared | set_bits}


def test_good_ones() -> None:
    for job in (GOOD, POINTWISE, DEPTHWISE):
        assert faults_with(job, {}) is None


@pytest.mark.parametrize(
    ("job", "set_bits", "cleared", "message"),
    [
        (GOOD, 1 << 8, 0, "2x2 stride (configuration bit 8)"),
        (POINTWISE, 1 << 8, 0, "2x2 stride (configuration bit 8)"),
        (DEPTHWISE, 1 << 10, 0, "prefetch is not specified for depthwise"),
        (GOOD, 1 << 3, 0, "16-bit activations"),
        (POINTWISE, 1 << 7, 0, "linear mode"),
        (GOOD, 1 << 11, 0, "rounding"),
        (GOOD, 3 << 5, 0, "reserved filter mode 3"),
        (GOOD, 0, 7, "1-bit weights"),
        (GOOD, 3 << 12, 0, "reserved scale width 3"),
        (GOOD, 1 << 21, 0, "output width 1"),
        (GOOD, 3 << 21, 0, "output width 3"),
        (GOOD, 0, 1 << 4, "8-bit outputs without requantisation"),
        (GOOD, 1 << 14, 0, "stream-in of 32-bit partial sums with 8-bit outputs"),
        (GOOD, 1 << 27, 0, "reserved configuration bits"),
        (GOOD, 1 << 31, 0, "reserved configuration bits"),
    ],
)
def test_configuration_bits(job: Job, set_bits: int, cleared: int, message: str) -> None:
    detail = faults_with(job, with_bits(job, set_bits, cleared))
    assert detail is not None
    assert message in detail


@pytest.mark.parametrize(
    ("job", "register", "value", "message"),
    [
        (GOOD, 9, 36, "output stride d0 is 36"),
        (GOOD, 10, 39, "make pixels of 40 bytes overlap"),
        (GOOD, 11, 8 * 40 + 39, "make pixels of 40 bytes overlap"),
        (GOOD, 12, 28, "weight stride d0 is 28"),
        (GOOD, 13, 32 * 8, "weight stride d1 is 256 where bits and input channels make it 512"),
        (POINTWISE, 13, 32, "weight stride d1 is 32 where bits and input channels make it 64"),
        (GOOD, 15, 33 << 16 | 12, "the last output channel tile is 33, not 1 to 32"),
        (GOOD, 15, 8 << 16 | 29, "the last input channel tile is 29, not 1 to 28"),
        (GOOD, 15, 8 << 16, "the last input channel tile is 0"),
        (DEPTHWISE, 15, 29 << 16 | 12, "the last output channel tile is 29, not 1 to 28"),
        (DEPTHWISE, 15, 12 << 16 | 11, "depthwise job with 39 input and 40 output channels"),
        (GOOD, 16, 7 << 16 | 3, "the last output row tile is 7"),
        (GOOD, 16, 2 << 16, "the last output column tile is 0"),
        (GOOD, 17, 4 << 16 | 4, "the last input row tile is 4 where output and padding make it 3"),
        (GOOD, 17, 3 << 16 | 5, "the last input column tile is 5"),
        (GOOD, 18, 2, "the number of output channel tiles is 0"),
        (GOOD, 18, 2 << 16, "the number of input channel tiles is 0"),
        (GOOD, 19, 2, "the number of output row tiles is 0"),
        (GOOD, 19, 2 << 16, "the number of output column tiles is 0"),
        (GOOD, 20, 3 << 28, "top and bottom padding 3 and 0; at most 2"),
        (GOOD, 20, 15 << 16, "left and right padding 15 and 0; at most 2"),
        (GOOD, 20, 0x11110005, "padding value 5 with bottom or right padding, which is always 0"),
        (GOOD, 20, 0x11110100, "the padding value 256 has more than 8 bits"),
        (POINTWISE, 20, 0x10000000, "top or bottom padding of a 1x1 job"),
        (GOOD, 21, 32767, "weight offset 32767"),
        (GOOD, 21, -32769, "weight offset -32769"),
        (GOOD, 22, 0x200, "filter mask 0x200 has more than 9 bits"),
        (POINTWISE, 22, 1, "a filter mask with a 1x1 job"),
    ],
)
def test_registers_that_contradict(job: Job, register: int, value: int, message: str) -> None:
    detail = faults_with(job, {register: value})
    assert detail is not None
    assert message in detail


@pytest.mark.parametrize(
    ("register", "operand"),
    [
        (0, "the weights"),
        (1, "the input"),
        (2, "the output"),
        (3, "the scale"),
        (4, "the shifts"),
        (5, "the bias"),
    ],
)
@pytest.mark.parametrize("address", [0, L1_BASE - 1, L1_BASE + L1_SIZE - 8, 0x1C01_0000])
def test_operands_outside_of_l1(register: int, operand: str, address: int) -> None:
    job = dataclasses.replace(GOOD, shifts_per_channel=True, padding=(0, 0, 0, 0))
    detail = faults_with(job, {register: address})
    assert detail is not None
    assert f"{operand} at 0x{address:08x}" in detail
    assert "is not in L1" in detail


def test_the_padded_origin_may_lie_outside_of_l1() -> None:
    image = build(GOOD, 1)
    size = 8 * 9 * 40
    first = image.registers[1] + image.registers[6] + image.registers[7]
    l1 = image.l1.copy()
    l1[:size] = image.l1[first - L1_BASE :][:size]
    # The first pixel is the first byte of L1; everything else was placed behind it.
    assert first - L1_BASE >= 64
    shifted = dataclasses.replace(image, l1=l1, registers=list(image.registers))
    shifted.registers[1] -= first - L1_BASE
    assert shifted.registers[1] < L1_BASE
    script = Script()
    script.job(10, shifted.registers)
    result = script.run(shifted.l1, shifted.weight_memory)
    assert result.fault is None
    output = image.registers[2] - L1_BASE
    assert (result.l1[output:][:size] == image.expected_l1[output:][:size]).all()


@pytest.mark.parametrize("offset", [0x2_0000 - 32, 0x2_0000, 0x1040_0000])
def test_weights_outside_of_the_weight_memory(offset: int) -> None:
    detail = faults_with(dataclasses.replace(GOOD, weights_in_l1=False), {0: offset})
    assert detail is not None
    assert f"the weights at offset 0x{offset:08x}" in detail
    assert "are not in the weight memory (131072 bytes)" in detail


def test_padding_that_reaches_into_the_tile_before() -> None:
    # 7 output rows: the last tile has one, and two rows of padding.
    job = Job("3x3", 8, 8, 7, 7)
    image = build(job, 1)
    detail = faults_with(job, {20: 2 << 20, 17: 1 << 16 | 3, 1: image.registers[1]})
    assert detail is not None
    assert "bottom padding 2 reaches beyond the last tile" in detail


def test_padding_without_input() -> None:
    detail = faults_with(Job("3x3", 8, 8, 1, 7), {20: 2 << 28 | 1 << 20, 17: 2 << 16 | 3})
    assert detail is not None
    assert "padding leaves no input row" in detail


def test_everything_wrong_is_said_at_once() -> None:
    detail = faults_with(
        GOOD, {**with_bits(GOOD, 1 << 8 | 1 << 27), 9: 0, 12: 0, 2: 0, 20: 0x11110007}
    )
    assert detail is not None
    assert detail.startswith("triggers an accelerator job that its specification excludes: ")
    for message in (
        "2x2 stride",
        "reserved configuration bits",
        "output stride d0",
        "weight stride d0",
        "the output at 0x00000000",
        "padding value 7",
    ):
        assert message in detail


@settings(max_examples=200, deadline=None)
@given(
    changes=st.dictionaries(st.integers(0, 23), st.integers(0, 2**32 - 1), min_size=1, max_size=6)
)
def test_hostile_registers_end_in_a_fault_or_a_job(changes: dict[int, int]) -> None:
    """Never a crash: what is accepted runs within memory, and ends."""
    image = build(Job("3x3", 28, 8, 6, 6), 1)
    script = Script()
    script.job(10, [changes.get(index, old) for index, old in enumerate(image.registers)])
    result = script.run(image.l1, image.weight_memory)
    assert (result.fault is None) == (len(result.events) == 1)


@pytest.mark.parametrize(
    ("scale", "bias", "message"),
    [
        (2**32 - 1, 0, "accumulator * scale of output channel 3 is"),
        (1, 2**31 - 1, "accumulator * scale + bias of output channel 3 is"),
    ],
)
def test_values_beyond_32_bits(scale: int, bias: int, message: str) -> None:
    job = Job("1x1", 8, 4, 1, 1, scale_bits=32, weight_offset=0)
    image = build(job, 1)
    weights, source = image.registers[0] - L1_BASE, image.registers[1] - L1_BASE
    image.l1[source:][:8] = 255
    image.l1[weights:][: 4 * 32] = 0
    image.l1[weights + 3 * 32 :][:2] = 0xFF  # two planes of four channels
    scales, biases = np.ones(4, "<u4"), np.zeros(4, "<i4")
    scales[3], biases[3] = scale, bias
    image.l1[image.registers[3] - L1_BASE :][:16] = scales.view(np.uint8)
    image.l1[image.registers[5] - L1_BASE :][:16] = biases.view(np.uint8)
    script = Script()
    script.job(10, image.registers)
    fault = script.run(image.l1, image.weight_memory).fault
    assert fault is not None
    assert message in fault
    assert "leaves the range of 32-bit integers" in fault
    assert "1x1 8->4 1x1, 8-bit weights" in fault


def test_partial_sums_beyond_32_bits() -> None:
    job = Job("1x1", 8, 4, 1, 1, output_bits=32, scale_bits=None, stream_in=True, weight_offset=0)
    image = build(job, 1)
    output = image.registers[2] - L1_BASE
    weights, source = image.registers[0] - L1_BASE, image.registers[1] - L1_BASE
    image.l1[source:][:8] = 255
    image.l1[weights:][: 4 * 32] = 0xFF
    image.l1[output:][:16] = np.full(4, 2**31 - 8 * 255 * 255, "<i8").astype("<i4").view(np.uint8)
    script = Script()
    script.job(10, image.registers)
    fault = script.run(image.l1, image.weight_memory).fault
    assert fault is not None
    assert "the accumulator of output channel 0 is 2147483648" in fault


def test_a_loaded_shift_beyond_31() -> None:
    image = build(Job("1x1", 8, 4, 1, 1, shifts_per_channel=True), 1)
    image.l1[image.registers[4] - L1_BASE + 2] = 32
    detail_script = Script()
    detail_script.job(10, image.registers)
    fault = detail_script.run(image.l1, image.weight_memory).fault
    assert fault is not None
    assert "the loaded shift (0 to 31 is supported) of output channel 2 is 32" in fault
