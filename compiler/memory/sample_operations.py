"""Operations for the tests of memory planning: their results depend on every byte of the inputs.

They have kernels by name only. `changed` says which elements an operation writes, so that a test
can run a graph byte by byte as C kernels would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from compiler.ir import Array, DataType, Kernel, Operation, TensorType


def digest(arrays: Sequence[Array | None], salt: int = 0) -> np.uint64:
    """A number that changes, in all likelihood, with any byte of the arrays."""
    result = np.uint64(0x9E3779B97F4A7C15 + salt)
    for array in arrays:
        if array is None:
            continue
        data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8).astype(np.uint64)
        weights = np.arange(1, len(data) + 1, dtype=np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        with np.errstate(over="ignore"):
            result = result * np.uint64(0x100000001B3) + np.sum((data + np.uint64(1)) * weights)
    return result


def fill(type_: TensorType, seed: np.uint64) -> Array:
    data = np.random.default_rng(int(seed)).integers(0, 256, type_.bytes).astype(np.uint8)
    return np.frombuffer(data.tobytes(), type_.data_type.numpy).reshape(type_.shape)


class SampleOperation(Operation):
    def changed(self, inputs: Sequence[TensorType | None]) -> int | None:
        """Leading elements of output 0 that an update writes; None: all elements of all outputs."""
        del inputs
        return None


@dataclass(frozen=True)
class Mix(SampleOperation):
    """Results that depend on everything, like those of a convolution."""

    results: tuple[TensorType, ...]
    scratch_bytes: int = 0

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        return self.results

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        return tuple(fill(type_, digest(inputs, i)) for i, type_ in enumerate(self.results))

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_mix", "tilewright/mix.h", {}, self.scratch_bytes)


@dataclass(frozen=True)
class Elementwise(SampleOperation):
    """The sum of its inputs' leading elements, as `type`; may run in place on any of `over`."""

    type: TensorType
    over: tuple[int, ...] = (0,)

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        return (self.type,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        total = np.zeros(self.type.elements, np.int64)
        for array in inputs:
            if array is not None:
                total += np.resize(array.ravel().astype(np.int64), self.type.elements) + 1
        return (total.astype(self.type.data_type.numpy).reshape(self.type.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_elementwise", "tilewright/elementwise.h")

    @property
    def in_place(self) -> tuple[int, ...]:
        return self.over


@dataclass(frozen=True)
class Reshape(SampleOperation):
    """A view."""

    shape: tuple[int, ...]

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        (x,) = inputs
        assert x is not None and x.elements == prod(self.shape)
        return (TensorType(x.data_type, self.shape),)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        (x,) = inputs
        assert x is not None
        return (x.reshape(self.shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return None

    @property
    def view_of(self) -> int | None:
        return 0


@dataclass(frozen=True)
class Update(SampleOperation):
    """Replaces the first half of input 0, which it must have in place, like a cache's append."""

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        assert inputs[0] is not None
        return (inputs[0],)

    def changed(self, inputs: Sequence[TensorType | None]) -> int | None:
        assert inputs[0] is not None
        return inputs[0].elements // 2

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        assert inputs[0] is not None
        result = inputs[0].copy().ravel()
        type_ = TensorType(DataType.of(result), (len(result) // 2,))
        result[: len(result) // 2] = fill(type_, digest(list(inputs[1:])))
        return (result.reshape(inputs[0].shape),)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_update", "tilewright/update.h")

    @property
    def updates(self) -> int | None:
        return 0
