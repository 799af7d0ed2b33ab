"""What a lowering sees of a node's inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from compiler.ir import Array, Quantization, TensorType


@dataclass(frozen=True)
class QuantizedConstant:
    """Constant weights behind a DequantizeLinear, in the int8 domain if they have 8 bits.

    Attributes:
        stored: int8 data, in the model's shape; int16, uint16 or (bias) int32 as they are.
        scale: float64, one per index along `axis` (one element if per tensor); if `block` is not 0,
            shaped like `stored` but for `axis`, which has one for each `block` elements.
        zero_point: int64, shaped like `scale`, in the domain of `stored`.
        axis: the quantised axis, or None if per tensor.
        block: how many elements along `axis` have a scale in common; 0 if it is for the axis alone.
    """

    stored: Array
    scale: Array
    zero_point: Array
    axis: int | None
    block: int = 0

    def per_channel(self, axis: int) -> tuple[Array, Array] | None:
        """(scale, zero_point), one element per index of `axis`; None if another axis is used."""
        extent = self.stored.shape[axis]
        if self.block or (self.axis is not None and self.axis != axis % self.stored.ndim):
            return None
        if self.scale.size == 1:
            return np.repeat(self.scale, extent), np.repeat(self.zero_point, extent)
        return self.scale, self.zero_point

    def at(self, index: int) -> QuantizedConstant | None:
        """What is at one index of axis 0; None if blocks are of this axis."""
        if self.axis is None or self.scale.size == 1:
            return replace(self, stored=self.stored[index])
        if self.axis == 0 and self.block:
            return None
        scale, zero_point = self.scale, self.zero_point
        if self.axis == 0 or self.block:
            scale, zero_point = np.asarray(scale[index]), np.asarray(zero_point[index])
        axis = self.axis - 1 if self.axis else None
        return QuantizedConstant(self.stored[index], scale, zero_point, axis, self.block)

    def rows(self, begin: int, end: int) -> QuantizedConstant | None:
        """The part between two indices of axis 0; None if blocks are of this axis."""
        part = replace(self, stored=self.stored[begin:end])
        if self.axis is None or self.scale.size == 1:
            return part
        if self.axis == 0 and self.block:
            return None
        if self.axis == 0 or self.block:
            scale, zero_point = self.scale[begin:end], self.zero_point[begin:end]
            return replace(part, scale=scale, zero_point=zero_point)
        return part


@dataclass(frozen=True)
class Operand:
    """One input of a node.

    Attributes:
        name: the tensor's name in the user's model.
        type: its type in the model (float32 for a dequantised tensor).
        quantization: set if the tensor is available as int8 with one scale and zero point.
        constant: its data in the model's type, if constant (dequantised if quantised).
        weights: set if it is a constant behind a DequantizeLinear.
    """

    name: str
    type: TensorType
    quantization: Quantization | None
    constant: Array | None
    weights: QuantizedConstant | None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def is_int8(self) -> bool:
        """Whether it is available as int8 with one scale and zero point."""
        return self.quantization is not None and (
            self.weights is None or self.weights.stored.dtype == np.int8
        )


@dataclass(frozen=True)
class Result:
    """Where a node's output goes.

    Attributes:
        name: the tensor's name in the user's model (that of the last fused node).
        type: its type in the model.
        quantization: set if a QuantizeLinear follows and nothing else needs the real values.
        minimum, maximum: bounds from a fused Relu or Clip, in real values.
        fused: names of the nodes that the emitted one stands for besides its own.
    """

    name: str
    type: TensorType
    quantization: Quantization | None
    minimum: float = -inf
    maximum: float = inf
    fused: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def clip(self) -> tuple[int, int]:
        """The bounds of the stored int8: saturation, narrowed by `minimum` and `maximum`."""
        if self.quantization is None:
            raise ValueError(f"{self.name!r} is not quantised")
        low, high = -128, 127
        if self.minimum > -inf:
            low = max(low, min(127, self._store(self.minimum)))
        if self.maximum < inf:
            high = min(high, max(-128, self._store(self.maximum)))
        return low, max(low, high)

    def _store(self, real: float) -> int:
        assert self.quantization is not None
        return int(np.rint(real / self.quantization.scale)) + self.quantization.zero_point
