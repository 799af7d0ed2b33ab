"""In which forms the tensors of a model exist in the lowered graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compiler.ir import Array, DataType, Graph, Node, Quantization, TensorType
from compiler.lowering.operand import Operand, QuantizedConstant
from compiler.operators.quantize import Dequantize, Recode


@dataclass(frozen=True)
class Binding:
    """How a tensor of the model exists in the lowered graph: as int8, as itself, or both."""

    stored: str | None = None
    quantization: Quantization | None = None
    plain: str | None = None
    weights: QuantizedConstant | None = None


class Bindings:
    """By names of the model's tensors; forms that are missing are emitted when they are asked for.

    Args:
        graph: the graph that is made.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._of: dict[str, Binding] = {}

    def get(self, tensor: str) -> Binding:
        """The forms that a tensor has so far."""
        return self._of.get(tensor, Binding())

    def bind(self, tensor: str, binding: Binding) -> None:
        """Says in which forms a tensor exists; forgets others."""
        self._of[tensor] = binding

    def stored(self, operand: Operand) -> str:
        """The int8 value of a quantised operand."""
        binding = self.get(operand.name)
        if binding.stored is None:
            assert binding.weights is not None
            value = self._graph.add_constant(operand.name, binding.weights.stored)
            binding = replace(binding, stored=value.name)
            self._of[operand.name] = binding
        assert binding.stored is not None
        return binding.stored

    def plain(self, operand: Operand) -> str:
        """The value of an operand in the model's own type; dequantises or recodes if needed."""
        binding = self.get(operand.name)
        if binding.plain is None:
            if operand.constant is not None:
                value = self._graph.add_constant(operand.name, narrow(operand.constant))
            elif operand.type.data_type is DataType.INT8:
                assert binding.stored is not None
                value = self._graph.values[binding.stored]
            elif operand.type.data_type is DataType.UINT8:
                assert binding.stored is not None
                name = self._graph.unique_name(operand.name)
                (value,) = self._graph.append(
                    Node(f"{name}/recode", Recode(DataType.UINT8), (binding.stored,), (name,))
                )
            else:
                assert binding.quantization is not None and binding.stored is not None
                name = self._graph.unique_name(operand.name)
                (value,) = self._graph.append(
                    Node(
                        f"{operand.name}/dequantise",
                        Dequantize(binding.quantization.scale, binding.quantization.zero_point),
                        (binding.stored,),
                        (name,),
                    )
                )
            binding = replace(binding, plain=value.name)
            self._of[operand.name] = binding
        assert binding.plain is not None
        return binding.plain

    def bind_weights(self, tensor: str, weights: QuantizedConstant) -> None:
        """Says that model tensor `tensor` is a dequantised constant."""
        quantization = None
        if weights.scale.size == 1 and weights.stored.dtype == np.int8:
            quantization = Quantization(float(weights.scale.item()), int(weights.zero_point.item()))
        self._of[tensor] = Binding(quantization=quantization, weights=weights)

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives values other names, everywhere and at once; all names must differ afterwards."""
        graph = self._graph

        def renamed(name: str) -> str:
            return names.get(name, name)

        graph.values = {renamed(name): value for name, value in graph.values.items()}
        for name in names.values():
            graph.values[name].name = name
        for node in graph.nodes:
            node.inputs = tuple(None if name is None else renamed(name) for name in node.inputs)
            node.outputs = tuple(renamed(name) for name in node.outputs)
        graph.outputs[:] = [renamed(name) for name in graph.outputs]
        for tensor, binding in self._of.items():
            self._of[tensor] = replace(
                binding,
                stored=binding.stored and renamed(binding.stored),
                plain=binding.plain and renamed(binding.plain),
            )


def narrow(data: Array) -> Array:
    """int64 and float64 constants in the types that kernels have; shapes and indices fit int32."""
    if data.dtype == np.int64:
        return np.clip(data, -(2**31), 2**31 - 1).astype(np.int32)
    if data.dtype == np.float64:
        return data.astype(np.float32)
    return data


def narrowed(type_: TensorType) -> TensorType:
    """The type in which a tensor of the model exists in the lowered graph: int64 becomes int32."""
    if type_.data_type is DataType.INT64:
        return TensorType(DataType.INT32, type_.shape)
    return type_
