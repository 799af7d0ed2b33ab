"""What the comparison with onnxruntime is worth: it finds what is wrong, and where."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto

from compiler.ir import Array
from compiler.operators.onnxruntime_harness import ModelUnderTest
from compiler.operators.table import Table
from tests.quantised.agreement import compare, computed, cut_model, lowered, stored_tensors
from tests.quantised.compiled import compare_with_compiled
from tests.quantised.graph_agreement import agreement
from tests.quantised.quantiser import ALL_OPTIONS, quantise


def chain() -> tuple[ModelProto, dict[str, Array]]:
    """Three functions, one after the other."""
    model = ModelUnderTest()
    data = np.linspace(-3, 3, 101, dtype=np.float32)
    y = model.input("x", data)
    for index, operator in enumerate(("Tanh", "Neg", "Sigmoid")):
        y = model.node(operator, [y], f"y{index}")
    model.output(y)
    return quantise(model.model(), [model.inputs], ALL_OPTIONS[0]), {"x": data}


def test_pieces_read_what_they_are_given() -> None:
    model, _ = chain()
    cut = cut_model(model)
    stored = list(stored_tensors(model))
    assert len(stored) == 4
    assert [value.name for value in cut.graph.input] == ["x", *stored]
    made = {name for node in cut.graph.node for name in node.output}
    assert not made & set(stored)
    assert {computed(name) for name in stored} <= made


def test_an_error_of_one_operator_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that is two steps off in its second use: no other tensor is blamed."""
    model, inputs = chain()
    assert compare(model, inputs).failures == []
    tables = iter(range(100))
    right = Table.evaluate

    def wrong(self: Table, operands: list[Array]) -> tuple[Array, ...]:
        (result,) = right(self, operands)
        if result.shape != inputs["x"].shape:
            return (result,)  # a table made of tables
        wide = result.astype(np.int16) + 2 * (next(tables) == 1)
        return (np.clip(wide, -128, 127).astype(np.int8),)

    monkeypatch.setattr(Table, "evaluate", wrong)
    steps = compare(model, inputs).steps
    assert steps.pop("y1_QuantizeLinear_Output") == 2
    assert set(steps.values()) == {0}


def test_c_that_differs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, inputs = chain()
    graph = lowered(model)
    assert compare_with_compiled([("chain", graph, inputs)]) == []
    right = Table.evaluate
    monkeypatch.setattr(Table, "evaluate", lambda self, x: (right(self, x)[0] ^ np.int8(1),))
    (failure,) = compare_with_compiled([("chain", graph, inputs)])
    assert failure.startswith("chain: ") and "of 101 elements" in failure


def test_signal_to_noise() -> None:
    real = np.array([[3.0, 4.0], [0.0, 5.0]])
    found = np.array([[3.0, 4.5], [0.5, 0.0]])
    result = agreement(real, found)
    assert result.top == 0.5
    assert result.signal_to_noise == pytest.approx(10 * np.log10(50 / 25.5))
    assert agreement(real, real).signal_to_noise == np.inf
