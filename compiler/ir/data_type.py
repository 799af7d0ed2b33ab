"""Element types of tensors, and how NumPy and C call them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class DataType(enum.Enum):
    """An element type; the value is the name used in dumps, reports and messages."""

    BOOL = "bool"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    FLOAT32 = "float32"

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype("bool" if self is DataType.BOOL else self.value)

    @property
    def c_name(self) -> str:
        """The C99 type of one element; a bool is stored as one byte holding 0 or 1."""
        if self is DataType.FLOAT32:
            return "float"
        return "uint8_t" if self is DataType.BOOL else f"{self.value}_t"

    @property
    def bytes(self) -> int:
        return self.numpy.itemsize

    @property
    def is_float(self) -> bool:
        return self is DataType.FLOAT32

    @staticmethod
    def of(array: Array) -> DataType:
        """The type of an array's elements. Raises ValueError for types the IR does not have."""
        return DataType(array.dtype.name)


@dataclass(frozen=True, slots=True)
class TensorType:
    """Shape and element type of a tensor. Shapes are static; () is a scalar."""

    data_type: DataType
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * self.data_type.bytes

    @staticmethod
    def of(array: Array) -> TensorType:
        return TensorType(DataType.of(array), tuple(int(extent) for extent in array.shape))

    def __str__(self) -> str:
        return f"{self.data_type.value}[{', '.join(map(str, self.shape))}]"
