"""All operators, one file per family. Importing this package fills the registry."""

from compiler.operators import (
    activation,
    binary,
    conv,
    gemm,
    matmul,
    movement,
    pooling,
    quantize,
    view,
)
from compiler.operators.registry import OPERATORS, OperatorSupport

__all__ = [
    "OPERATORS",
    "OperatorSupport",
    "activation",
    "binary",
    "conv",
    "gemm",
    "matmul",
    "movement",
    "pooling",
    "quantize",
    "view",
]
