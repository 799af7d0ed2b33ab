"""Views: no kernel runs, and lowered models equal onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.kernel_harness import assert_twin
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.view import View

CASES: dict[str, tuple[str, list[Array], dict[str, Any], int]] = {
    # name: (operator, constant operands, attributes, views in the graph)
    "reshape": ("Reshape", [np.array([0, -1, 2])], {}, 1),
    "flatten": ("Flatten", [], {"axis": 2}, 1),
    "squeeze": ("Squeeze", [np.array([1])], {}, 1),
    "unsqueeze": ("Unsqueeze", [np.array([0, -1])], {}, 1),
    "identity": ("Identity", [], {}, 0),
    "dropout": ("Dropout", [np.array(0.5, np.float32)], {}, 0),
}


def test_twin() -> None:
    (output,) = assert_twin(View((3, 4)), [np.arange(12, dtype=np.int8)])
    assert output.shape == (3, 4)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_model(case: str, integer: bool) -> None:
    operator, constants, attributes, views = CASES[case]
    model = ModelBuilder()
    x = model.input("x", (3, 1, 4, 2))
    x = model.quantised(x, 0.02, -7) if integer else model.node("Relu", [x])
    y = model.node(operator, [x, *(model.constant(c) for c in constants)], **attributes)
    y = model.quantised(y, 0.02, -7) if integer else model.node("Relu", [y])
    data = np.random.default_rng(1).normal(size=(3, 1, 4, 2)).astype(np.float32)
    graph = assert_model(model.build([y]), {"x": data})
    found = [node for node in graph.nodes if node.operation.view_of is not None]
    assert len(found) == views


def test_dropout_in_training_is_refused() -> None:
    model = ModelBuilder()
    ratio, training = model.constant(np.array(0.5, np.float32)), model.constant(np.array(True))
    y = model.node("Dropout", [model.input("x", (3,)), ratio, training])
    with pytest.raises(CompileError) as caught:
        lower(import_model(model.build([y])), "run")
    assert "its training_mode is not constant false" in str(caught.value)
