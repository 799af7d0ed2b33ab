"""Recurrent layers, which stay in float32 between quantised tensors."""

from __future__ import annotations

import numpy as np

from compiler.operators.onnxruntime_harness import ModelUnderTest
from tests.quantised.case import Generator, case, normal, pick

GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


@case("GRU", "LSTM", "RNN")
def recurrent(random: Generator, operator: str) -> ModelUnderTest:
    """Behind one activation and before another, as a quantiser finds it in a network."""
    model = ModelUnderTest()
    steps, batch, inputs, hidden = (int(extent) for extent in random.integers(1, 5, 4))
    direction = str(random.choice(["forward", "reverse", "bidirectional"]))
    count, rows = 2 if direction == "bidirectional" else 1, GATES[operator] * hidden
    shapes = {"w": (count, rows, inputs), "r": (count, rows, hidden), "b": (count, 2 * rows)}
    x = model.node("Tanh", [model.input("x", normal(random, steps, batch, inputs))], "squashed")
    constants = [
        model.constant(name, random.normal(0, 0.5, shape).astype(np.float32))
        for name, shape in shapes.items()
    ]
    attributes = {"linear_before_reset": pick(random, 0, 1)} if operator == "GRU" else {}
    y = model.node(
        operator, [x, *constants], "states", direction=direction, hidden_size=hidden, **attributes
    )
    model.output(model.node("LeakyRelu", [y], "y"))
    return model
