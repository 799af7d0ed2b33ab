"""Messages name what is supported and near: for every operator, element type and operator set."""

from __future__ import annotations

from typing import Any, cast

import onnx.defs
import pytest
from onnx import TensorProto, helper

from compiler.errors import CompileError
from compiler.frontend.expand_operators import EXPANSIONS
from compiler.frontend.import_model import ELEMENT_TYPES, SUPPORTED_OPSETS, import_model
from compiler.frontend.nearest_form import (
    INSTEAD,
    described,
    form_advice,
    nearest_operator,
    nearest_opset,
    nearest_type,
)
from compiler.ir import DataType
from compiler.operators import OPERATORS

TRAINING = "ai.onnx.preview.training"
DEFINED = sorted(
    {
        (schema.domain, schema.name)
        for schema in cast(list[Any], onnx.defs.get_all_schemas())  # its stubs are partial
        if schema.domain in ("", TRAINING)
        and not schema.deprecated
        and not schema.has_function
        and not schema.has_context_dependent_function
    }
)
"""Operators that ONNX has and does not define by others."""

FOLDED = {"Constant", "ConstantOfShape", "Shape", "Size"}


@pytest.mark.parametrize("name", sorted(INSTEAD))
def test_what_is_named_instead_is_supported(name: str) -> None:
    forms = [described(operator) for operator in INSTEAD[name].operators]
    assert None not in forms
    nearest = nearest_operator("", name)
    assert all(form in nearest.supported for form in forms if form is not None)
    assert INSTEAD[name].advice in nearest.advice


@pytest.mark.parametrize(("domain", "name"), DEFINED)
def test_every_operator_of_onnx_is_supported_or_has_something_near(domain: str, name: str) -> None:
    if {("", name)} & {*OPERATORS, *EXPANSIONS} or name in FOLDED:
        return
    assert "none has a name like it" not in nearest_operator(domain, name).supported


@pytest.mark.parametrize(
    ("domain", "name", "nearest"),
    [
        ("com.example", "Relu", "Relu"),
        ("com.example", "Hardswish", "HardSwish"),
        ("", "BiasGeluFusion", "com.microsoft.BiasGelu"),
        ("com.microsoft", "GroupNormalisation", "GroupNormalization"),
    ],
)
def test_similar_names(domain: str, name: str, nearest: str) -> None:
    found = nearest_operator(domain, name)
    assert found.supported.startswith(f"{nearest} (")
    assert f"use {nearest} if" in found.advice


def test_nothing_near() -> None:
    found = nearest_operator("com.example", "Swirl")
    assert found.supported == "the operators of docs/operators.md; none has a name like it"
    assert "function of ONNX's operators" in found.advice


@pytest.mark.parametrize("element", sorted(set(TensorProto.DataType.values()) - {0}))
def test_every_element_type_is_supported_or_has_one_near(element: int) -> None:
    spelt = TensorProto.DataType.Name(element).lower()
    half = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
    if element in ELEMENT_TYPES or element in half:
        return
    nearest = nearest_type(spelt)
    names = {data_type.value for data_type in ELEMENT_TYPES.values()}
    assert any(name in nearest.supported for name in names)
    assert nearest.advice
    node = helper.make_node("Identity", ["x"], ["y"], "identity")
    values = [helper.make_tensor_value_info(name, element, [2]) for name in "xy"]
    graph = helper.make_graph([node], "graph", values[:1], values[1:])
    opset = helper.make_opsetid("", 25)
    with pytest.raises(CompileError) as caught:
        import_model(helper.make_model(graph, opset_imports=[opset]))
    problem = caught.value.problems[0]
    assert problem.supported, problem
    assert problem.advice, problem


def test_operator_sets() -> None:
    newest = SUPPORTED_OPSETS[-1]
    assert f"convert_version(model, {newest})" in nearest_opset(4, newest, newest + 1).advice
    assert (
        f"export the model again, for operator set {newest}" in nearest_opset(4, newest, 3).advice
    )


def test_forms() -> None:
    assert "as a constant" in form_advice("Conv", "constant weights", [])
    assert "use int32" in form_advice("Mul", "float32", [DataType.UINT32, DataType.UINT32])
    assert "docs/operators.md lists those of Mul" in form_advice("Mul", "float32", [])
