"""Einsum of other than two operands, and of diagonals, computes what NumPy and onnxruntime do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.frontend.expansion_harness import (
    NodeModel,
    assert_agrees,
    assert_refused,
    interpreted,
    lowered,
    operations,
    real,
)
from compiler.frontend.import_model import import_model
from compiler.ir import Array

EXTENTS = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 1, "f": 2}


def shape_of(term: str) -> tuple[int, ...]:
    return tuple(EXTENTS[label] for label in term)


def einsum(equation: str, *shapes: tuple[int, ...], constants: tuple[int, ...] = ()) -> NodeModel:
    """A model of one Einsum; the operands with indices in `constants` are known."""
    model = NodeModel(17)
    operands = [
        model.constant(real(index, *shape))
        if index in constants
        else model.input(f"x{index}", real(index, *shape))
        for index, shape in enumerate(shapes)
    ]
    model.node("Einsum", *operands, equation=equation)
    return model


def of_letters(equation: str, constants: tuple[int, ...] = ()) -> NodeModel:
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    return einsum(equation, *map(shape_of, terms), constants=constants)


@pytest.mark.parametrize(
    "equation",
    [
        *("ab,bc,cd->ad", "ab,bc,cd", "a,b,c->abc", "ab,ab,ab->ab", "abc,ab,ac->", "a,a,a->"),
        *("abcd,cb,da->db", "ab,cd,ef->fdb", "ab,bc,cd,da->", "abc, cd, db ,b->ad"),
        *(",ab,b->a", "ab,b,->a", "ab,c,d->b"),
    ],
)
def test_chains(equation: str) -> None:
    model = of_letters(equation)
    assert_agrees(model.model(), model.data)


def test_an_operand_several_times() -> None:
    model = NodeModel(17)
    x = model.input("x", real(1, 4))
    model.node("Einsum", x, x, x, x, equation="a,a,a,a->a")
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(
    "equation", ["ab->ba", "abc->b", "abc->", "ab->ab", "ba", "abcd->dac", "a->", "cab"]
)
def test_one_operand(equation: str) -> None:
    model = of_letters(equation)
    assert_agrees(model.model(), model.data)


@pytest.mark.parametrize(
    "equation",
    [
        *("aa->a", "aa->", "aa", "baa->ab", "aba->ba", "abab->ab", "abab->", "aaa->a", "acaba->bc"),
        *("aa,ab->b", "aab,b->a", "aa,bb->ab", "ee,ab->ab", "aab,bcb,c->ac"),
    ],
)
def test_diagonals(equation: str) -> None:
    model = of_letters(equation)
    (found,) = interpreted(
        lowered(model.declared(model.nodes[-1].output[0], of_numpy(model))), model.data
    )
    assert np.allclose(found, of_numpy(model), rtol=1e-5, atol=1e-5)


def of_numpy(model: NodeModel) -> Array:
    equation = model.nodes[-1].attribute[0].s.decode()
    data = [{**model.data, **model.constants}[name] for name in model.nodes[-1].input]
    return np.asarray(np.einsum(equation, *data))  # pyright: ignore


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("...a,...ab,b...->...", [(2, 3, 4), (2, 1, 4, 5), (5, 2, 3)]),
        ("...ij,...jk,...kl->...il", [(2, 1, 3, 4), (1, 6, 4, 2), (1, 1, 2, 5)]),
        ("...ij,jk,kl", [(2, 3, 4), (4, 2), (2, 5)]),
        ("...ii->...i", [(2, 4, 3, 3)]),
        ("...ii->i...", [(2, 4, 3, 3)]),
        ("i...->...", [(3, 2, 4)]),
    ],
)
def test_ellipses(equation: str, shapes: list[tuple[int, ...]]) -> None:
    model = einsum(equation, *shapes)
    expected = of_numpy(model)
    (found,) = interpreted(lowered(model.declared(model.nodes[-1].output[0], expected)), model.data)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


LABELS = st.text("abcdef", min_size=1, max_size=3).map(lambda text: "".join(dict.fromkeys(text)))


@settings(max_examples=60, deadline=None)
@given(terms=st.lists(LABELS, min_size=3, max_size=4), data=st.data())
def test_random_chains(terms: list[str], data: st.DataObject) -> None:
    labels = sorted({*"".join(terms)})
    result = data.draw(st.permutations(labels))[: data.draw(st.integers(0, len(labels)))]
    model = of_letters(f"{','.join(terms)}->{''.join(result)}")
    expected = of_numpy(model)
    (found,) = interpreted(lowered(model.declared(model.nodes[-1].output[0], expected)), model.data)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_constants_are_multiplied_when_the_network_is_compiled() -> None:
    model = of_letters("ab,bc,cd->ad", constants=(1, 2))
    assert [type(node.operation).__name__ for node in lowered(model.model()).nodes] == [
        "MatMulFloat"
    ]


def test_the_cheapest_product_is_the_first() -> None:
    """A vector is multiplied by one matrix after the other, wherever it stands."""
    model = einsum("ab,bc,c->a", (6, 7), (7, 8), (8,))
    products = import_model(model.model()).nodes
    assert [node.attribute("equation", "") for node in products] == ["ab,b->a", "ab,b->a"]


def test_integers_of_one_operand() -> None:
    model = NodeModel(17)
    model.node(
        "Einsum", model.input("x", np.arange(9, dtype=np.int32).reshape(3, 3)), equation="ij->ji"
    )
    assert_agrees(model.model(), model.data)
    assert operations(model) == {"Transpose"}


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ab,bc,ad->aab", "its equation is 'ab,bc,ad->aab'"),
        ("ab,bc,cd->ax", "TW-0101"),
        ("ab,bc,dd->a", "axis 'd' has the extents [1, 5] in a term"),
        ("ab,cb,de->a", "axis 'b' has the extents [3, 4]"),
        ("ab,bc->a", "TW-0101"),
    ],
)
def test_other_equations_are_refused(equation: str, message: str) -> None:
    assert_refused(einsum(equation, (2, 3), (3, 4), (1, 5)), message)
