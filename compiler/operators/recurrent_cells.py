"""The step of an LSTM or GRU with its usual activations, behind the products with weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compiler.ir import Array, Kernel, Operation, TensorType
from compiler.numerics.elementary import sigmoid, tanh

HEADER = "tilewright/recurrent_cell.h"
ONE = np.float32(1.0)


@dataclass(frozen=True)
class LstmCell(Operation):
    """Cell state and output of the next step.

    Inputs, float32: what the gates get from the layer's input, and from its last output, both
    [batch, 4 * hidden] in the order input, output, forget, cell; the cell state [batch, hidden].
    Outputs: the next cell state, and the output, [batch, hidden].
    """

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, h, cell = inputs
        assert x is not None and cell is not None and x == h
        assert x.shape == (cell.shape[0], 4 * cell.shape[1])
        return cell, cell

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, h, cell = inputs
        assert x is not None and h is not None and cell is not None
        with np.errstate(all="ignore"):
            i, o, f, c = np.split(x + h, 4, axis=1)
            following = sigmoid(f) * cell + sigmoid(i) * tanh(c)
            return following, sigmoid(o) * tanh(following)

    @property
    def in_place(self) -> tuple[int, ...]:
        return (2,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_lstm_cell_f32", HEADER, _extents(outputs[0]))


@dataclass(frozen=True)
class GruCell(Operation):
    """The output of the next step; the reset gate comes behind the product with weights.

    Inputs, float32: what the gates get from the layer's input, and from its last output, both
    [batch, 3 * hidden] in the order update, reset, hidden; the last output [batch, hidden].
    """

    def infer(self, inputs: Sequence[TensorType | None]) -> tuple[TensorType, ...]:
        x, h, state = inputs
        assert x is not None and state is not None and x == h
        assert x.shape == (state.shape[0], 3 * state.shape[1])
        return (state,)

    def evaluate(self, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
        x, h, state = inputs
        assert x is not None and h is not None and state is not None
        (xz, xr, xh), (hz, hr, hh) = np.split(x, 3, axis=1), np.split(h, 3, axis=1)
        with np.errstate(all="ignore"):
            update = sigmoid(xz + hz)
            candidate = tanh(xh + sigmoid(xr + hr) * hh)
            return ((ONE - update) * candidate + update * state,)

    @property
    def in_place(self) -> tuple[int, ...]:
        return (2,)

    def kernel(
        self, inputs: Sequence[TensorType | None], outputs: Sequence[TensorType]
    ) -> Kernel | None:
        return Kernel("tw_gru_cell_f32", HEADER, _extents(outputs[0]))


def _extents(state: TensorType) -> dict[str, int]:
    batch, hidden = state.shape
    return {"batch": batch, "hidden": hidden}
