"""The lowered graph: values, nodes in execution order, and persistent state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from compiler.ir.data_type import Array, TensorType
from compiler.ir.operation import Operation


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation of an 8-bit tensor: real = scale * (stored - zero_point).

    Per tensor only: per-channel weights are folded into requantisation during lowering.
    """

    scale: float
    zero_point: int


@dataclass(frozen=True)
class ModelTensor:
    """The tensor of the user's model that a value is, where the value's name does not say it.

    `permutation` is the order of the tensor's axes in the value, as in Transpose; None: the same.
    """

    name: str
    permutation: tuple[int, ...] | None = None


@dataclass
class Value:
    """A tensor by its name in the user's model (or a name derived from it).

    `constant` holds the data of weights, tables and folded tensors, laid out as the kernels read
    them. `quantization` says what stored integers mean, `tensor` what the value is in the model;
    both are for the interface, people and reports: kernels never look at them.
    """

    name: str
    type: TensorType
    constant: Array | None = None
    quantization: Quantization | None = None
    tensor: ModelTensor | None = None


@dataclass
class Node:
    """One operation applied to values; `name` and `origin` are names from the user's model."""

    name: str
    operation: Operation
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    origin: tuple[str, ...] = ()
    """Names of all ONNX nodes that this node does the work of, in the model's order."""
    reason: str = ""
    """Why it runs where it does, for people."""


@dataclass(frozen=True)
class State:
    """Memory that lives across runs: graph input `input` is what `output` was in the last run."""

    input: str
    output: str


@dataclass
class Graph:
    """One entry point of a network. `nodes` are in execution order; names are unique."""

    name: str
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    nodes: list[Node] = field(default_factory=list[Node])
    inputs: list[str] = field(default_factory=list[str])
    outputs: list[str] = field(default_factory=list[str])
    states: list[State] = field(default_factory=list[State])

    def add_value(self, value: Value) -> Value:
        if value.name in self.values:
            raise ValueError(f"value {value.name!r} exists already")
        self.values[value.name] = value
        return value

    def add_constant(self, name: str, data: Array) -> Value:
        """Adds a constant under `name`, made unique with a suffix if that is taken."""
        return self.add_value(Value(self.unique_name(name), TensorType.of(data), constant=data))

    def unique_name(self, name: str) -> str:
        if name not in self.values:
            return name
        index = 1
        while f"{name}.{index}" in self.values:
            index += 1
        return f"{name}.{index}"

    def append(self, node: Node) -> tuple[Value, ...]:
        """Appends a node and adds its output values with inferred types."""
        types = node.operation.infer(self.input_types(node))
        if len(types) != len(node.outputs):
            raise ValueError(f"node {node.name!r} has {len(types)} results")
        self.nodes.append(node)
        return tuple(
            self.add_value(Value(name, type_))
            for name, type_ in zip(node.outputs, types, strict=True)
        )

    def input_types(self, node: Node) -> list[TensorType | None]:
        return [None if name is None else self.values[name].type for name in node.inputs]

    def output_types(self, node: Node) -> list[TensorType]:
        return [self.values[name].type for name in node.outputs]

    def producers(self) -> dict[str, Node]:
        return {name: node for node in self.nodes for name in node.outputs}

    def consumers(self) -> dict[str, list[Node]]:
        result: dict[str, list[Node]] = {name: [] for name in self.values}
        for node in self.nodes:
            for name in dict.fromkeys(present(node.inputs)):
                result[name].append(node)
        return result

    def constants(self) -> Iterator[Value]:
        return (value for value in self.values.values() if value.constant is not None)


def present(names: Iterable[str | None]) -> Iterator[str]:
    """The names of a node's operands without the absent optional ones."""
    return (name for name in names if name is not None)
