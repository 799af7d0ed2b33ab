"""N-EUREKA's job registers for a layer, and back: what a kernel call with them takes.

`kernels/include/tilewright/accelerated_conv.h` has the parameters, docs of the chip the registers
(platforms/siracusa/hardware_reference.md).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from compiler.ir import ParameterValue
from compiler.target.neureka_cycles import PIXELS, WAKE, JobShape, Mode, job_cycles
from compiler.target.neureka_weights import BLOCK_BYTES

Pair = tuple[int, int]

_QUANTISE = 1 << 4
_WEIGHT_MEMORY = 1 << 9
_PREFETCH = 1 << 10
_NO_RELU = 1 << 23
_LOAD_BIAS = 1 << 25
_SIGNED_INPUT = 1 << 26
_MODE_BIT = 5
_SCALE_BITS_BIT = 12
_SHIFT_BIT = 16
_SCALE_CODES = {8: 0, 32: 2}

MOST_PADDING_BEFORE = 2
MOST_PADDING_AFTER = 1
"""More may be larger than the last tile, which the hardware cannot do."""

MOST_SHIFT = 31

START_CYCLES = 230
"""Of a call: from the first instruction to the store that triggers the first job."""

NEXT_JOB_CYCLES = 2
"""From the end of a job to the first cycle of one that is queued."""


@dataclass(frozen=True)
class Arithmetic:
    """What a job computes with.

    Attributes:
        mode: what it computes.
        weight_bits, weight_offset: of `StoredWeights`.
        scale_bits: 8 or 32.
        shift: of requantisation.
        signed_input, signed_output: int8, else uint8.
        weight_memory: whether weights are in weight memory, and not in L1.
    """

    mode: Mode
    weight_bits: int
    weight_offset: int
    scale_bits: int
    shift: int
    signed_input: bool
    signed_output: bool
    weight_memory: bool


@dataclass(frozen=True)
class Geometry:
    """Where a job finds what it reads and writes.

    Attributes:
        images: how many equal jobs; their inputs and outputs follow each other.
        inputs, outputs: channels.
        output_size: height and width of the output.
        rest: pixels of a further row of the output, which is not full.
        input_strides: bytes from row to row of the input and from pixel to pixel.
        image_bytes: from image to image of the input.
        begins, ends: padding before and after the input on both axes.
        padding_value: what it reads as.
    """

    images: int
    inputs: int
    outputs: int
    output_size: Pair
    rest: int
    input_strides: Pair
    image_bytes: int
    begins: Pair = (0, 0)
    ends: Pair = (0, 0)
    padding_value: int = 0


def job_parameters(arithmetic: Arithmetic, geometry: Geometry) -> dict[str, ParameterValue]:
    """The kernel's parameters, in the order of its struct."""
    mode = arithmetic.mode
    height, width = geometry.output_size
    row_bytes, pixel_bytes = geometry.input_strides
    top, left = geometry.begins
    bottom, right = (max(0, amount) for amount in geometry.ends)
    assert max(top, left) <= MOST_PADDING_BEFORE and max(bottom, right) <= MOST_PADDING_AFTER
    assert geometry.padding_value == 0 or bottom == right == 0
    input_tiles = _tiles(geometry.inputs, mode.input_channels)
    output_row = width * geometry.outputs
    channel_stride = {
        Mode.CONVOLUTION_3X3: BLOCK_BYTES * arithmetic.weight_bits * input_tiles,
        Mode.DEPTHWISE_3X3: 0,
        Mode.CONVOLUTION_1X1: BLOCK_BYTES * input_tiles,
    }[mode]
    last_height, last_width = _last(height, PIXELS), _last(width, PIXELS)
    last_channels = _halves(
        _last(geometry.outputs, mode.output_channels), _last(geometry.inputs, mode.input_channels)
    )
    return {
        "images": geometry.images,
        "input_bytes": geometry.image_bytes,
        "output_bytes": height * output_row + geometry.rest * geometry.outputs,
        "input_offset": -top * row_bytes - left * pixel_bytes,
        "input_pixel_stride": pixel_bytes,
        "input_row_stride": row_bytes,
        "input_plane_stride": 0,
        "output_block_stride": BLOCK_BYTES,
        "output_pixel_stride": geometry.outputs,
        "output_row_stride": output_row,
        "weight_block_stride": BLOCK_BYTES,
        "weight_channel_stride": channel_stride,
        "weight_plane_stride": 0,
        "last_channels": last_channels,
        "last_output": _halves(last_height, last_width),
        "last_input": _halves(last_height + mode.border - bottom, last_width + mode.border - right),
        "channel_tiles": _halves(_tiles(geometry.outputs, mode.output_channels), input_tiles),
        "output_tiles": _halves(_tiles(height, PIXELS), _tiles(width, PIXELS)),
        "padding": top << 28
        | right << 24
        | bottom << 20
        | left << 16
        | geometry.padding_value & 0xFF,
        "weight_offset": arithmetic.weight_offset,
        "filter_mask": 0,
        "configuration": _configuration(arithmetic, geometry),
        "rest_input": height * row_bytes,
        "rest_output": height * output_row,
        "rest_last": _halves(1, _last(geometry.rest, PIXELS)) if geometry.rest else 0,
        "rest_tiles": _halves(1, _tiles(geometry.rest, PIXELS)) if geometry.rest else 0,
    }


