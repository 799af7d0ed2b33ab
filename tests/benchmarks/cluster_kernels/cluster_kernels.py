"""Prints cycles of int8 kernels on the simulated cluster, data in L1, code in the caches.

Requantisation is included; the second of two runs counts, from the first core's start to the last
core's end.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from compiler.operators.attention import AttentionLayout, integer_form
from compiler.operators.binary import AddInt8, MultiplyInt8
from compiler.operators.normalization import NormalizationInt8
from compiler.operators.pooling import AveragePoolInt8, MaxPool
from compiler.operators.rms_normalization import RmsNormalizationInt8
from compiler.operators.table import Table
from compiler.operators.window import Window
from tests.simulator.kernels.kernel_program import Kernel, run
from tests.simulator.kernels.kernel_sources import conv_packed, depthwise_conv_packed, matmul_packed
from tests.simulator.kernels.operations_on_cluster import Example, prepare
from tests.simulator.kernels.product_cases import (
    Case,
    Shape,
    conv_case,
    depthwise_case,
    matmul_case,
    random_int8,
)

_NONE = (0, 0)


def _products(cores: int) -> Iterator[tuple[str, Kernel, Case]]:
    """Shapes with multiply-accumulate operations."""
    for rows, inner, columns in (
        (64, 256, 64),
        (64, 64, 64),
        (125, 64, 64),
        (1, 64, 64),
        (1, 256, 256),
    ):
        name = f"matrix product {rows}x{inner}x{columns}"
        yield name, matmul_packed(), matmul_case(rows, inner, columns)
    point = ((1, 1), (1, 1), _NONE, _NONE)
    for name, shape in (
        ("convolution 3x3, 32 to 64 channels, 16x16", Shape(16, 16, 32, 64)),
        ("convolution 3x3, 64 to 64 channels, 8x8", Shape(8, 8, 64, 64)),
        ("convolution 3x3, 16 to 16 channels, 32x32", Shape(32, 32, 16, 16)),
        ("convolution 3x3, 3 to 16 channels, 32x32", Shape(32, 32, 3, 16)),
        ("pointwise 64 to 64 channels, 25x5", Shape(25, 5, 64, 64, *point)),
        ("pointwise 128 to 128 channels, 12x12", Shape(12, 12, 128, 128, *point)),
    ):
        yield name, conv_packed(), conv_case(shape, cores)
    for name, shape, band, turned in (
        ("depthwise 3x3, 64 channels, 16x16", Shape(16, 16, 64, 64), 16, False),
        ("depthwise 3x3, 64 channels, 25x5", Shape(25, 5, 64, 64), 5, True),
        (
            "depthwise 3x3, stride 2, 32 channels, 24x24",
            Shape(24, 24, 32, 32, (3, 3), (2, 2)),
            12,
            False,
        ),
    ):
        yield name, depthwise_conv_packed(), depthwise_case(shape, cores, band, turned=turned)


def _elements() -> Iterator[tuple[str, Example]]:
    """Kernels whose work is counted in elements of the output."""
    random = np.random.default_rng(0)
    image = random_int8(random, (32, 32, 16))
    yield (
        "table, 65,536 elements",
        Example(Table(), [random_int8(random, (65_536,)), random_int8(random, (256,))]),
    )
    yield (
        "addition, 16,384 elements",
        Example(AddInt8((), 700_001, -300_007, 1 << 21, 20, -128, 127), [image, image]),
    )
    yield (
        "multiplication, 16,384 elements",
        Example(MultiplyInt8((), -3, 100, 12_345, 1 << 20, 21, -128, 127), [image, image]),
    )
    halves = Window((2, 2), (2, 2), (1, 1), _NONE, _NONE)
    yield (
        "max pooling 2x2, 64 channels, 16x16",
        Example(MaxPool(halves), [random_int8(random, (1, 16, 16, 64))]),
    )
    whole = Window((25, 5), (1, 1), (1, 1), _NONE, _NONE)
    average = AveragePoolInt8(whole, (_NONE, _NONE), 125, -9, 17, -128, 127, False, 0)
    constants = [np.array([1000], np.uint32), np.array([5], np.int32)]
    yield (
        "average of 25x5, 64 channels",
        Example(average, [random_int8(random, (1, 25, 5, 64)), *constants]),
    )
    for rows in (1, 64):
        yield (
            f"RMS normalisation, {rows} rows of 64",
            Example(
                RmsNormalizationInt8(3, 70_000, 18, -3),
                [random_int8(random, (rows, 64)), np.full(64, 3000, np.int16)],
            ),
        )
    yield (
        "layer normalisation, 64 rows of 64",
        Example(
            NormalizationInt8(1, 64, 1, 70_000, 18),
            [
                random_int8(random, (64, 64)),
                np.full(64, 3000, np.int16),
                np.zeros(64, np.int32),
            ],
        ),
    )
    layout = AttentionLayout(16, 16, False, 64)
    form = integer_form(layout, 4, 1e-4, 0, 1, 0, 1.0)
    assert form is not None
    attention, weights = form
    heads = [random_int8(random, (1, 16, rows, 4)) for rows in (1, 64, 64)]
    operands = [*heads, None, None, weights]
    yield "attention, 1 query, 16 heads of 4, 64 keys", Example(attention, operands)


def main() -> None:
    """Prints a line per kernel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=8)
    cores: int = parser.parse_args().cores
    for name, kernel, case in _products(cores):
        (outcome,) = run(kernel, [case.call], cores=cores, repeats=2)
        assert outcome.outputs[0] == case.expected.tobytes(), name
        rate = case.multiply_accumulates / outcome.cycles
        print(f"{name:48} {outcome.cycles:9,} cycles {rate:6.2f} MAC/cycle", flush=True)
    for name, example in _elements():
        kernel, calls = prepare([example])
        (outcome,) = run(kernel, calls, cores=cores, repeats=2)
        (expected,) = example.operation.evaluate(example.inputs)
        assert outcome.outputs[0] == np.ascontiguousarray(expected).tobytes(), name
        rate = outcome.cycles * cores / expected.size
        print(f"{name:48} {outcome.cycles:9,} cycles {rate:6.2f} per element and core", flush=True)


if __name__ == "__main__":
    main()
