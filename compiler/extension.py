"""What operator modules of other repositories import, and all that they may rely on.

docs/adding_an_operator.md shows how; the names' own documentation says what they mean. A name stays
and keeps its meaning from one release to the next, or the release notes say what to change.
"""

from compiler.errors import UnsupportedForm
from compiler.frontend.model import OnnxNode
from compiler.ir import Array, Box, DataType, Kernel, Operation, Quantization, TensorType, Tile
from compiler.ir.operation import ParameterValue
from compiler.lowering.context import LoweringContext
from compiler.lowering.operand import Operand, Result
from compiler.operators.registry import lowering
from compiler.target.cluster_cycles import Parameters, estimate

__all__ = [
    "Array",
    "Box",
    "DataType",
    "Kernel",
    "LoweringContext",
    "OnnxNode",
    "Operand",
    "Operation",
    "ParameterValue",
    "Parameters",
    "Quantization",
    "Result",
    "TensorType",
    "Tile",
    "UnsupportedForm",
    "estimate",
    "lowering",
]
