"""Cells of recurrent layers: kernels equal their NumPy twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.ir import Array
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.recurrent_cells import GruCell, LstmCell

extents = st.integers(1, 5), st.integers(1, 19)
seeds = st.integers(0, 2**32 - 1)


def _operands(seed: int, batch: int, hidden: int, gates: int) -> list[Array]:
    random = np.random.default_rng(seed)
    shapes = (batch, gates * hidden), (batch, gates * hidden), (batch, hidden)
    scale = float(random.choice([0.1, 3.0, 200.0]))
    return [random.normal(0, scale, shape).astype(np.float32) for shape in shapes]


@settings(deadline=None)
@given(batch=extents[0], hidden=extents[1], seed=seeds)
def test_lstm_cell(batch: int, hidden: int, seed: int) -> None:
    operands = _operands(seed, batch, hidden, 4)
    cell, output = assert_twin(LstmCell(), operands)
    with np.errstate(over="ignore"):
        i, o, f, c = np.split((operands[0] + operands[1]).astype(np.float64), 4, axis=1)
        expected = operands[2] / (1 + np.exp(-f)) + np.tanh(c) / (1 + np.exp(-i))
        assert np.allclose(cell, expected, rtol=1e-5, atol=1e-6)
        assert np.allclose(output, np.tanh(expected) / (1 + np.exp(-o)), rtol=1e-5, atol=1e-6)


@settings(deadline=None)
@given(batch=extents[0], hidden=extents[1], seed=seeds)
def test_gru_cell(batch: int, hidden: int, seed: int) -> None:
    operands = _operands(seed, batch, hidden, 3)
    (output,) = assert_twin(GruCell(), operands)
    x, h, state = (operand.astype(np.float64) for operand in operands)
    (xz, xr, xh), (hz, hr, hh) = np.split(x, 3, axis=1), np.split(h, 3, axis=1)
    with np.errstate(over="ignore"):
        update = 1 / (1 + np.exp(-xz - hz))
        candidate = np.tanh(xh + hh / (1 + np.exp(-xr - hr)))
    expected = (1 - update) * candidate + update * state
    assert np.allclose(output, expected, rtol=1e-4, atol=1e-4)


def test_what_is_no_number_stays_in_its_row() -> None:
    x = np.zeros((2, 8), np.float32)
    x[0, 0] = np.nan
    state = np.ones((2, 2), np.float32)
    cell, output = assert_twin(LstmCell(), [x, np.zeros_like(x), state])
    assert np.isnan(cell).tolist() == [[True, False], [False, False]]
    assert np.isnan(output).tolist() == [[True, False], [False, False]]
