"""The windows of a convolution side by side, which make it a matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from compiler.ir import Array, Box, Kernel, Operation, TensorType, Tile
from compiler.operators.window import Window, split_shape, with_spatial


@dataclass(frozen=True)
class Windows(Operation):
    """What every output pixel of a convolution reads.

    Input: x int8 or uint8 [batch, spatial..., channels]. Output: of the same type
    [batch, spatial..., rows * columns * channels], taps row by row.

    Attributes:
        window: of the convolution.
        fill: the bits of what taps outside of the input read.
    """

    window: Window
    fill: int

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.data_type.bytes == 1
        spatial = self.window.output(split_shape(x.shape)[1])
        values = prod(self.window.kernel) * x.shape[-1]
        return (TensorType(x.data_type, with_spatial(x.shape, spatial, values)),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        batches, extents, channels = split_shape(x.shape)
        fill = np.array(self.fill, np.uint8).view(x.dtype)
        rows, columns = self.window.output(extents)
        shape = (batches, rows, columns, *self.window.kernel, channels)
        result = np.full(shape, fill, x.dtype)
        image = x.reshape(batches, *extents, channels)
        for row, column, (out_rows, out_columns), (in_rows, in_columns) in self.window.taps(
            extents
        ):
            result[:, out_rows, out_columns, row, column] = image[:, in_rows, in_columns]
        return (result.reshape(output.shape),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        return tuple(range(len(self.infer(inputs)[0].shape) - 1))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        (x,) = inputs
        assert x is not None
        window, read = self.window.tile(x.shape, box)
        return Tile(replace(self, window=window), (read.on(-1, 0, x.shape[-1]),), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        (x,) = inputs
        assert x is not None
        parameters = self.window.parameters(x.shape, outputs[0].shape)
        del parameters["output_channels"]
        return Kernel("tw_windows", "tilewright/windows.h", parameters | {"fill": self.fill})
