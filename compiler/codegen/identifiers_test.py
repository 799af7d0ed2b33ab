"""Names and literals in C."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.codegen.identifiers import (
    LENGTH,
    Scope,
    common_prefix,
    described,
    identifier,
    merged,
    shortened,
)
from compiler.codegen.literals import comment_text, integer, literal, real, string


@given(st.text())
def test_identifiers_are_identifiers(name: str) -> None:
    result = identifier(name)
    assert result.isascii()
    assert result.isidentifier()
    assert not result.startswith("_")


def test_names_of_kernels_and_types_are_avoided() -> None:
    names = ["tw_matmul_s8", "TILEWRIGHT_SECTION", "int8_t", "twice"]
    assert [identifier(name) for name in names] == [
        "tw_matmul_s8_",
        "TILEWRIGHT_SECTION_",
        "int8_t_",
        "twice",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("größe", "gro_u00df_e"),
        ("入力", "u5165_u529b"),
        ("../../etc/passwd", "etc_passwd"),
        ("a*/b", "a_b"),
        ("??/", "unnamed"),
        ("9 lives", "n9_lives"),
        ("constexpr", "constexpr_"),
        ("INT32_MAX", "INT32_MAX_"),
        ("UINT8_C", "UINT8_C_"),
    ],
)
def test_hostile_names_stay_readable(name: str, expected: str) -> None:
    assert identifier(name) == expected


def test_long_names_are_cut_and_stay_apart() -> None:
    first, second = (identifier("layer/" * 2000 + last) for last in "ab")
    assert first != second
    assert len(first) <= LENGTH + 9
    assert first.startswith("layer_layer_")
    assert identifier("x" * LENGTH) == "x" * LENGTH


def test_long_texts_are_shortened_in_literals_and_comments() -> None:
    for text in ("é" * 10_000, '"' * 10_000, "\0" * 10_000):
        assert len(string(text)) <= 4095
    assert len(comment_text("/" * 10_000)) < 1000
    assert shortened("abc", 3) == "abc"
    assert shortened("a" * 100, 80) != shortened("a" * 50 + "b" + "a" * 49, 80)


@given(st.text(alphabet="*/?\\\n a", max_size=12))
def test_nothing_breaks_out_of_a_comment(text: str) -> None:
    shown = comment_text(text)
    assert not any(mark in shown for mark in ("*/", "/*", "??", "\\", "\n"))


def test_scope_numbers_names_that_are_taken() -> None:
    scope = Scope(["core"])
    assert [scope.claim(name) for name in ("a.b", "a/b", "a_b_2", "core", "for")] == [
        "a_b",
        "a_b_2",
        "a_b_2_2",
        "core_2",
        "for_",
    ]


@pytest.mark.parametrize(
    ("names", "short", "shown"),
    [
        (["a.0/x", "a.1/x"], "a./x", "a.{0, 1}/x"),
        (["a.0/x", "a.1/x", "a.2/x"], "a./x", "a.{0..2}/x"),
        (["a.0/key2", "a.1/query2"], "a./2", "a.{0, 1}/{key, query}2"),
        (["same", "same"], "same", "same"),
        (["a", "b.c"], "", "a, b.c"),
        (["a", "b.c", "d", "e"], "", "a .. e"),
    ],
)
def test_corresponding_names(names: list[str], short: str, shown: str) -> None:
    assert merged(names) == short
    assert described(names) == shown


def test_common_prefix_ends_at_a_separator_and_leaves_a_name() -> None:
    assert common_prefix(["layer./attention/query", "layer./attention/quantity"]) == (
        "layer./attention/"
    )
    assert common_prefix(["layer/a", "layer/a/b"]) == "layer/"
    assert common_prefix(["layer/", "layer/b"]) == ""
    assert common_prefix(["x"]) == ""


@given(st.floats(width=32, allow_nan=False))
def test_real_literals_are_exact(value: float) -> None:
    text = real(value)
    if math.isinf(value):
        assert text.lstrip("-") == "__builtin_inff()"
        return
    assert text.endswith("f")
    assert "." in text
    read = np.float32(text.removesuffix("f"))
    assert read.tobytes() == np.float32(value).tobytes()


def test_reals_that_are_not_float32_are_rounded_once() -> None:
    assert real(0.1) == "0.1f"
    assert real(16777217.0) == "1.6777216e+7f"
    with pytest.raises(ValueError, match="NaN"):
        real(math.nan)


def test_other_literals() -> None:
    assert integer(-(2**31)) == "INT32_MIN"
    assert integer(2**32 - 1) == "4294967295u"
    assert literal((1, -2)) == "{1, -2}"
    assert string('a"\\ü?') == '"a\\"\\\\\\303\\274\\?"'
    assert comment_text("*/ \n é") == "* / <U+000A> <U+00E9>"
