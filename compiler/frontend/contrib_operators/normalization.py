"""Normalisations, and the sums of residual connections before them."""

from __future__ import annotations

from compiler.errors import UnsupportedForm
from compiler.frontend.expansion import Expansion, expansion
from compiler.operators.registry import CONTRIB_DOMAIN

LAYER_NORMALIZATION = 17
RMS_NORMALIZATION = 23
"""The operator sets that have them."""

DEFAULT_EPSILON = {"SimplifiedLayerNormalization": 1e-5}
SKIP_EPSILON = 1e-12

SUM = 3
"""Output of the operators with a residual connection that is the sum."""


@expansion(
    "SimplifiedLayerNormalization",
    domain=CONTRIB_DOMAIN,
    description="RMSNormalization",
    opset=RMS_NORMALIZATION,
    attributes=("axis", "epsilon", "stash_type"),
)
def expand_simplified(node: Expansion) -> None:
    node.refuse_outputs(["inv_std_var"])
    x, scale = node.required(0, "X"), node.required(1, "scale")
    node.make("RMSNormalization", x, scale, output=node.output(), **node.copied("axis", "epsilon"))


@expansion(
    "SkipLayerNormalization",
    domain=CONTRIB_DOMAIN,
    description="LayerNormalization of a sum of two tensors and a bias; the sum may be a result",
    opset=LAYER_NORMALIZATION,
    attributes=("epsilon",),
)
def expand_skip(node: Expansion) -> None:
    total = _sum(node, bias=4)
    scale = node.required(2, "gamma")
    operands = [total, scale, *([node.operand(3)] if node.has(3) else [])]
    node.make(
        "LayerNormalization",
        *operands,
        output=node.output(),
        axis=-1,
        epsilon=node.attribute("epsilon", SKIP_EPSILON),
    )


@expansion(
    "SkipSimplifiedLayerNormalization",
    domain=CONTRIB_DOMAIN,
    description="RMSNormalization of a sum of two tensors and a bias; the sum may be a result",
    opset=RMS_NORMALIZATION,
    attributes=("epsilon",),
)
def expand_skip_simplified(node: Expansion) -> None:
    total = _sum(node, bias=3)
    node.make(
        "RMSNormalization",
        total,
        node.required(2, "gamma"),
        output=node.output(),
        axis=-1,
        epsilon=node.attribute("epsilon", SKIP_EPSILON),
    )


def _sum(node: Expansion, bias: int) -> str:
    """Operands 0 and 1, and operand `bias` if it is there: output `SUM`, if that is wanted."""
    for index, name in ((1, "mean"), (2, "inv_std_var")):
        if node.output(index):
            raise UnsupportedForm(f"its output {name} is used", "the normalised tensor and the sum")
    operands = [node.required(0, "input"), node.required(1, "skip")]
    operands += [node.operand(bias)] if node.has(bias) else []
    total = operands[0]
    for index, other in enumerate(operands[1:], 1):
        last = index == len(operands) - 1
        total = node.make("Add", total, other, output=node.output(SUM) if last else "")
    return total
