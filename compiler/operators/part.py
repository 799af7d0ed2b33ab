"""Values that are parts of the memory of others: a value cut in two, or put together of two.

Nothing runs for them: who reads a part reads inside of the whole, and who computes a part writes it
where the whole has it. So two engines can share a layer, and layers can be computed in blocks of
rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array, Kernel, Operation, TensorType


@dataclass(frozen=True)
class Part(Operation):
    """Elements of the input that follow each other in memory, from element `first` on.

    Attributes:
        first: where they begin, in elements of the input.
        shape: of the output.
    """

    first: int
    shape: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None
        output = TensorType(x.data_type, self.shape)
        assert 0 <= self.first <= self.first + output.elements <= x.elements, f"{output} of {x}"
        return (output,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        (output,) = self.infer([TensorType.of(x)])
        elements = x.reshape(-1)[self.first : self.first + output.elements]
        return (np.ascontiguousarray(elements).reshape(self.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return None

    @property
    def view_of(self) -> int | None:
        return 0

    def view_begin(self, inputs: Sequence[TensorType | None]) -> int | None:
        (x,) = inputs
        assert x is not None
        return self.first * x.data_type.bytes


@dataclass(frozen=True)
class Joined(Operation):
    """Its inputs one behind the other; each is computed where it belongs."""

    shape: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        types = [type_ for type_ in inputs if type_ is not None]
        output = TensorType(types[0].data_type, self.shape)
        assert all(type_.data_type is output.data_type for type_ in types)
        assert output.elements == sum(type_.elements for type_ in types), f"{output} of {types}"
        return (output,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        parts = [x.reshape(-1) for x in inputs if x is not None]
        return (np.concatenate(parts).reshape(self.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return None

    @property
    def joins(self) -> bool:
        return True
