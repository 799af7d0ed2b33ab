"""All operators, one file per family. Importing this package fills the registry."""

from compiler.operators import matmul, quantize, rms_normalization, rotary_embedding
from compiler.operators.registry import OPERATORS, OperatorSupport

__all__ = ["OPERATORS", "OperatorSupport", "matmul", "quantize", "rms_normalization", "rotary_embedding"]
