"""Operators on quantised tensors (onnxruntime's QOperator format) as DequantizeLinear, the operator
for real numbers, and QuantizeLinear.

That is what they mean, and the form of which lowerings make integer arithmetic: what an operator
computes does not depend on how a file spells it.
"""

from compiler.frontend.qoperator import (
    bytes_operators as _bytes_operators,
)
from compiler.frontend.qoperator import (
    dynamic as _dynamic,
)
from compiler.frontend.qoperator import (
    elementwise as _elementwise,
)
from compiler.frontend.qoperator import (
    integer_products as _integer_products,
)
from compiler.frontend.qoperator import (
    linear_nodes as _linear_nodes,
)
from compiler.frontend.qoperator import (
    pooling as _pooling,
)
from compiler.frontend.qoperator import (
    products as _products,
)

__all__: list[str] = []

_RULES = (
    _bytes_operators,
    _dynamic,
    _elementwise,
    _integer_products,
    _linear_nodes,
    _pooling,
    _products,
)
"""Importing them registers their rules."""
