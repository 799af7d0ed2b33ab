"""Products with what a table gives: the kernel equals its twin, and that its two steps."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.numerics.addition import choose_multiplication
from compiler.operators.binary import MultiplyInt8
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.table import Table
from compiler.operators.table_product import TableProductInt8

zero_points = st.integers(-128, 127)


@settings(max_examples=60, deadline=None)
@given(
    elements=st.integers(0, 80),
    factor=st.floats(1e-4, 2.0),
    zero=st.tuples(zero_points, zero_points, zero_points),
    limits=st.tuples(zero_points, zero_points),
    seed=st.integers(0, 2**32 - 1),
)
def test_twin(
    elements: int,
    factor: float,
    zero: tuple[int, int, int],
    limits: tuple[int, int],
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    choice = choose_multiplication(factor, zero[2])
    assert choice is not None
    low, high = sorted(limits)
    product = MultiplyInt8(
        (0, 1), zero[0], zero[1], choice.scale, choice.bias, choice.shift, low, high
    )
    x, table, other = (
        random.integers(-128, 128, n).astype(np.int8) for n in (elements, 256, elements)
    )
    (found,) = assert_twin(TableProductInt8(product), [x, table, other])
    (looked_up,) = Table().evaluate([x, table])
    assert np.array_equal(found, product.evaluate([looked_up, other])[0])
