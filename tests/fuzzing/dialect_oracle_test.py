"""Results of the integer dialect are judged to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, TensorProto

from compiler.frontend.import_model import import_model
from compiler.frontend.input_type import InputType
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from tests.fuzzing.dialect_oracle import EQUAL_INTEGERS, is_dialect, judge_dialect
from tests.fuzzing.oracle import NOT_COMPARED, Failure
from tests.integer_dialect.builder import Builder


def pooled(**attributes: object) -> ModelProto:
    """A MaxPool and a RequantShift of int8."""
    b = Builder("pooled", 1, opset=13)
    pool = b.node("MaxPool", b.input("x", "int8", 1, 2, 4), kernel_shape=[2], **attributes)
    return b.model((b.requantised(pool, 40000), 3))


def found(model: ModelProto, x: Array | None = None) -> tuple[list[str], Graph, dict[str, Array]]:
    imported = import_model(model, inputs={"x": InputType.parse("int8")})
    graph = lower(imported, "")
    if x is None:
        x = np.random.default_rng(1).integers(-128, 128, (1, 2, 4)).astype(np.int8)
    return imported.inputs, graph, interpret(graph, {"x": x}) | {"x": x}


def chain(*operators: tuple[str, dict[str, object]]) -> ModelProto:
    """Operators of ONNX in a row, beside a RequantShift, of int8 [1, 2, 4]."""
    b = Builder("chain", 1, opset=13)
    x = b.input("x", "int8", 1, 2, 4)
    y = x
    for operator, attributes in operators:
        y = b.node(operator, y, **attributes)
    return b.model((y, 3), (b.requantised(x, 40000), 3))


def verdict(model: ModelProto, x: Array | None = None) -> str:
    names, graph, values = found(model, x)
    with np.errstate(all="ignore"):
        return judge_dialect(model.SerializeToString(), names, graph, values)


MEAN = ("ReduceMean", {"axes": [2]})


@pytest.mark.parametrize("operator", ["Tanh", "Ceil", "HardSwish", "Softplus"])
def test_real_numbers_that_happen_to_be_whole_are_real(operator: str) -> None:
    """Their means are no integers."""
    x = np.array([[[99, 99, -99, 99], [99, 99, 99, -99]]], np.int8)
    assert verdict(chain((operator, {}), MEAN), x) == EQUAL_INTEGERS


def test_real_numbers_are_as_large_and_as_small_as_those_of_float32() -> None:
    """float64 has their quotients, float32 infinities and zeros."""
    b = Builder("limits", 1, opset=13)
    x = b.input("x", "int8", 1, 2, 4)
    powers = b.node("Exp", x)
    model = b.model((b.node("Div", powers, powers), 3), (b.requantised(x, 40000), 3))
    data = np.array([[[120, 127, 0, 1], [-127, -1, 2, 80]]], np.int8)
    assert verdict(model, data) == EQUAL_INTEGERS
    names, graph, values = found(model, data)
    values[graph.outputs[0]] = np.ones((1, 2, 4), np.float32)
    with pytest.raises(Failure, match=r"at 0 it is 1\.0 instead of nan"):
        judge_dialect(model.SerializeToString(), names, graph, values)


@pytest.mark.parametrize(
    ("declared", "type_", "own", "expected"),
    [
        (TensorProto.FLOAT, "int32", False, True),
        (TensorProto.INT32, "int8", False, True),
        (TensorProto.INT32, "int32", False, False),
        (TensorProto.INT64, "int32", False, False),
        (TensorProto.INT64, "float32", False, False),
        (TensorProto.INT32, "int32", True, True),
    ],
)
def test_what_is_the_dialect(declared: int, type_: str, own: bool, expected: bool) -> None:
    """A quotient of integers that the file declares is one of ONNX, which is an integer."""
    b = Builder("quotient", 1, opset=13)
    x = b.input("x", type_, 2, 4)
    quotient = b.node("Div", x, x)
    model = b.model((b.own("iGELU", quotient, b=-1, one=9) if own else quotient, 2))
    model.graph.input[0].type.tensor_type.elem_type = declared
    types = {"x": type_, "renamed": "int8"}
    assert is_dialect(model.SerializeToString(), types) == expected


def test_the_maximum_along_one_spatial_axis() -> None:
    assert verdict(chain(("GlobalMaxPool", {}))) == EQUAL_INTEGERS


def test_logarithms_of_small_shares() -> None:
    x = np.array([[[0, 9, 1, 2], [1, 2, 3, 4]]], np.int8)
    assert verdict(chain(("Exp", {}), ("LogSoftmax", {"axis": 2})), x) == EQUAL_INTEGERS


def test_zero_of_real_numbers_has_a_sign() -> None:
    x = np.array([[[-8, 8, -8, 8], [0, -3, -4, 5]]], np.int8)
    assert verdict(chain(("HardSwish", {}), ("Reciprocal", {})), x) == EQUAL_INTEGERS


def test_means_of_integers_are_integers() -> None:
    model = chain(("Neg", {}), MEAN)
    x = np.array([[[1, 2, 3, 1], [1, 1, 0, 0]]], np.int8)
    assert verdict(model, x) == EQUAL_INTEGERS
    names, graph, values = found(model, x)
    assert values[graph.outputs[0]].dtype == np.int32
    values[graph.outputs[0]] = np.array([[[-1.75], [-0.5]]], np.float32)
    with pytest.raises(Failure, match="differs at 2 of 2"):
        judge_dialect(model.SerializeToString(), names, graph, values)


def test_constants_alone_are_computed_in_real_numbers() -> None:
    b = Builder("constant", 1, opset=13)
    x = b.input("x", "int8", 1, 2, 4)
    mean = b.node("ReduceMean", b.constant([[1, 2], [3, 3]]), axes=[1])
    model = b.model((mean, 2), (b.requantised(x, 40000), 3))
    names, graph, values = found(model)
    assert np.array_equal(values[graph.outputs[0]], [[1.5], [3]])
    assert judge_dialect(model.SerializeToString(), names, graph, values) == EQUAL_INTEGERS


def test_which_integer_a_nan_becomes_is_open() -> None:
    b = Builder("nan", 1, opset=13)
    root = b.node("Sqrt", b.input("x", "int8", 1, 2, 4))
    made = b.own("Quant", root, bit_width=8, signed=1, zero_point=3)
    b.nodes[-1].attribute.append(b.number("scale", 4.75))
    model = b.model((made, 3))
    assert verdict(model, np.full((1, 2, 4), 9, np.int8)) == EQUAL_INTEGERS
    assert verdict(model, np.full((1, 2, 4), -9, np.int8)) == NOT_COMPARED


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
