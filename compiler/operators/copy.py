"""A copy, where a value must exist twice: an interface tensor that is another one's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compiler.ir import Array, Box, Kernel, Operation, TensorType, Tile


@dataclass(frozen=True)
class Copy(Operation):
    """The same elements in other memory; any type and shape."""

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        return (x,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (x.copy(),)

    def tile_axes(self, inputs: Sequence[TensorType | None]) -> tuple[int, ...]:
        (x,) = inputs
        assert x is not None
        return tuple(range(len(x.shape)))

    def tile(self, inputs: Sequence[TensorType | None], box: Box) -> Tile:
        return Tile(self, (box,), box)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_copy", "tilewright/copy.h", {"bytes": outputs[0].bytes})
