"""MatMul: kernel equals NumPy twin, lowering equals onnxruntime."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compiler.numerics.requantisation import choose_requantisation
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.matmul import MatMulFloat, MatMulInt8

extents = st.integers(1, 9)


@given(rows=extents, inner=st.integers(1, 40), columns=extents, seed=st.integers(0, 2**32 - 1))
def test_integer_twin(rows: int, inner: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(-128, 128, (rows, inner)).astype(np.int8)
    weights = random.integers(-127, 128, (columns, inner)).astype(np.int8)
    multiplier = random.uniform(1e-5, 0.02, columns) * random.choice([1.0, 0.001], columns)
    constants = choose_requantisation(
        multiplier,
        128 * np.abs(weights.astype(np.int64)).sum(axis=1),
        random.integers(-3000, 3000, columns),
        int(random.integers(-128, 128)),
    )
    operation = MatMulInt8(constants.shift, -128, 127, constants.wide, constants.output_zero_point)
    assert_twin(operation, [x, weights, constants.scale, constants.bias])


@given(
    rows=extents,
    inner=st.integers(1, 40),
    columns=extents,
    bias=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_float_twin(rows: int, inner: int, columns: int, bias: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, inner)).astype(np.float32)
    weights = random.normal(size=(inner, columns)).astype(np.float32)
    addend = random.normal(size=columns).astype(np.float32) if bias else None
    assert_twin(MatMulFloat(-np.inf, 1.0), [x, weights, addend])
