"""Matrix products of two tensors that are computed at run time, broadcast over batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from compiler.ir import Array, DataType, Kernel, Operation, ParameterValue, Quantization, TensorType
from compiler.numerics.floating import clip_float
from compiler.numerics.requantisation import choose_requantisation, requantise
from compiler.operators.strides import broadcast_strides, collapse

HEADER = "tilewright/batched_matmul.h"
MAXIMUM_INNER = 32767
"""Products per sum up to which no sum of the integer kernel leaves int32, whatever is in it."""


@dataclass(frozen=True)
class BatchedMatMul(Operation):
    """What integer and float products share.

    Inputs: left [batch..., rows, inner]; right [batch..., columns, inner], of equal rank, with
    batches that broadcast. Output: [batch..., rows, columns].
    """

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        left, right = inputs
        assert left is not None and right is not None and left.data_type == right.data_type
        assert len(left.shape) == len(right.shape) and left.shape[-1] == right.shape[-1]
        shape = (*_batch(left, right), left.shape[-2], right.shape[-2])
        return (TensorType(left.data_type, shape),)

    def multiply_accumulates(self, inputs: Sequence[TensorType | None]) -> int:
        left = inputs[0]
        assert left is not None
        return self.infer(inputs)[0].elements * left.shape[-1]

    def call(
        self,
        function: str,
        inputs: Sequence[TensorType | None],
        parameters: dict[str, ParameterValue],
    ) -> Kernel:
        """A call of a kernel that walks the batch."""
        left, right = inputs
        assert left is not None and right is not None
        batch = _batch(left, right)
        extents, (left_strides, right_strides) = collapse(batch, _strides(left, right))
        walk: dict[str, ParameterValue] = {
            "batch": extents,
            "left_strides": left_strides,
            "right_strides": right_strides,
            "matrices": prod(batch),
            "rows": left.shape[-2],
            "inner": left.shape[-1],
            "columns": right.shape[-2],
        }
        return Kernel(function, HEADER, walk | parameters)


@dataclass(frozen=True)
class BatchedMatMulInt8(BatchedMatMul):
    """int8 product of operands with zero points, requantised to int8 with one scale."""

    left_zero_point: int
    right_zero_point: int
    scale: int
    bias: int
    shift: int
    low: int
    high: int
    wide: bool
    output_zero_point: int

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        left, right = inputs
        assert left is not None and right is not None
        # float64 products run on BLAS and are exact: no partial sum reaches 2^53.
        rows = left.astype(np.float64) - self.left_zero_point
        columns = right.astype(np.float64) - self.right_zero_point
        result = requantise(
            rows @ columns.swapaxes(-1, -2),
            np.array([self.scale]),
            np.array([self.bias]),
            self.shift,
            self.low,
            self.high,
            wide=self.wide,
            output_zero_point=self.output_zero_point,
        )
        return (result,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters: dict[str, ParameterValue] = {
            "left_zero_point": self.left_zero_point,
            "right_zero_point": self.right_zero_point,
            "scale": self.scale,
            "bias": self.bias,
            "shift": self.shift,
            "low": self.low,
            "high": self.high,
            "wide": int(self.wide),
            "output_zero_point": self.output_zero_point,
        }
        return self.call("tw_batched_matmul_s8", inputs, parameters)


@dataclass(frozen=True)
class BatchedMatMulFloat(BatchedMatMul):
    """float32 product times `scale`, clipped; sums start from zero and run over ascending inner."""

    scale: float
    minimum: float
    maximum: float

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        left, right = inputs
        assert left is not None and right is not None
        (output,) = self.infer([TensorType.of(left), TensorType.of(right)])
        total = np.zeros(output.shape, np.float32)
        for index in range(left.shape[-1]):  # one rounded product and one rounded sum a step
            total += left[..., :, None, index] * right[..., None, :, index]
        return (clip_float(np.float32(self.scale) * total, self.minimum, self.maximum),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        parameters: dict[str, ParameterValue] = {
            "scale": self.scale,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        return self.call("tw_batched_matmul_f32", inputs, parameters)


def choose_int8(
    left: Quantization,
    right: Quantization,
    target: Quantization,
    factor: float,
    inner: int,
    clip: tuple[int, int],
) -> BatchedMatMulInt8 | None:
    """The integer form of `factor * left x right`; None if sums or constants leave 32 bits."""
    if inner > MAXIMUM_INNER or factor <= 0:
        return None
    largest = inner * _largest(left) * _largest(right)
    multiplier = factor * left.scale * right.scale / target.scale
    try:
        constants = choose_requantisation(
            np.array([multiplier]), np.array([largest]), np.zeros(1, np.int64), target.zero_point
        )
    except ValueError:
        return None
    return BatchedMatMulInt8(
        left.zero_point,
        right.zero_point,
        int(constants.scale[0]),
        int(constants.bias[0]),
        constants.shift,
        *clip,
        constants.wide,
        constants.output_zero_point,
    )


def batch_fits(left: Sequence[int], right: Sequence[int]) -> str | None:
    """Why a kernel cannot walk the batches of two operands (as `BatchedMatMul` has them), if so."""
    types = [TensorType(DataType.FLOAT32, tuple(shape)) for shape in (left, right)]
    try:
        collapse(_batch(*types), _strides(*types))
    except ValueError as error:
        return str(error)
    return None


def _largest(quantization: Quantization) -> int:
    """The largest distance of an int8 value from the zero point."""
    return max(127 - quantization.zero_point, quantization.zero_point + 128)


def _batch(left: TensorType, right: TensorType) -> tuple[int, ...]:
    shape = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    return tuple(int(extent) for extent in shape)


def _strides(left: TensorType, right: TensorType) -> list[tuple[int, ...]]:
    """Strides of both operands along the axes of the batch."""
    batch = _batch(left, right)
    return [
        tuple(
            stride * operand.shape[-2] * operand.shape[-1]
            for stride in broadcast_strides(operand.shape[:-2], batch)
        )
        for operand in (left, right)
    ]
