"""Jobs on the accelerator equal the operations' twins, bit by bit, and take the predicted time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from compiler.ir import TensorType
from compiler.operators.accelerator_harness import Layer, Shape, random_conv, random_matmul
from compiler.target.neureka_job import call_cycles
from tests.simulator.kernels.kernel_program import Outcome
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins

_DRIVERS = ["platforms/siracusa/accelerator.c"]
_TOLERANCE = 30
"""Cycles: the call's own instructions, some of them fetched from L2."""


def _run(layers: list[Layer], cores: int = 8) -> list[Outcome]:
    """Runs layers; twins equal the cores' operations (compiler/operators tests that too)."""
    for layer in layers:
        (found,) = layer.operation.evaluate(layer.inputs)
        (expected,) = layer.reference.evaluate(layer.reference_inputs)
        assert np.array_equal(found.astype(int) - (128 if layer.recoded else 0), expected)
    examples = [Example(layer.operation, layer.inputs) for layer in layers]
    return assert_twins(examples, cores=cores, drivers=_DRIVERS)


def _conv_shapes(mode: str) -> Iterator[Shape]:
    """Sizes below, at and above those of tiles, with every form of numbers."""
    random = np.random.default_rng(len(mode))
    sizes = [(1, 1), (3, 5), (6, 6), (8, 8), (7, 13), (14, 4)]
    channels = {"3x3": [1, 28, 40], "depthwise": [2, 28, 33], "1x1": [3, 32, 45]}[mode]
    for size, inputs in itertools.product(sizes, channels):
        kernel = 1 if mode == "1x1" else 3
        begins, ends, stride = (0, 0), (0, 0), (1, 1)
        if kernel == 3:
            begins = int(random.integers(3)), int(random.integers(3))
            ends = int(random.integers(2)), int(random.integers(2))
            size = max(size[0], 3 - begins[0] - ends[0]), max(size[1], 3 - begins[1] - ends[1])
        elif random.integers(2):
            stride = (2, 2)
            ends = -((size[0] - 1) % 2), -((size[1] - 1) % 2)
        yield Shape(
            kernel,
            inputs,
            inputs if mode == "depthwise" else int(random.integers(1, 40)),
            size,
            mode == "depthwise",
            begins,
            ends,
            stride,
            int(random.integers(1, 3)),
            int(random.integers(2, 9)),
            bool(random.integers(2)),
            bool(random.integers(2)),
            bool(random.integers(2)),
        )


@pytest.mark.parametrize("mode", ["3x3", "depthwise", "1x1"])
def test_convolutions(mode: str) -> None:
    layers = [random_conv(shape, seed) for seed, shape in enumerate(_conv_shapes(mode))]
    for begin in range(0, len(layers), 6):
        _run(layers[begin : begin + 6])


@pytest.mark.parametrize("cores", [1, 8])
def test_matrix_products(cores: int) -> None:
    shapes = [((1,), 64, 64), ((5,), 33, 70), ((64,), 64, 40), ((61,), 30, 3), ((2, 7), 64, 33)]
    _run([random_matmul(*shape, seed) for seed, shape in enumerate(shapes)], cores)


def test_cycles() -> None:
    """Of the second of two equal calls, so that code is in the caches."""
    layers = [
        random_matmul((1,), 64, 64, 0),
        random_matmul((64,), 64, 64, 1),
        random_matmul((61,), 64, 32, 2),
        random_conv(Shape(3, 16, 16, (32, 32), begins=(1, 1), ends=(1, 1)), 3),
        random_conv(Shape(3, 32, 32, (16, 16), begins=(1, 1), ends=(1, 1), wide_scales=True), 4),
        random_conv(Shape(3, 33, 33, (7, 9), depthwise=True, begins=(1, 1), ends=(1, 1)), 5),
        random_conv(Shape(1, 64, 64, (5, 5), images=3), 6),
    ]
    repeated = [layer for layer in layers for _ in (0, 1)]
    outcomes: list[Outcome] = []
    for begin in range(0, len(repeated), 4):
        outcomes += _run(repeated[begin : begin + 4])
    wrong: list[str] = []
    for layer, outcome in zip(layers, outcomes[1::2], strict=True):
        types = [TensorType.of(array) for array in layer.inputs]
        kernel = layer.operation.kernel(types, layer.operation.infer(types))
        assert kernel is not None
        predicted = call_cycles(kernel.parameters)
        if abs(outcome.cycles - predicted) > _TOLERANCE:
            wrong.append(f"{types[0]}: predicted {predicted}, simulated {outcome.cycles}")
    assert not wrong, "\n".join(wrong)
