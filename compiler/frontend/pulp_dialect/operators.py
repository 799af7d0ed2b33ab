"""Names of the integer dialect of the PULP tools: what its operators are called and where."""

from __future__ import annotations

import re

from compiler.operators.registry import PULP_DOMAIN

DOMAINS = frozenset({"", "ai.onnx", "PACTOps", "ai.onnx.contrib", "com.microsoft", PULP_DOMAIN})
"""Domains in which files have the dialect's operators; their names alone say what they are."""

SHAPED_LIKE_INPUT = frozenset(
    {
        *("RequantShift", "iSoftmax", "ITAMax", "ITAPartialMax", "iLayerNorm", "iRMSNorm"),
        *("iGELU", "iHardswish", "iNoNorm", "TrueIntegerDiv", "Quant", "Dequant"),
        *("RequantizediGELU", "RequantizediHardswish"),
    }
)
"""Their result has the shape of their first operand."""

REQUANTISED = {
    "RequantizedConv": "Conv",
    "RequantizedGemm": "Gemm",
    "RQGemm": "Gemm",
    "RQMatMul": "MatMul",
}
"""A product and the RequantShift of it in one node, and the product's operator."""

OTHERS = frozenset({"IntegerDiv", "IntegerMean"})

INTEGER_OPERATORS = SHAPED_LIKE_INPUT | OTHERS | frozenset(REQUANTISED)

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
