"""The LSTM of dynamic quantisation is one of real weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    interpreted,
    lowered,
    operations,
    real,
)
from compiler.operators.model_harness import run_onnxruntime


def dynamic_lstm(per_row: bool, unsigned: bool, directions: int, **attributes: Any) -> NodeModel:
    """onnxruntime's LSTM with weights of 8 bits, as its quantiser writes it."""
    model = NodeModel()
    random = np.random.default_rng(4)
    inputs, hidden = 6, 5
    rows = 4 * hidden
    element, half = (np.uint8, 128) if unsigned else (np.int8, 0)
    scales = (directions, rows) if per_row else (directions,)
    operands = [model.input("x", real(1, 3, 2, inputs))]
    parameters: list[str] = []
    for extent in (inputs, hidden):
        stored = random.integers(-127, 128, (directions, extent, rows)) + half
        operands.append(model.constant(stored.astype(element)))
        parameters.append(model.constant(random.uniform(2e-3, 6e-3, scales).astype(np.float32)))
        parameters.append(model.constant(np.full(scales, half).astype(element)))
    operands += [model.constant(real(5, directions, 2 * rows)), "", "", "", "", *parameters]
    direction = "bidirectional" if directions == 2 else "forward"
    attributes |= {"hidden_size": hidden, "direction": direction}
    model.contrib("DynamicQuantizeLSTM", *operands, outputs=3, **attributes)
    return model


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("per_row", "unsigned"), [(False, False), (False, True), (True, False)])
def test_dynamically_quantised_lstm(per_row: bool, unsigned: bool, directions: int) -> None:
    model = dynamic_lstm(per_row, unsigned, directions)
    # onnxruntime also quantises the inputs of each step, to 255 steps from lowest to highest.
    assert_agrees(model.model(), model.data, tolerance=0.02)
    kinds = operations(model)
    assert "MatMulWeightOnly" in kinds and "MatMulFloat" not in kinds


def test_dynamically_quantised_lstm_equals_one_of_real_weights() -> None:
    model = dynamic_lstm(per_row=True, unsigned=False, directions=2)
    (node,) = model.nodes
    tensors = model.constants
    same = NodeModel()
    weights = [
        same.constant(
            np.ascontiguousarray(
                (tensors[node.input[data]] * tensors[node.input[scale]][:, None]).transpose(0, 2, 1)
            ).astype(np.float32)
        )
        for data, scale in ((1, 8), (2, 10))
    ]
    bias = same.constant(tensors[node.input[3]])
    x = same.input("x", model.data["x"])
    same.node("LSTM", x, *weights, bias, outputs=3, hidden_size=5, direction="bidirectional")
    expected = run_onnxruntime(same.model(), same.data)
    found = interpreted(lowered(model.model()), model.data)
    for have, want in zip(found, expected, strict=True):
        assert np.allclose(have, want, rtol=1e-5, atol=2e-6)
