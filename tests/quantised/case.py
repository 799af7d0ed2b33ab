"""What an operator's case is: a function that makes a small float model of random shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array
from compiler.operators.onnxruntime_harness import ModelUnderTest

Generator = np.random.Generator
Make = Callable[[Generator, str], ModelUnderTest]
"""Called with the operator to use."""


@dataclass(frozen=True)
class Case:
    """One form of an operator.

    Attributes:
        operator: ONNX's name.
        make: a float model with data for its inputs, of random shape and attributes.
        weighted: the operator has weights, so that all options of the quantiser matter.
    """

    operator: str
    make: Make
    weighted: bool

    def __str__(self) -> str:
        return f"{self.operator}-{self.make.__name__}"


CASES: list[Case] = []


def case(*operators: str, weighted: bool = False) -> Callable[[Make], Make]:
    """Registers a function that makes models as the case of each of `operators`."""

    def register(make: Make) -> Make:
        CASES.extend(Case(operator, make, weighted) for operator in operators)
        return make

    return register


def normal(random: Generator, *shape: int) -> Array:
    """float32 of random spread around a random mean: ranges with and without zero inside."""
    spread = float(random.choice([0.0005, 0.1, 1.0, 1.0, 6.0, 800.0]))
    mean = spread * float(random.choice([0.0, 0.0, -0.7, 1.5, 6.0]))
    data = random.normal(mean, spread, shape)
    if random.random() < 0.05:
        data[...] = 0.0  # an input that is always silent
    return data.astype(np.float32)


def positive(random: Generator, *shape: int) -> Array:
    """float32 above zero."""
    return random.uniform(0.05, 4.0, shape).astype(np.float32)


def extents(random: Generator, rank: int, highest: int = 6) -> tuple[int, ...]:
    """A random shape of `rank` axes."""
    return tuple(int(extent) for extent in random.integers(1, highest + 1, rank))


def pick(random: Generator, *choices: int) -> int:
    return int(random.choice(choices))


def other_data(model: ModelUnderTest, random: Generator) -> dict[str, Array]:
    """Other values for the inputs of a model: up to a quarter outside of the calibrated range."""
    return {
        name: (random.permutation(data.reshape(-1)).reshape(data.shape) * np.float32(1.25))
        if data.dtype == np.float32
        else data
        for name, data in model.inputs.items()
    }