def _configuration(arithmetic: Arithmetic, geometry: Geometry) -> int:
    value = arithmetic.weight_bits - 1 | _QUANTISE | _LOAD_BIAS
    value |= arithmetic.mode.value << _MODE_BIT
    value |= _SCALE_CODES[arithmetic.scale_bits] << _SCALE_BITS_BIT
    value |= arithmetic.shift << _SHIFT_BIT
    value |= _WEIGHT_MEMORY if arithmetic.weight_memory else 0
    value |= _NO_RELU if arithmetic.signed_output else 0
    value |= _SIGNED_INPUT if arithmetic.signed_input else 0
    return value | (_PREFETCH if _prefetch_helps(arithmetic, geometry) else 0)


def _prefetch_helps(arithmetic: Arithmetic, geometry: Geometry) -> bool:
    if arithmetic.mode is Mode.DEPTHWISE_3X3:
        return False
    shapes = [
        JobShape(
            arithmetic.mode,
            arithmetic.weight_bits,
            geometry.inputs,
            geometry.outputs,
            *size,
            arithmetic.scale_bits,
            prefetch=False,
        )
        for size in (geometry.output_size, (1, geometry.rest))
        if size[1]
    ]
    with_it = sum(job_cycles(replace(shape, prefetch=True)) for shape in shapes)
    return with_it < sum(map(job_cycles, shapes))


def job_shapes(parameters: Mapping[str, ParameterValue]) -> list[JobShape]:
    """The jobs of a call with these parameters, one after the other."""

    def halves(name: str) -> Pair:
        value = parameters[name]
        assert isinstance(value, int)
        return value >> 16, value & 0xFFFF

    configuration = parameters["configuration"]
    images = parameters["images"]
    assert isinstance(configuration, int) and isinstance(images, int)
    mode = Mode(configuration >> _MODE_BIT & 3)
    outputs, inputs = (
        (tiles - 1) * each + last
        for tiles, each, last in zip(
            halves("channel_tiles"),
            (mode.output_channels, mode.input_channels),
            halves("last_channels"),
            strict=True,
        )
    )
    shapes: list[JobShape] = []
    for tiles_name, last_name in (("output_tiles", "last_output"), ("rest_tiles", "rest_last")):
        tiles, last = halves(tiles_name), halves(last_name)
        if tiles == (0, 0):
            continue
        shapes.append(
            JobShape(
                mode,
                (configuration & 7) + 1,
                inputs,
                outputs,
                (tiles[0] - 1) * PIXELS + last[0],
                (tiles[1] - 1) * PIXELS + last[1],
                8 << (configuration >> _SCALE_BITS_BIT & 3),
                bool(configuration & _PREFETCH),
            )
        )
    return shapes * images


def jobs_cycles(parameters: Mapping[str, ParameterValue]) -> int:
    """Cycles of a call's jobs from the first one's start; the others' preparations hide."""
    shapes = job_shapes(parameters)
    return sum(map(job_cycles, shapes)) - (len(shapes) - 1) * (WAKE - NEXT_JOB_CYCLES)


def call_cycles(parameters: Mapping[str, ParameterValue]) -> int:
    """Cycles of a kernel call for which nothing was prepared."""
    return START_CYCLES + jobs_cycles(parameters)


@functools.cache
def best_rectangle(pixels: int, inputs: int, outputs: int, scale_bits: int) -> tuple[Pair, int]:
    """How pixels in a row are computed fastest in a 1x1 job, as rows of equal length.

    Returns the number and length of rows, and how many pixels are left over for a second job.
    """

    def cost(width: int) -> tuple[int, int]:
        height, rest = divmod(pixels, width)
        shape = JobShape(
            Mode.CONVOLUTION_1X1, 8, inputs, outputs, height, width, scale_bits, prefetch=True
        )
        cycles = job_cycles(shape)
        if rest:
            cycles += job_cycles(replace(shape, height=1, width=rest))
        return cycles, width

    best = min(range(1, min(pixels, MOST_ROW) + 1), key=cost)
    return (pixels // best, best), pixels % best


MOST_ROW = 24
"""Pixels: rows of these lengths are tried."""


def _tiles(size: int, tile: int) -> int:
    return -(-size // tile)


def _last(size: int, tile: int) -> int:
    return size - (_tiles(size, tile) - 1) * tile


def _halves(high: int, low: int) -> int:
    return high << 16 | low
