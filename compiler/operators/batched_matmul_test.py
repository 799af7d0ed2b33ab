"""Products of two run-time tensors: kernels equal NumPy twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compiler.ir import Quantization
from compiler.operators.batched_matmul import BatchedMatMulFloat, choose_int8
from compiler.operators.kernel_harness import assert_twin

extents = st.integers(1, 9)
batches = st.sampled_from(
    [((), ()), ((3,), (3,)), ((1,), (4,)), ((2, 1, 3), (1, 5, 3)), ((2, 3), (1, 1))]
)
zero_points = st.sampled_from([0, 0, -128, 127, 5])


@given(
    batch=batches,
    rows=st.sampled_from([1, 2, 7, 16, 19]),
    inner=st.sampled_from([1, 3, 8, 33]),
    columns=extents,
    zeros=st.tuples(zero_points, zero_points, zero_points),
    scale=st.sampled_from([1e-4, 0.02, 3.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_integer_twin(
    batch: tuple[tuple[int, ...], tuple[int, ...]],
    rows: int,
    inner: int,
    columns: int,
    zeros: tuple[int, int, int],
    scale: float,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    left = random.integers(-128, 128, (*batch[0], rows, inner)).astype(np.int8)
    right = random.integers(-128, 128, (*batch[1], columns, inner)).astype(np.int8)
    operation = choose_int8(
        Quantization(0.1, zeros[0]),
        Quantization(0.1, zeros[1]),
        Quantization(scale, zeros[2]),
        factor=1.3,
        inner=inner,
        clip=(-100, 127),
    )
    assert operation is not None
    assert_twin(operation, [left, right])


def test_largest_sums_stay_in_32_bits() -> None:
    """The longest sums of the largest products, with zero points at the ends."""
    quantization = Quantization(1.0, 127)
    operation = choose_int8(
        quantization, quantization, Quantization(2e7, 0), 1.0, 32767, (-128, 127)
    )
    assert operation is not None
    values = np.full((1, 32767), -128, np.int8)
    (result,) = assert_twin(operation, [values, values])
    assert result == round(32767 * 255**2 / 2e7)
    assert choose_int8(quantization, quantization, quantization, 1.0, 32768, (-128, 127)) is None


@given(
    batch=batches,
    rows=extents,
    inner=st.integers(1, 20),
    columns=extents,
    seed=st.integers(0, 2**32 - 1),
)
def test_float_twin(
    batch: tuple[tuple[int, ...], tuple[int, ...]], rows: int, inner: int, columns: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    left = random.normal(size=(*batch[0], rows, inner)).astype(np.float32)
    right = random.normal(size=(*batch[1], columns, inner)).astype(np.float32)
    assert_twin(BatchedMatMulFloat(-0.7, -1.0, np.inf), [left, right])
