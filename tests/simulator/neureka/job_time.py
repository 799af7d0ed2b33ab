"""Time of one job, from the hardware reference's text: trigger store to awake core."""

from __future__ import annotations

import math

from tests.simulator.neureka.job import Job

WAKE = 7


def _sizes(total: int, tile: int) -> list[int]:
    return [min(tile, total - first) for first in range(0, total, tile)]


def _requantisation(job: Job, channels: int, is_last: bool) -> int:
    if job.scale_bits is None:
        return 0
    words = job.scale_bits
    if is_last and channels < 32:
        words = math.ceil(channels * job.scale_bits / 32)
    return words + 21 + (8 if job.shifts_per_channel else 0)


def job_cycles(job: Job) -> int:
    """The sum over output-channel tiles and spatial tiles, and the wake."""
    pointwise = job.mode == "1x1"
    total = WAKE
    behind = 0  # of the products of the tile before, with prefetch
    k_in_tiles = 1 if job.mode == "dw" else math.ceil(job.k_in / (32 if pointwise else 28))
    output_tiles = _sizes(job.k_out, 28 if job.mode == "dw" else 32)
    spatial_tiles = [(h, w) for h in _sizes(job.height, 6) for w in _sizes(job.width, 6)]
    for output, channels in enumerate(output_tiles):
        for spatial, (h, w) in enumerate(spatial_tiles):
            if job.stream_in:
                total += h * w * math.ceil(channels / 8) + 10
            for k_in_tile in range(k_in_tiles):
                load = 42 if pointwise else (h + 2) * (w + 2)
                total += 6 + load
                if job.mode == "dw":
                    total += 34 + job.weight_bits
                    continue
                if not job.prefetch:
                    total += 10 + channels if pointwise else 6 + channels * job.weight_bits + 8
                    continue
                total += max(0, behind - (load + 3))
                first = 3 if pointwise else 6
                phase = 3 + channels if pointwise else 6 + channels * job.weight_bits + 8
                if spatial == len(spatial_tiles) - 1 and k_in_tile == k_in_tiles - 1:
                    total += phase + (10 if pointwise else 0)
                    behind = 0
                else:
                    total += first
                    behind = phase
            total += _requantisation(job, channels, output == len(output_tiles) - 1)
            total += (6 * (h - 1) + w) * (4 if job.output_bits == 32 else 1)
            total += 3 if pointwise else 0
    return total
