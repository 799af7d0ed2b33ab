"""The compiler's intermediate representation."""

from compiler.ir.data_type import Array, DataType, TensorType
from compiler.ir.graph import Graph, ModelTensor, Node, Quantization, State, Value, present
from compiler.ir.operation import Kernel, Operation, ParameterValue, Reach
from compiler.ir.tile import Box, Runs, Tile, broadcast_box, tile_types

__all__ = [
    "Array",
    "Box",
    "DataType",
    "Graph",
    "Kernel",
    "ModelTensor",
    "Node",
    "Operation",
    "ParameterValue",
    "Quantization",
    "Reach",
    "Runs",
    "State",
    "TensorType",
    "Tile",
    "Value",
    "broadcast_box",
    "present",
    "tile_types",
]
