"""Jobs of the accelerator: the register values that the hardware reference prescribes."""

from __future__ import annotations

from dataclasses import dataclass

_MODES = {"3x3": 0, "dw": 1, "1x1": 2}
_TILE = 6


def _ceil_divide(a: int, b: int) -> int:
    return -(-a // b)


@dataclass(frozen=True)
class Job:
    """A job with 8-bit outputs, bias, 8-bit scales, one shift, no padding.

    Addresses are of L1; with `weight_memory` the weights' is an offset in the weight memory.

    Attributes:
        mode: "3x3", "1x1" or "dw" (3x3 depthwise).
        weight_bits: 2 to 8.
        input_channels: for "dw" the channels.
        output_channels: for "dw" the same.
        height, width: of the output.
        prefetch: configuration bit 10.
        weight_memory: where the weights lie.
        weights, inputs, outputs, scales, biases: addresses.
        input_pixel_stride: bytes from pixel to pixel; 0: the channels.
        output_pixel_stride: likewise.
    """

    mode: str
    weight_bits: int
    input_channels: int
    output_channels: int
    height: int
    width: int
    prefetch: bool = False
    weight_memory: bool = True
    weights: int = 0
    inputs: int = 0x10010000
    outputs: int = 0x10020000
    scales: int = 0x10030000
    biases: int = 0x10031000
    input_pixel_stride: int = 0
    output_pixel_stride: int = 0

    def registers(self) -> list[int]:
        """The 24 job registers."""
        halo = 0 if self.mode == "1x1" else 2
        input_tile = 32 if self.mode == "1x1" else 28
        output_tile = 28 if self.mode == "dw" else 32
        output_tiles = _ceil_divide(self.output_channels, output_tile)
        input_tiles = _ceil_divide(self.input_channels, input_tile)
        last_output = self.output_channels - output_tile * (output_tiles - 1)
        last_input = self.input_channels - input_tile * (input_tiles - 1)
        if self.mode == "dw":
            last_input = last_output
        rows, columns = _ceil_divide(self.height, _TILE), _ceil_divide(self.width, _TILE)
        last_height = self.height - _TILE * (rows - 1)
        last_width = self.width - _TILE * (columns - 1)
        input_stride = self.input_pixel_stride or self.input_channels
        output_stride = self.output_pixel_stride or self.output_channels
        block = 32 if self.mode == "1x1" else 32 * self.weight_bits
        configuration = (
            (self.weight_bits - 1)
            | 1 << 4
            | _MODES[self.mode] << 5
            | self.weight_memory << 9
            | self.prefetch << 10
            | 1 << 25
        )
        return [
            *[self.weights, self.inputs, self.outputs, self.scales, 0, self.biases],
            *[input_stride, input_stride * (self.width + halo), 0],
            *[32, output_stride, output_stride * self.width],
            *[32, block * input_tiles, 0],
            last_output << 16 | last_input,
            last_height << 16 | last_width,
            (last_height + halo) << 16 | (last_width + halo),
            output_tiles << 16 | input_tiles,
            rows << 16 | columns,
            *[0, 0, 0 if self.mode == "1x1" else 0x1FF, configuration],
        ]

    def macs(self) -> int:
        """Multiply-accumulate operations."""
        pixels = self.height * self.width
        if self.mode == "dw":
            return pixels * self.output_channels * 9
        positions = 9 if self.mode == "3x3" else 1
        return pixels * self.output_channels * self.input_channels * positions


def job_table(*jobs: Job) -> str:
    """Assembly data: the registers of one job after the other, from `job_table` on, in L1."""
    words = "\n".join(f".word {value}" for job in jobs for value in job.registers())
    return f'.section .l1, "aw", @progbits\n.balign 64\njob_table:\n{words}\n'


CONFIGURE = """
    # Takes a context and writes the registers at a1, which moves on; a0: the context.
    li t0, TW_NEUREKA
    lw a0, 4(t0)
    addi t1, t0, 0x20
    addi t2, t0, 0x20 + 4 * 24
9700:
    cv.lw t3, (a1), 4
    sw t3, 0(t1)
    addi t1, t1, 4
    bne t1, t2, 9700b
"""
