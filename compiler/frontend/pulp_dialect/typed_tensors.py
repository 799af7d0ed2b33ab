"""Tensors of a model of the dialect while their types are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compiler.frontend.model import OnnxModel, OnnxNode, OnnxTensor
from compiler.ir import Array, DataType, TensorType

BYTES = (DataType.INT8, DataType.UINT8)
NUMBERS = (*BYTES, DataType.INT16, DataType.UINT16, DataType.INT32)
"""Types that a tensor of integers can have here."""


def smallest_type(data: Array) -> DataType | None:
    """The smallest type that holds all values, int8 before uint8; None if there is none."""
    if data.size == 0:
        return DataType.INT8
    real = data.astype(np.float64)
    if not np.all(np.isfinite(real)) or not np.array_equal(real, np.rint(real)):
        return None
    low, high = float(real.min()), float(real.max())
    for type_ in NUMBERS:
        limits = np.iinfo(type_.numpy)
        if limits.min <= low and high <= limits.max:
            return type_
    return None


def fits(data: Array, type_: DataType) -> bool:
    """Whether all numbers are integers of a type."""
    limits = np.iinfo(type_.numpy)
    real = data.astype(np.float64)
    return bool(np.all((real == np.rint(real)) & (real >= limits.min) & (real <= limits.max)))


class TypedTensors:
    """The model as it was imported, and the tensors and nodes of the one that is made of it."""

    def __init__(self, model: OnnxModel) -> None:
        self.model = model
        self.tensors = dict(model.tensors)
        self.nodes: list[OnnxNode] = []

    def data(self, node: OnnxNode) -> list[str]:
        """The operands that were float32 in the imported model: numbers, no shapes or indices."""
        types = self.model.tensors
        return [
            name
            for name in node.inputs
            if name is not None
            and (name not in types or types[name].type.data_type is DataType.FLOAT32)
        ]

    def varying(self, names: Sequence[str]) -> Iterator[str]:
        yield from (name for name in names if self.tensors[name].constant is None)

    def holds_integers(self, names: Sequence[str]) -> bool:
        """Whether operands are integers, if some are computed."""
        varying = list(self.varying(names))
        if not varying or any(self.tensors[n].type.data_type not in NUMBERS for n in varying):
            return False
        constants = [self.tensors[name].constant for name in names]
        return all(data is None or smallest_type(data) is not None for data in constants)

    def common(self, types: Sequence[DataType]) -> DataType:
        found = set(types)
        return types[0] if len(found) == 1 else DataType.INT32

    def type(self, node: OnnxNode, index: int) -> DataType:
        return self.tensors[node.inputs[index] or ""].type.data_type

    def set(self, name: str, type_: DataType) -> None:
        tensor = self.tensors[name]
        self.tensors[name] = replace(tensor, type=TensorType(type_, tensor.type.shape))

    def constant(self, name: str, data: Array) -> str:
        self.tensors[name] = OnnxTensor(name, TensorType.of(data), data)
        return name

    def converted(self, node: OnnxNode, names: Sequence[str], type_: DataType) -> OnnxNode:
        """The node with Casts before the operands `names` that have another type."""
        other: dict[str, str] = {}
        for name in dict.fromkeys(names):
            tensor = self.tensors[name]
            if tensor.type.data_type is type_:
                continue
            made = f"{name}/{node.name}/{type_.value}"
            if tensor.constant is not None:
                other[name] = self.constant(made, tensor.constant.astype(type_.numpy))
                continue
            self.tensors[made] = OnnxTensor(made, TensorType(type_, tensor.type.shape))
            self.nodes.append(OnnxNode("Cast", made, (name,), (made,), {}, node.opset))
            other[name] = made
        inputs = tuple(None if name is None else other.get(name, name) for name in node.inputs)
        return replace(node, inputs=inputs)
