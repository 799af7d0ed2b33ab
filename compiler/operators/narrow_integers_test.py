"""Arithmetic on integers of 8 and 16 bits wraps as in NumPy; onnxruntime lacks most of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder


def _quotient(left: Array, right: Array) -> Array:
    """Towards zero, in int64; -1 times the smallest value wraps when it is narrowed."""
    wide = left.astype(np.int64)
    return (wide - np.fmod(wide, right)) // right


FUNCTIONS: dict[str, Any] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _quotient,
    "Mod": np.mod,
    "Min": np.minimum,
    "Max": np.maximum,
}


@pytest.mark.parametrize("element", [np.int8, np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize("operator", FUNCTIONS)
def test_every_pair_of_notable_values(operator: str, element: type[np.integer[Any]]) -> None:
    limits = np.iinfo(element)
    values = [limits.min, limits.min + 1, 1, 2, 7, limits.max // 2, limits.max - 1, limits.max]
    notable = np.array([value for value in values if value != 0], element)
    model = ModelBuilder()
    code = helper.np_dtype_to_tensor_dtype(np.dtype(element))
    names = [model.input("a", (len(notable), 1), code), model.input("b", notable.shape, code)]
    graph = lower(import_model(model.build([model.node(operator, names)])), "run")
    found = interpret(graph, {"a": notable[:, None], "b": notable})[graph.outputs[0]]
    expected = FUNCTIONS[operator](
        notable[:, None].astype(np.int64), notable.astype(np.int64)
    ).astype(element)
    assert found.dtype == element
    assert np.array_equal(found, expected)
