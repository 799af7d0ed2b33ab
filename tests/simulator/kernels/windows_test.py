"""Windows equal their twin, bit by bit: borders on all sides, dilations, any row of bytes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compiler.operators.window import Window
from compiler.operators.windows import Windows
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_windows(cores: int) -> None:
    random = np.random.default_rng(cores)
    choices = itertools.product(
        [(5, 7), (9, 4)], [1, 3, 16], [(3, 3), (1, 4)], [(1, 1), (2, 2)], [(1, 1), (2, 1)]
    )
    examples: list[Example] = []
    for number, (size, channels, kernel, strides, dilations) in enumerate(choices):
        begins, ends = (number % 3, number % 2), ((number + 1) % 3, (number + 2) % 3)
        window = Window(kernel, strides, dilations, begins, ends)
        x = random_int8(random, (2, *size, channels))
        if number % 2:
            x = x.view(np.uint8)
        examples.append(Example(Windows(window, number * 5 % 256), [x]))
    for begin in range(0, len(examples), 12):
        assert_twins(examples[begin : begin + 12], ["bytes"], cores=cores)
