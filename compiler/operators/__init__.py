"""All operators, one file per family. Importing this package fills the registry."""

from compiler.operators import matmul, movement, quantize, view
from compiler.operators.registry import OPERATORS, OperatorSupport

__all__ = ["OPERATORS", "OperatorSupport", "matmul", "movement", "quantize", "view"]
