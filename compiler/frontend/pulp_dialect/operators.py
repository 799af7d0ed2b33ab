"""Names of the integer dialect of the PULP tools: what its operators are called and where."""

from __future__ import annotations

import re

from compiler.frontend.pulp_dialect.merged import MERGED
from compiler.operators.registry import PULP_DOMAIN

DOMAINS = frozenset({"", "ai.onnx", "PACTOps", "ai.onnx.contrib", "com.microsoft", PULP_DOMAIN})
"""Domains in which files have the dialect's operators; their names alone say what they are."""

SHAPED_LIKE_INPUT = frozenset(
    {
        *("RequantShift", "iSoftmax", "ITAMax", "ITAPartialMax", "iLayerNorm", "iRMSNorm"),
        *("iGELU", "iHardswish", "iNoNorm", "TrueIntegerDiv", "Quant", "Dequant"),
    }
)
"""Their result has the shape of their first operand."""

OTHERS = frozenset({"IntegerDiv", "IntegerMean"})

INTEGER_OPERATORS = SHAPED_LIKE_INPUT | OTHERS | frozenset(MERGED)

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
