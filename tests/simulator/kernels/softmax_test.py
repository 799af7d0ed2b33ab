"""Softmax equals its twin, bit by bit: along any axis, for short and long rows."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.ir import Quantization
from compiler.operators.softmax import integer_form
from tests.simulator.kernels.operations_on_cluster import Example, assert_twins
from tests.simulator.kernels.product_cases import random_int8


@pytest.mark.parametrize("cores", [1, 3, 8])
def test_softmax(cores: int) -> None:
    random = np.random.default_rng(3)
    examples: list[Example] = []
    for shape, axis in (((3, 10), 1), ((2, 9, 5), 1), ((1, 1), 1), ((2, 700), 1), ((12, 3), 0)):
        x = random_int8(random, shape)
        for scale in (1e-4, 0.02, 0.3):
            for output in (Quantization(2.0**-8, -128), Quantization(0.9, 5)):
                form = integer_form(axis, shape[axis], Quantization(scale, 3), output)
                assert form is not None
                operation, exponentials = form
                examples.append(Example(operation, [x, exponentials]))
    assert_twins(examples, cores=cores)
