"""MHSA: attention with several heads, as Deeploy's passes for MemPool merge it.

For each head h, with RQ a RequantShift whose addend comes after the shift:

    q = RQ(query · wq[h] + bq[h]), k and v alike                int8
    p = ITAMax(RQ(q · kᵀ))                                      uint8
    y[:, h] = RQ(RQ(p · v) · wo[h] + bo[h])

Heads are not added up: a ReduceSum of axis 1 does that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.pulp_dialect.parts import BYTE_LEVELS, Parts
from compiler.frontend.pulp_dialect.proto_attributes import integer, integers, required_integer
from compiler.ir import Array

PROJECTIONS = {"wq": 0, "wk": 1, "wv": 2}
"""Which operand is projected; weights and bias are operands 3 + 2 i and 4 + 2 i."""

OTHER_SOFTMAX = ("isoftmaxA", "isoftmaxB", "isoftmaxC", "isoftmaxlog2")


@dataclass(frozen=True)
class _Heads:
    """How many there are, and the elements that each has."""

    count: int
    elements: int


def expand_attention(parts: Parts) -> None:
    """Makes an MHSA's parts. Raises UnsupportedForm for forms that are not described."""
    heads = _Heads(required_integer(parts.node, "heads"), required_integer(parts.node, "dim_head"))
    if heads.count < 1 or heads.elements < 1:
        raise UnsupportedForm(
            f"it has heads = {heads.count} and dim_head = {heads.elements}", "positive numbers"
        )
    given = [name for name in OTHER_SOFTMAX if any(a.name == name for a in parts.node.attribute)]
    if given:
        raise UnsupportedForm(
            f"its attributes {', '.join(map(repr, given))} ask for another softmax than ITAMax",
            "MHSA with ITAMax",
            "write its MatMul, RequantShift and iSoftmax as nodes of their own",
        )
    levels = integer(parts.node, "n_levels", "n_levels_out")
    signed = integer(parts.node, "signed")
    if levels not in (None, BYTE_LEVELS):
        raise UnsupportedForm(f"it has {levels} levels", f"{BYTE_LEVELS} levels")
    query, key, value = (_projection(parts, heads, name) for name in PROJECTIONS)
    turned = parts.emit("Transpose", [key], "key_columns", {"perm": [0, 1, 3, 2]})
    scores = parts.emit("MatMul", [query, turned], "products")
    scores = _requantised(parts, heads, scores, "preattn", "scores")
    weights = parts.emit_dialect("ITAMax", [scores], "weights", n_levels=BYTE_LEVELS)
    mixed = parts.emit("MatMul", [weights, value], "sums")
    mixed = _requantised(parts, heads, mixed, "postattn", "mixed")
    matrix = _of_heads(parts, heads, 9, 3)
    projected = parts.emit("MatMul", [mixed, parts.constant("wo", matrix)], "wo_products")
    bias = _of_heads(parts, heads, 10, 3)
    projected = parts.emit("Add", [projected, parts.constant("wo_bias", bias)], "wo_sums")
    _requantised(parts, heads, projected, "wo", "", signed=signed != 0)


def _of_heads(parts: Parts, heads: _Heads, index: int, rank: int) -> Array:
    """Constant operand `index` as [heads, rows, columns]; the axis of rows may be absent."""
    data = parts.constant_operand(index)
    if data.ndim == rank - 1:
        data = data[:, None]
    if data.ndim != rank or len(data) != heads.count:
        raise UnsupportedForm(
            f"its operand {parts.operand(index)!r} has shape {list(data.shape)}",
            f"[{heads.count}, rows, columns]",
        )
    return data


def _projection(parts: Parts, heads: _Heads, name: str) -> str:
    """Queries, keys or values int8 [batch, heads, rows, elements], of all heads in one product."""
    position = PROJECTIONS[name]
    columns: list[str] = []
    for role, index in (("matrix", 3 + 2 * position), ("bias", 4 + 2 * position)):
        data = _of_heads(parts, heads, index, 3)
        if data.shape[2] != heads.elements:
            raise UnsupportedForm(
                f"its operand {parts.operand(index)!r} has shape {list(data.shape)}",
                f"[{heads.count}, rows, {heads.elements}]",
            )
        joined = data.transpose(1, 0, 2).reshape(data.shape[1], -1)
        columns.append(parts.constant(f"{name}_{role}", joined))
    product = parts.emit("MatMul", [parts.operand(position), columns[0]], f"{name}_products")
    biased = parts.emit("Add", [product, columns[1]], f"{name}_sums")
    stored = _requantised(parts, heads, biased, name, f"{name}_stored", each=heads.elements)
    shape = parts.shape(f"{name}_shape", [0, 0, heads.count, heads.elements])
    split = parts.emit("Reshape", [stored, shape], f"{name}_split")
    return parts.emit("Transpose", [split], f"{name}_heads", {"perm": [0, 2, 1, 3]})


def _requantised(
    parts: Parts,
    heads: _Heads,
    x: str,
    prefix: str,
    role: str,
    *,
    each: int = 0,
    signed: bool = True,
) -> str:
    """RequantShift with numbers for each head, which is axis 1 of x.

    Args:
        each: if not 0, heads are instead in the last axis, of so many elements each.
    """
    mul, divisor, add = (
        _numbers(parts, heads, f"{prefix}_requant_{name}") for name in ("mul", "div", "add")
    )
    largest = max(divisor)
    if any(d < 1 or d & (d - 1) for d in divisor):
        raise UnsupportedForm(f"its attribute '{prefix}_requant_div' is {divisor}", "powers of two")
    # One divisor for all: factors and addends grow by as much, and so does the half for rounding.
    factors = [m * (largest // d) for m, d in zip(mul, divisor, strict=True)]
    addends = [
        (a * d + (d >> 1)) * (largest // d) - (largest >> 1)
        for a, d in zip(add, divisor, strict=True)
    ]
    constants: list[str] = []
    for name, data in (("mul", factors), ("add", addends)):
        array = np.array(data, np.int64)
        if len(set(data)) == 1:
            array = array[:1].reshape(1, 1, 1)
        elif each:
            array = np.repeat(array, each).reshape(1, 1, -1)
        else:
            array = array.reshape(1, -1, 1, 1)
        constants.append(parts.constant(f"{prefix}_requant_{name}", array))
    return parts.emit_dialect(
        "RequantShift",
        [x, *constants],
        role,
        div=largest,
        n_levels=BYTE_LEVELS,
        signed=int(signed),
    )


def _numbers(parts: Parts, heads: _Heads, name: str) -> list[int]:
    """An attribute with one number for each head, or one for all; absent addends are 0."""
    found = integers(parts.node, name)
    if found is None and name.endswith("_add"):
        found = [0]
    if found is None:
        raise UnsupportedForm(f"it has no {name!r}", f"nodes with integers {name!r}")
    if len(found) not in (1, heads.count):
        raise UnsupportedForm(
            f"its attribute {name!r} has {len(found)} numbers", f"{heads.count}, one for each head"
        )
    return found * heads.count if len(found) == 1 else found
