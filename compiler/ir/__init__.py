"""The compiler's intermediate representation."""

from compiler.ir.data_type import Array, DataType, TensorType
from compiler.ir.graph import Graph, ModelTensor, Node, Quantization, State, Value, present
from compiler.ir.operation import Kernel, Operation, ParameterValue

__all__ = [
    "Array",
    "DataType",
    "Graph",
    "Kernel",
    "ModelTensor",
    "Node",
    "Operation",
    "ParameterValue",
    "Quantization",
    "State",
    "TensorType",
    "Value",
    "present",
]
