"""Every operator that Deeploy has for inference is accepted, with the types that it has there.

What runs on one platform runs on all: they share kernels' references and all of the front end. The
models of tests/integer_dialect/models.py run the same operators on each.
"""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from compiler.errors import Code, CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from tests.integer_dialect import semantics
from tests.integer_dialect.builder import Builder, drawn
from tests.integer_dialect.inventory import INVENTORY, OF_NUMBERS, TYPES, WITHOUT_MEANING
from tests.integer_dialect.inventory_table import PAGE, REFUSED, graph_of, page, result_type

TRAINING = (
    *("GeluGrad", "LayerNormalizationGrad", "SGD", "SoftmaxCrossEntropyLossGrad", "SoftmaxGrad"),
)
LOSS = "SoftmaxCrossEntropyLoss"
"""Which is a function of ONNX, and no business of this dialect."""

OPERATORS = 73
"""How many names Deeploy has."""


def test_nothing_is_missing() -> None:
    names = [*INVENTORY, *WITHOUT_MEANING, *TRAINING, LOSS]
    assert len(names) == len(set(names)) == OPERATORS


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("operator", INVENTORY)
def test_operator(operator: str, type_: str) -> None:
    entry = INVENTORY[operator]
    found = result_type(entry, type_)
    if found.startswith("TW-"):
        assert found == REFUSED and type_ not in entry.types
        return
    b, graph = graph_of(entry, type_)
    random = np.random.default_rng(11)
    inputs = {
        name: drawn(random, value.type.data_type.value, value.type.shape)
        for name in graph.inputs
        for value in [graph.values[name]]
    }
    (expected,) = semantics.run(b.model((b.nodes[-1].output[0], entry.rank)), inputs)
    (have,) = interpret(graph, inputs).values()
    assert have.shape == expected.shape and have.dtype == found
    if have.dtype == np.float32:
        with np.errstate(over="ignore"):
            real = expected.astype(np.float32)
        np.testing.assert_allclose(have, real, rtol=1e-4, atol=1e-5)
    else:
        assert np.array_equal(have, semantics.wrapped(expected))


@pytest.mark.parametrize("operator", WITHOUT_MEANING)
def test_operators_without_a_meaning_are_refused(operator: str) -> None:
    b = Builder("refused", 1)
    made = b.node(operator, b.input("x", "int8", 2, 4), b.integers(-9, 9, 4, 4))
    b.nodes[-1].domain = b.domain
    with pytest.raises(CompileError) as caught:
        import_model(b.model((made, 2)))
    assert [problem.code for problem in caught.value.problems] == [Code.UNSUPPORTED_OPERATOR]
    assert "MHSA" in str(caught.value) and operator in str(caught.value)


@pytest.mark.parametrize("operator", OF_NUMBERS)
def test_operators_of_integers_are_refused_for_numbers(operator: str) -> None:
    assert result_type(INVENTORY[operator], "float32") == REFUSED


@pytest.mark.parametrize("operator", TRAINING)
def test_training_is_refused(operator: str) -> None:
    b = Builder("training", 1, opset=13)
    x = b.input("x", "float32", 2, 4)
    b.nodes.append(helper.make_node(operator, [x, x], ["y"], "node"))
    with pytest.raises(CompileError) as caught:
        import_model(b.model(("y", 2)))
    assert [problem.code for problem in caught.value.problems] == [Code.UNSUPPORTED_OPERATOR]


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run python -m tests.integer_dialect.inventory_table"
