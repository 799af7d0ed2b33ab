"""Results of the integer dialect are judged to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto

from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from tests.fuzzing.dialect_oracle import EQUAL_INTEGERS, judge_dialect
from tests.fuzzing.oracle import NOT_COMPARED, Failure
from tests.integer_dialect.builder import Builder


def pooled(**attributes: object) -> ModelProto:
    """A MaxPool and a RequantShift of int8."""
    b = Builder("pooled", 1, opset=13)
    pool = b.node("MaxPool", b.input("x", "int8", 1, 2, 4), kernel_shape=[2], **attributes)
    return b.model((b.requantised(pool, 40000), 3))


def found(model: ModelProto) -> tuple[list[str], Graph, dict[str, Array]]:
    imported = import_model(model, inputs={"x": InputType.parse("int8")})
    graph = lower(imported, "")
    x = np.random.default_rng(1).integers(-128, 128, (1, 2, 4)).astype(np.int8)
    return imported.inputs, graph, interpret(graph, {"x": x}) | {"x": x}


def test_what_the_semantics_give() -> None:
    model = pooled()
    assert judge_dialect(model.SerializeToString(), *found(model)) == EQUAL_INTEGERS


def test_one_step_is_wrong() -> None:
    model = pooled()
    names, graph, values = found(model)
    (output,) = graph.outputs
    values[output] = values[output] ^ np.int8(1)
    with pytest.raises(Failure, match="differs by 1"):
        judge_dialect(model.SerializeToString(), names, graph, values)


def test_forms_that_the_semantics_do_not_have() -> None:
    model = pooled(storage_order=0)
    assert judge_dialect(model.SerializeToString(), *found(model)) == NOT_COMPARED
