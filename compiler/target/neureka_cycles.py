"""How long N-EUREKA takes for a job, in closed form.

Phases and their cycles are those of the accelerator's public cycle model, to within 2 cycles
(tests beside this file have its measured points). The simulator's model follows the same phases.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from compiler.target.neureka_weights import CHANNELS_1X1, CHANNELS_3X3

PIXELS = 6
"""Rows and columns of an output tile."""

OUTPUT_CHANNELS = 32
"""Of a tile, except for depthwise jobs, whose tiles have as many channels as an input has."""

WAKE = 7
"""From the store that triggers a job to the core that goes on when it is done, besides the job."""


class Mode(Enum):
    """What a job computes; the value is the one that the configuration register takes."""

    CONVOLUTION_3X3 = 0
    DEPTHWISE_3X3 = 1
    CONVOLUTION_1X1 = 2

    @property
    def border(self) -> int:
        """Rows and columns by which an output is smaller than its padded input."""
        return 0 if self is Mode.CONVOLUTION_1X1 else 2

    @property
    def input_channels(self) -> int:
        """Of a tile."""
        return CHANNELS_1X1 if self is Mode.CONVOLUTION_1X1 else CHANNELS_3X3

    @property
    def output_channels(self) -> int:
        """Of a tile."""
        return CHANNELS_3X3 if self is Mode.DEPTHWISE_3X3 else OUTPUT_CHANNELS


@dataclass(frozen=True)
class JobShape:
    """What the time of a job depends on.

    Attributes:
        mode: what it computes.
        weight_bits: 2 to 8.
        inputs, outputs: channels.
        height, width: of the output.
        scale_bits: 8, 16 or 32.
        prefetch: whether products run under the next tile's load; not for depthwise jobs.
    """

    mode: Mode
    weight_bits: int
    inputs: int
    outputs: int
    height: int
    width: int
    scale_bits: int
    prefetch: bool


def job_cycles(job: JobShape) -> int:
    """From the store that triggers the job to the core awake, with 8-bit outputs."""
    tile = job.mode.output_channels
    whole, rest = divmod(job.outputs, tile)
    if rest == 0:
        whole, rest = whole - 1, tile
    cycles = _group_cycles(job, rest, _last_scales(job.scale_bits, rest))
    if whole:
        cycles += whole * _group_cycles(job, tile, job.scale_bits)
    return WAKE + cycles


def _group_cycles(job: JobShape, channels: int, scales: int) -> int:
    """All spatial tiles of a group of output channels; each takes `scales` to load scales."""
    last = len(_extents(job.height)) * len(_extents(job.width)) - 1
    cycles, hidden, number = 0, 0, 0
    for height in _extents(job.height):
        for width in _extents(job.width):
            part, hidden = _tile_cycles(job, channels, height, width, hidden, number == last)
            cycles += part + scales + 21 + 6 * (height - 1) + width
            number += 1
    return cycles


def _tile_cycles(
    job: JobShape, channels: int, height: int, width: int, hidden: int, is_last: bool
) -> tuple[int, int]:
    """Cycles of a tile's products, and those that can run under the next tile's load."""
    pointwise, depthwise = job.mode is Mode.CONVOLUTION_1X1, job.mode is Mode.DEPTHWISE_3X3
    load = 42 if pointwise else (height + 2) * (width + 2)
    if depthwise:
        start, products, tail = 34, job.weight_bits, 0
    elif pointwise:
        start, products, tail = 3 if job.prefetch else 10, channels, 0
    else:
        start, products, tail = 6, channels * job.weight_bits, 8
    cycles = 0
    passes = 1 if depthwise else _divide_up(job.inputs, job.mode.input_channels)
    for number in range(passes):
        cycles += 6 + load
        if not job.prefetch:
            cycles += start + products + tail
            continue
        cycles += max(0, hidden - (load + 3)) + start
        hidden = start + products + tail
        if is_last and number == passes - 1:
            extra = 10 if pointwise else 0
            cycles += products + tail + extra
            hidden = start + extra
    return cycles + (3 if pointwise else 0), hidden


def _last_scales(bits: int, channels: int) -> int:
    """Cycles to load the scales of the last group, which has only so many channels."""
    return _divide_up(channels * bits, OUTPUT_CHANNELS)


def _extents(size: int) -> list[int]:
    """Heights, or widths, of the tiles of an output."""
    return [min(PIXELS, size - begin) for begin in range(0, size, PIXELS)]


def _divide_up(value: int, by: int) -> int:
    return -(-value // by)
