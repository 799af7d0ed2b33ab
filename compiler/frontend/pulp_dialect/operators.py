"""Names of the integer dialect of the PULP tools: what its operators are called and where."""

from __future__ import annotations

import re

from compiler.frontend.pulp_dialect.merged import MERGED
from compiler.operators.registry import PULP_DOMAIN

DOMAINS = frozenset({"", "ai.onnx", "PACTOps", "ai.onnx.contrib", "com.microsoft", PULP_DOMAIN})
"""Domains in which files have the dialect's operators; their names alone say what they are."""

SHAPED_LIKE_INPUT = {
    **dict.fromkeys(("Dequant", "ITAMax", "ITAPartialMax", "Quant", "TrueIntegerDiv"), 1),
    **dict.fromkeys(("iGELU", "iHardswish", "iSoftmax"), 1),
    "iRMSNorm": 2,
    **dict.fromkeys(("RequantShift", "iLayerNorm", "iNoNorm"), 3),
}
"""Operators whose result has the shape of their first operand, and how many operands they have."""

OPERANDS = {**SHAPED_LIKE_INPUT, "IntegerDiv": 2, "IntegerMean": 1}
"""How many operands operators have that are not merged from others; they all have one result."""

INTEGER_OPERATORS = frozenset(OPERANDS) | frozenset(MERGED)

ALSO_INTEGERS = {"ConvInteger": "Conv", "MatMulInteger": "MatMul"}
"""ONNX's operators that, without zero points, are what the others are for integers."""

WITHOUT_MEANING = frozenset({"CLCA", "LinearAttention"})
"""Operators that the tools parse for one target, and describe nowhere."""

TRAINING = frozenset(
    {
        *("Adagrad", "Adam", "AdamOptimizer", "AdamW", "Gradient", "InPlaceAccumulator"),
        *("InPlaceAccumulatorV2", "Momentum", "SGD", "SGDOptimizer"),
    }
)
"""Operators of training graphs; the compiler makes firmware for inference."""


def is_training(operator: str) -> bool:
    """Whether an operator belongs to training: optimisers, and gradients of all others."""
    return operator in TRAINING or re.search(r"Grad([A-Z]|$)", operator) is not None
