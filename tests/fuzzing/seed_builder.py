"""Builds seed models of one node, whose sizes and data are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.frontend.expansion_harness import NodeModel

Array = npt.NDArray[Any]
Names = tuple[str, ...]


@dataclass
class SeedBuilder(NodeModel):
    """A `NodeModel` that draws its operands: constants, or inputs."""

    random: np.random.Generator = field(default_factory=np.random.default_rng)

    @staticmethod
    def drawn(random: Random, opset: int = 18) -> SeedBuilder:
        return SeedBuilder(opset, random=np.random.default_rng(random.randrange(2**32)))

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.random.random() < share)

    def number(self, low: int, high: int) -> int:
        """From low to high."""
        return int(self.random.integers(low, high + 1))

    def one_of(self, *values: Any) -> Any:
        return values[self.number(0, len(values) - 1)]

    def given(self, data: Array) -> str:
        """An input."""
        return self.input(f"x{len(self.data)}", data)

    def real(self, *shape: int) -> Array:
        return self.random.normal(size=shape).astype(np.float32)

    def weights(self, *shape: int) -> str:
        """Constant real numbers."""
        return self.constant(self.real(*shape))

    def integers(self, dtype: Any, *shape: int) -> Array:
        """Over the whole range of the type."""
        limits = np.iinfo(dtype)
        return self.random.integers(limits.min, limits.max, shape, endpoint=True).astype(dtype)

    def indices(self, below: int, *shape: int, dtype: Any = np.int32) -> Array:
        return self.random.integers(0, below, shape).astype(dtype)

    def parameters(self, dtype: Any, *shape: int, symmetric: bool = False) -> Names:
        """A scale and a zero point, or rows of them."""
        scale = self.random.choice([0.004, 0.01, 0.02, 0.05, 0.3], shape or None)
        limits = np.iinfo(dtype)
        middle = 0 if symmetric else (int(limits.min) + int(limits.max) + 1) // 2
        middle += 0 if symmetric else self.number(-20, 20)
        zero = np.full(shape, middle, dtype)
        return self.constant(np.asarray(scale, np.float32)), self.constant(zero)

    def quantised(self, dtype: Any, *shape: int) -> Names:
        """An input with its scale and zero point."""
        return (self.given(self.integers(dtype, *shape)), *self.parameters(dtype))

    def quantised_weights(self, dtype: Any, *shape: int, rows: int = 0) -> Names:
        """Constants with a scale and a zero point, or with `rows` of them."""
        by_row = (rows,) if rows and self.chance() else ()
        parameters = self.parameters(dtype, *by_row, symmetric=dtype is np.int8)
        return (self.constant(self.integers(dtype, *shape)), *parameters)
