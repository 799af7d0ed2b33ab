"""Symbolic dimensions get extents, also those that are computed from others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper

from compiler.errors import Code, CompileError
from compiler.frontend.pin_dimensions import Expression, pin_dimensions

EXTENTS = {"past": 5, "seq": 3}


def model(*dimensions: str | int) -> ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, dimensions)
    graph = helper.make_graph([], "graph", [value], [])
    return helper.make_model(graph)


def pinned(dimensions: list[str | int], extents: dict[str, int]) -> list[int]:
    proto = model(*dimensions)
    pin_dimensions(proto, extents)
    return [each.dim_value for each in proto.graph.input[0].type.tensor_type.shape.dim]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("past + seq", 8),
        ("2*seq", 6),
        ("past + 1", 6),
        ("(past - 1)//2 + 1", 3),
        ("Max(1, seq - past)", 1),
        ("Min(past, seq) % 2", 1),
        ("-seq + past", 2),
    ],
)
def test_expressions(text: str, value: int) -> None:
    assert Expression(text).value(EXTENTS) == value
    assert pinned(["past", text, "seq", 7], EXTENTS) == [5, value, 3, 7]


@pytest.mark.parametrize("text", ["", "batch size", "a.b", "f(a)", "a / 2", "a if b else c"])
def test_other_names_are_no_expressions(text: str) -> None:
    with pytest.raises(ValueError, match=r"no expression|other operators"):
        Expression(text)


@given(a=st.integers(0, 99), b=st.integers(1, 99), text=st.sampled_from(["a+b", "a*b", "a//b"]))
def test_values_are_those_of_python(a: int, b: int, text: str) -> None:
    wanted = {"a+b": a + b, "a*b": a * b, "a//b": a // b}[text]
    assert Expression(text).value({"a": a, "b": b}) == wanted


def test_any_text_is_an_expression_or_a_name() -> None:
    """However deep it is nested."""
    deep = "+".join(["seq"] * 100_000)
    assert pinned([deep], {deep: 4}) == [4]


def test_a_dimension_can_be_pinned_as_it_is_spelt() -> None:
    assert pinned(["batch size", "2*seq"], {"batch size": 1, "2*seq": 9}) == [1, 9]


def problems(dimensions: list[str | int], extents: dict[str, int]) -> list[tuple[Code, str]]:
    with pytest.raises(CompileError) as caught:
        pin_dimensions(model(*dimensions), extents)
    return [(problem.code, str(problem)) for problem in caught.value.problems]


def test_what_is_missing_is_named() -> None:
    ((code, text),) = problems(["past", "past + seq"], {"past": 5})
    assert code is Code.DYNAMIC_SHAPE
    assert "dimension 1 is 'past + seq', which has no value" in text
    assert 'dims = {"seq": <extent>} in Bazel, else --entry-point :seq=<extent>' in text


def test_unknown_names_are_refused_with_those_in_expressions() -> None:
    ((code, text),) = problems(["2*seq"], {"sequence": 5, "seq": 2})
    assert code is Code.BAD_ENTRY_POINT
    assert "dimension 'sequence'" in text
    assert "its dimensions: seq, 2*seq" in text


def test_extents_that_no_tensor_can_have() -> None:
    ((code, text),) = problems(["seq - past"], EXTENTS)
    assert code is Code.DYNAMIC_SHAPE
    assert "dimension 0 is 'seq - past', which is -2" in text
    (_, text), *_ = problems(["seq*seq*seq"], {"seq": 2**30})
    assert "seq*seq*seq" in text


def test_a_division_by_zero_leaves_a_dimension_open() -> None:
    assert problems(["past//seq"], {"past": 5, "seq": 0})[0][0] is Code.DYNAMIC_SHAPE
