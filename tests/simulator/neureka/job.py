"""Jobs for the accelerator: their shape, registers and memory images, and the result expected."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np

from tests.simulator.neureka import neureka_model as model
from tests.simulator.neureka.neureka_model import Bytes, Integers

L1_BASE = 0x1000_0000
L1_SIZE = 0x4_0000
WEIGHT_MEMORY_SIZE = 0x2_0000

Mode = Literal["3x3", "1x1", "dw"]


@dataclasses.dataclass(frozen=True)
class Job:
    """What a job computes. `height` and `width` are those of the output; gaps are in bytes."""

    mode: Mode
    k_in: int
    k_out: int
    height: int
    width: int
    weight_bits: int = 8
    weight_offset: int = -128
    signed: bool = False
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, right, bottom, left
    padding_value: int = 0
    filter_mask: int = 0
    output_bits: int = 8
    scale_bits: int | None = 8  # None: no requantisation
    bias: bool = True
    relu: bool = False
    shift: int | None = None  # None: one that leaves most 8-bit outputs in range
    shifts_per_channel: bool = False
    stream_in: bool = False
    prefetch: bool = False
    weights_in_l1: bool = True
    input_pixel_gap: int = 0
    input_row_gap: int = 0
    output_pixel_gap: int = 0
    output_row_gap: int = 0
    misalignment: int = 0

    @property
    def kernel(self) -> int:
        """Height and width of the filter."""
        return 1 if self.mode == "1x1" else 3

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Without padding."""
        top, right, bottom, left = self.padding
        halo = self.kernel - 1
        return (self.height + halo - top - bottom, self.width + halo - left - right, self.k_in)


@dataclasses.dataclass
class Image:
    """Memories before a job, its registers, and L1 afterwards."""

    l1: Bytes
    weight_memory: Bytes
    registers: list[int]
    expected_l1: Bytes
    accumulators_fit: bool  # in 32 bits, and what is made of them too
    distinct_outputs: int  # how many different values the result has


