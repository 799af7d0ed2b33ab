"""Einsum of one operand, of three and more, and with a label twice in a term.

A kernel multiplies two operands without repeated labels. Longer products are chains of such, and a
label that is there twice means a diagonal, which is cut out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from string import ascii_letters

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion

SUPPORTED = "one term for each operand, results whose labels are in a term, each of them once"
ADVICE = "write it as Transpose, Reshape and MatMul"

Labels = tuple[str, ...]


@dataclass(frozen=True)
class _Term:
    """An operand, or a product of some of them.

    Attributes:
        tensor: its name.
        labels: one for each axis; those of an ellipsis are "...1" for the last one, "...2", ...
        constant: whether it is known when the network is compiled.
    """

    tensor: str
    labels: Labels
    constant: bool


def _is_other(node: Expansion) -> bool:
    terms, _ = _split(node)
    return len(terms) != 2 or any(len({*term}) != len(term) for term in map(_letters, terms))


@expansion(
    "Einsum",
    description="any number of operands, as products of two; a label twice in a term is a diagonal",
    applies=_is_other,
)
def expand_einsum(node: Expansion) -> None:
    """Diagonals, then products of two, those first that cost the fewest multiplications."""
    terms, result = _read(node)
    extents = _extents(node, terms)
    terms = [_broadcast(node, _diagonal(node, term, extents), extents) for term in terms]
    while len(terms) > 2:
        terms = _with_one_product(node, terms, result, extents)
    if len(terms) == 1:
        _emit_alone(node, terms[0], result)
        return
    left, right = terms
    equation = _equation(left, right, result)
    node.make("Einsum", left.tensor, right.tensor, output=node.output(), equation=equation)


def _with_one_product(
    node: Expansion, terms: list[_Term], result: Labels, extents: dict[str, int]
) -> list[_Term]:
    """The terms with the cheapest product of two of them in their place."""

    def cost(pair: tuple[int, int]) -> tuple[int, int]:
        return _cost(*_product(terms, pair, result), extents)

    pair = min(combinations(range(len(terms)), 2), key=cost)
    left, right, kept = _product(terms, pair, result)
    made = node.make("Einsum", left.tensor, right.tensor, equation=_equation(left, right, kept))
    others = [term for index, term in enumerate(terms) if index not in pair]
    return [*others, _Term(made, kept, left.constant and right.constant)]


def _split(node: Expansion) -> tuple[list[str], str | None]:
    """The terms, and the result if the equation names it."""
    equation = node.attribute("equation", "").replace(" ", "")
    operands, arrow, result = equation.partition("->")
    return operands.split(","), result if arrow else None


def _letters(term: str) -> str:
    return term.replace("...", "")


def _unsupported(node: Expansion) -> UnsupportedForm:
    equation = node.attribute("equation", "")
    return UnsupportedForm(f"its equation is {equation!r}", SUPPORTED, ADVICE)


def _read(node: Expansion) -> tuple[list[_Term], Labels]:
    written, given = _split(node)
    if len(written) != len(node.node.input):
        raise _unsupported(node)
    terms: list[_Term] = []
    for index, term in enumerate(written):
        tensor = node.required(index, f"Inputs[{index}]")
        labels = _labels(node, term, len(node.shape(tensor)))
        terms.append(_Term(tensor, labels, node.constant(index) is not None))
    every = [label for term in terms for label in term.labels]
    hidden = sorted({label for label in every if len(label) > 1}, key=_place)
    if given is None:
        once = (label for label in {*every} if len(label) == 1 and every.count(label) == 1)
        return terms, (*hidden, *sorted(once))
    rank = len(_letters(given)) + (len(hidden) if "..." in given else 0)
    result = _labels(node, given, rank)
    if not {*result} <= {*every} or len({*result}) != len(result):
        raise _unsupported(node)
    return terms, result


def _place(label: str) -> int:
    """Where an axis of an ellipsis is: the last one has the smallest number."""
    return -int(label.removeprefix("..."))


def _labels(node: Expansion, term: str, rank: int) -> Labels:
    before, ellipsis, after = term.partition("...")
    hidden = rank - len(before) - len(after)
    if hidden < 0 or (hidden and not ellipsis) or not {*before, *after} <= {*ascii_letters}:
        raise _unsupported(node)
    return (*before, *(f"...{axis}" for axis in range(hidden, 0, -1)), *after)


def _extents(node: Expansion, terms: Sequence[_Term]) -> dict[str, int]:
    """The extent of every label; an axis of extent 1 is repeated where others have more."""
    extents: dict[str, int] = {}
    for term in terms:
        for label, extent in zip(term.labels, node.shape(term.tensor), strict=True):
            known = extents.setdefault(label, extent)
            if 1 not in (known, extent) and known != extent:
                raise UnsupportedForm(
                    f"axis {label!r} has the extents {sorted((known, extent))}", "equal extents"
                )
            if known == 1:
                extents[label] = extent
    if len(extents) > len(ascii_letters):
        raise UnsupportedForm(f"it has {len(extents)} axes", f"{len(ascii_letters)} axes")
    return extents


def _diagonal(node: Expansion, term: _Term, extents: dict[str, int]) -> _Term:
    """The term with every label once: each element of a diagonal is one extent and one behind."""
    repeated = next((label for label in term.labels if term.labels.count(label) > 1), None)
    if repeated is None:
        return term
    shape = node.shape(term.tensor)
    own = [axis for axis, label in enumerate(term.labels) if label == repeated]
    others = [axis for axis in range(len(shape)) if axis not in own]
    if len({shape[axis] for axis in own}) > 1:
        found = f"axis {repeated!r} has the extents {[shape[axis] for axis in own]} in a term"
        raise UnsupportedForm(found, "equal extents")
    extent = shape[own[0]]
    rest = [shape[axis] for axis in others]
    moved = node.make("Transpose", term.tensor, perm=[*own, *others])
    rows = extent ** len(own)
    flat = node.make("Reshape", moved, node.integers("rows", rows, *rest))
    bounds = (("start", 0), ("end", rows), ("axis", 0), ("step", _sum_of_strides(extent, len(own))))
    cut = node.make("Slice", flat, *(node.integers(role, value) for role, value in bounds))
    node.say_shape(cut, (extent, *rest))
    labels = (repeated, *(term.labels[axis] for axis in others))
    return _diagonal(node, _Term(cut, labels, term.constant), extents)


def _sum_of_strides(extent: int, axes: int) -> int:
    """How far an element of the diagonal is from the one before."""
    return max(1, sum(extent**axis for axis in range(axes)))


def _broadcast(node: Expansion, term: _Term, extents: dict[str, int]) -> _Term:
    """The term without axes that are only repeated."""
    shape = node.shape(term.tensor)
    repeated = [axis for axis, label in enumerate(term.labels) if shape[axis] == 1 < extents[label]]
    if not repeated:
        return term
    kept = tuple(label for axis, label in enumerate(term.labels) if axis not in repeated)
    made = node.make("Squeeze", term.tensor, node.integers("repeated", *repeated))
    node.say_shape(made, [extents[label] for label in kept])
    return _Term(made, kept, term.constant)


def _product(
    terms: Sequence[_Term], pair: tuple[int, int], result: Labels
) -> tuple[_Term, _Term, Labels]:
    """Two of the terms, and the labels of their product: those that are needed elsewhere."""
    left, right = (terms[index] for index in pair)
    others = {label for i, term in enumerate(terms) if i not in pair for label in term.labels}
    needed = others | {*result}
    both = tuple(label for label in left.labels if label in right.labels and label in needed)
    rows = tuple(label for label in left.labels if label in needed and label not in both)
    columns = tuple(label for label in right.labels if label in needed and label not in both)
    return left, right, (*both, *rows, *columns)


def _cost(left: _Term, right: _Term, kept: Labels, extents: dict[str, int]) -> tuple[int, int]:
    """Multiplications, and elements of the product; constants that do not grow cost nothing."""

    def elements(labels: Sequence[str]) -> int:
        return prod(extents[label] for label in labels)

    size = elements(kept)
    if left.constant and right.constant and size <= elements(left.labels) + elements(right.labels):
        return 0, size
    return elements(tuple({*left.labels, *right.labels})), size


def _equation(left: _Term, right: _Term, result: Labels) -> str:
    """With a letter for every label, also for those of an ellipsis."""
    letters = dict(zip(dict.fromkeys((*left.labels, *right.labels)), ascii_letters, strict=False))
    first, second, third = (
        "".join(letters[label] for label in labels)
        for labels in (left.labels, right.labels, result)
    )
    return f"{first},{second}->{third}"


def _emit_alone(node: Expansion, term: _Term, result: Labels) -> None:
    """The sum over axes that the result does not have, with the others in its order."""
    tensor, labels = term.tensor, term.labels
    summed = [axis for axis, label in enumerate(labels) if label not in result]
    kept = tuple(label for label in labels if label in result)
    if summed:
        output = node.output() if kept == result else ""
        axes = node.integers("summed", *summed)
        tensor = node.make("ReduceSum", tensor, axes, output=output, keepdims=0)
    if kept != result:
        order = [kept.index(label) for label in result]
        node.make("Transpose", tensor, output=node.output(), perm=order)
    elif not summed:
        node.make("Identity", tensor, output=node.output())
