"""Products with what comes before or behind them: transpositions, factors, activations."""

from __future__ import annotations

from typing import Any

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.frontend.qoperator.products import CONV
from compiler.operators.registry import CONTRIB_DOMAIN

GEMM = ("alpha", "beta", "transA", "transB")
"""Attributes of Gemm."""

ACTIVATIONS: dict[str, tuple[tuple[str, float], ...]] = {
    "Clip": (("min", 0.0), ("max", 0.0)),
    "HardSigmoid": (("alpha", 0.2), ("beta", 0.5)),
    "LeakyRelu": (("alpha", 0.01),),
    "Relu": (),
    "Sigmoid": (),
    "Tanh": (),
}
"""What onnxruntime fuses, with parameters and their defaults in order."""


@expansion(
    "FusedMatMul",
    "TransposeMatMul",
    domain=CONTRIB_DOMAIN,
    description="MatMul with a factor, of operands whose last two axes, or all others and one of "
    "them, are transposed",
    attributes=("alpha", "transA", "transB", "transBatchA", "transBatchB"),
)
def expand_matmul(node: Expansion) -> None:
    operands = [
        _transposed(
            node,
            node.required(index, letter),
            bool(node.attribute(f"trans{letter}", 0)),
            bool(node.attribute(f"transBatch{letter}", 0)),
        )
        for index, letter in enumerate("AB")
    ]
    alpha = node.attribute("alpha", 1.0)
    if alpha == 1.0:
        node.make("MatMul", *operands, output=node.output())
        return
    product = node.make("MatMul", *operands)
    node.make("Mul", product, node.real("alpha", alpha), output=node.output())


def _transposed(node: Expansion, tensor: str, last: bool, batch: bool) -> str:
    """`batch`: axis 0 moves behind the other batch axes first."""
    rank = len(node.shape(tensor))
    order = list(range(rank))
    if batch and rank > 2:
        order = [*order[1:-1], order[0], order[-1]]
    if last and rank > 1:
        order[-2:] = order[:-3:-1]
    return tensor if order == sorted(order) else node.make("Transpose", tensor, perm=order)


@expansion(
    "FusedGemm",
    domain=CONTRIB_DOMAIN,
    description=f"Gemm and one of {', '.join(ACTIVATIONS)}",
    attributes=(
        *GEMM,
        *("activation", "activation_alpha", "activation_beta", "activation_gamma"),
    ),
)
def expand_gemm(node: Expansion) -> None:
    operands = [name for name in (node.operand(i) for i in range(3)) if name]
    names = ("activation_alpha", "activation_beta", "activation_gamma")
    given = [float(a.f) for name in names for a in node.node.attribute if a.name == name]
    product = node.make("Gemm", *operands, **node.copied(*GEMM))
    _activate(node, product, given)


@expansion(
    "FusedConv",
    domain=CONTRIB_DOMAIN,
    description=f"Conv, with or without another tensor added, and one of {', '.join(ACTIVATIONS)}",
    attributes=(*CONV, "activation", "activation_params"),
)
def expand_conv(node: Expansion) -> None:
    operands = [node.required(0, "X"), node.required(1, "W")]
    operands += [node.operand(2)] if node.has(2) else []
    y = node.make("Conv", *operands, **node.copied(*CONV))
    if node.has(3):
        y = node.make("Add", y, node.operand(3))
    _activate(node, y, node.attribute("activation_params", list[float]()))


def _activate(node: Expansion, x: str, given: list[float]) -> None:
    """The node's result: its activation of x."""
    operator = node.attribute("activation", "")
    if not operator:
        node.make("Identity", x, output=node.output())
        return
    if operator not in ACTIVATIONS:
        raise UnsupportedForm(f"its activation is {operator}", ", ".join(ACTIVATIONS))
    parameters = ACTIVATIONS[operator]
    values: dict[str, Any] = {
        name: given[index] if index < len(given) else default
        for index, (name, default) in enumerate(parameters)
    }
    if operator == "Clip":
        if len(given) != len(parameters):
            raise UnsupportedForm(
                f"its Clip has {len(given)} parameters", "the least and the largest value"
            )
        bounds = [node.real(name, value) for name, value in values.items()]
        node.make("Clip", x, *bounds, output=node.output())
    else:
        node.make(operator, x, output=node.output(), **values)