class _Allocator:
    """Places arrays in L1 one behind the other."""

    def __init__(self, misalignment: int) -> None:
        self._end = 64
        self._misalignment = misalignment

    def place(self, size: int) -> int:
        """Address of `size` bytes."""
        offset = -(-self._end // 4) * 4 + self._misalignment
        self._end = offset + size
        assert self._end <= L1_SIZE, "the job does not fit in L1"
        return L1_BASE + offset


def _tile_counts(total: int, tile: int) -> tuple[int, int]:
    """Number of tiles, and the size of the last one."""
    count = math.ceil(total / tile)
    return count, total - (count - 1) * tile


def configuration(job: Job) -> int:
    """Register 23."""
    value = job.weight_bits - 1
    value |= (job.scale_bits is not None) << 4
    value |= {"3x3": 0, "dw": 1, "1x1": 2}[job.mode] << 5
    value |= (not job.weights_in_l1) << 9
    value |= job.prefetch << 10
    value |= {None: 0, 8: 0, 16: 1, 32: 2}[job.scale_bits] << 12
    value |= job.stream_in << 14
    value |= (job.shift or 0) << 16
    value |= {8: 0, 32: 2}[job.output_bits] << 21
    value |= (not job.relu) << 23
    value |= job.shifts_per_channel << 24
    value |= job.bias << 25
    value |= job.signed << 26
    return value


def _view(memory: Bytes, address: int, rows: int, columns: int, size: int, *strides: int) -> Bytes:
    """[rows, columns, size] bytes of L1, writable."""
    return np.lib.stride_tricks.as_strided(
        memory[address - L1_BASE :], (rows, columns, size), (*strides, 1)
    )


def build(job: Job, seed: int, small_values: bool = True) -> Image:
    """Random operands in a random L1, and what L1 holds when the job is done.

    `small_values` keeps everything within 32 bits if that can be had by small scales and biases.
    """
    random = np.random.default_rng(seed)
    l1 = random.integers(0, 256, L1_SIZE, np.uint8)
    weight_memory = random.integers(0, 256, WEIGHT_MEMORY_SIZE, np.uint8)
    allocator = _Allocator(job.misalignment)
    top, _, bottom, left = job.padding
    right = job.padding[1]

    # Input.
    rows, columns, k_in = job.input_shape
    pixel_stride = k_in + job.input_pixel_gap
    row_stride = columns * pixel_stride + job.input_row_gap
    input_address = allocator.place(rows * row_stride)
    input_bytes = _view(l1, input_address, rows, columns, k_in, row_stride, pixel_stride).copy()
    activations = input_bytes.view(np.int8 if job.signed else np.uint8).astype(np.int64)
    value = job.padding_value
    if job.signed and value > 127:
        value -= 256
    padded = model.pad(activations, top, right, bottom, left, value)

    # Weights.
    k_in_of_filter = 1 if job.mode == "dw" else job.k_in
    shape = (job.k_out, k_in_of_filter, job.kernel, job.kernel)
    weights: Integers = random.integers(0, 1 << job.weight_bits, shape)
    pack = {"3x3": model.pack_3x3, "1x1": model.pack_1x1, "dw": model.pack_depthwise}[job.mode]
    packed = np.frombuffer(pack(weights, job.weight_bits), np.uint8)
    if job.weights_in_l1:
        weight_address = allocator.place(len(packed))
        l1[weight_address - L1_BASE :][: len(packed)] = packed
    else:
        weight_address = 32 * int(random.integers(0, 8)) + job.misalignment
        weight_memory[weight_address:][: len(packed)] = packed

    # Sums.
    used = model.masked(weights + job.weight_offset, job.filter_mask)
    sums = model.convolve(padded, used, job.mode == "dw")

    # Output.
    pixel_bytes = job.k_out * job.output_bits // 8
    output_pixel_stride = pixel_bytes + job.output_pixel_gap
    output_row_stride = job.width * output_pixel_stride + job.output_row_gap
    output_address = allocator.place(job.height * output_row_stride)
    layout = (job.height, job.width, pixel_bytes, output_row_stride, output_pixel_stride)
    if job.stream_in:
        partial = random.integers(-(2**20), 2**20, sums.shape).astype("<i4")
        if not small_values:
            partial = random.integers(-(2**31), 2**31, sums.shape).astype("<i4")
        _view(l1, output_address, *layout)[:] = partial.view(np.uint8)
        sums = sums + partial

    # Requantisation.
    largest = max(1, int(np.abs(sums).max()))
    fit = largest < 2**31
    scale_address = shift_address = bias_address = 0
    result = sums
    scale_bits = job.scale_bits
    if scale_bits is not None:
        limit = 1 << scale_bits
        if small_values:
            limit = max(1, min(limit, 2**30 // largest))
        scale = random.integers(0, limit, job.k_out)
        products = sums * scale
        largest_product = int(np.abs(products).max())
        reach = min(2**30, 1 + largest_product)
        bias: Integers = random.integers(-reach, reach, job.k_out)
        if job.shift is None:
            bits = largest_product.bit_length()
            job = dataclasses.replace(job, shift=min(31, max(0, bits - 8)))
        shift = np.full(job.k_out, job.shift)
        scale_address = allocator.place(job.k_out * scale_bits // 8)
        stored = scale.astype(f"<u{scale_bits // 8}").view(np.uint8)
        l1[scale_address - L1_BASE :][: len(stored)] = stored
        if job.bias:
            bias_address = allocator.place(4 * job.k_out)
            l1[bias_address - L1_BASE :][: 4 * job.k_out] = bias.astype("<i4").view(np.uint8)
        else:
            bias = np.zeros_like(bias)
        if job.shifts_per_channel:
            shift = (shift + random.integers(-2, 3, job.k_out)) % 32
            shift_address = allocator.place(job.k_out)
            l1[shift_address - L1_BASE :][: job.k_out] = shift.astype(np.uint8)
        for values in (products, products + bias):
            fit = fit and bool((values >= -(2**31)).all() and (values < 2**31).all())
        result = model.requantise(sums, scale, bias, shift, job.output_bits, job.relu)

    expected = l1.copy()
    if fit:
        as_stored = result.astype("<i4") if job.output_bits == 32 else result.astype("<i8")
        octets = as_stored.view(np.uint8)
        if job.output_bits == 8:
            octets = octets[:, :, ::8]
        _view(expected, output_address, *layout)[:] = octets

    k_in_tile = 32 if job.mode == "1x1" else 28
    k_out_tile = 28 if job.mode == "dw" else 32
    k_out_count, k_out_last = _tile_counts(job.k_out, k_out_tile)
    k_in_count, k_in_last = _tile_counts(job.k_in, k_in_tile)
    h_count, h_last = _tile_counts(job.height, 6)
    w_count, w_last = _tile_counts(job.width, 6)
    halo = job.kernel - 1
    planes = 1 if job.mode == "1x1" else job.weight_bits
    registers = [
        weight_address,
        input_address - top * row_stride - left * pixel_stride,
        output_address,
        scale_address,
        shift_address,
        bias_address,
        pixel_stride,
        row_stride,
        0,
        32,
        output_pixel_stride,
        output_row_stride,
        32,
        0 if job.mode == "dw" else 32 * planes * k_in_count,
        0,
        k_out_last << 16 | k_in_last,
        h_last << 16 | w_last,
        (h_last + halo - bottom) << 16 | (w_last + halo - right),
        k_out_count << 16 | k_in_count,
        h_count << 16 | w_count,
        top << 28 | right << 24 | bottom << 20 | left << 16 | job.padding_value,
        job.weight_offset,
        job.filter_mask,
        configuration(job),
    ]
    return Image(
        l1,
        weight_memory,
        [r & 0xFFFFFFFF for r in registers],
        expected,
        fit,
        len(np.unique(result)),
    )
