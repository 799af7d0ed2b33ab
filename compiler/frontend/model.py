"""The imported model: ONNX's own operators, with static types and folded constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, cast

from compiler.ir import Array, TensorType

AttributeValue = int | float | str | bytes | Array | list[int] | list[float] | list[str]
AttributeType = TypeVar("AttributeType", int, float, str, list[int], list[float])


@dataclass
class OnnxTensor:
    """A tensor of the model by its own name; `constant` is set for initialisers and folded ones."""

    name: str
    type: TensorType
    constant: Array | None = None


@dataclass
class OnnxNode:
    """A node as in the file. Unnamed nodes get a name from their operator and first output.

    `absorbed` are the names of nodes whose work it does besides its own, after a rewrite.
    """

    operator: str
    name: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str | None, ...]
    attributes: dict[str, AttributeValue]
    opset: int
    domain: str = ""
    absorbed: tuple[str, ...] = ()
    has_graphs: bool = False
    """Whether it has attributes that are graphs, which `attributes` leaves out."""

    def attribute(self, name: str, default: AttributeType) -> AttributeType:
        """Attribute `name`, or `default` if absent; the ONNX checker guarantees its type."""
        value = self.attributes.get(name, default)
        if isinstance(value, bytes):
            value = value.decode()
        return cast(AttributeType, value)

    def has_input(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None

    def output(self, index: int = 0) -> str:
        name = self.outputs[index]
        if name is None:
            raise ValueError(f"output {index} of {self.name!r} is absent")
        return name


@dataclass
class OnnxModel:
    """A model whose nodes are in topological order and whose tensors all have static types."""

    name: str
    nodes: list[OnnxNode] = field(default_factory=list[OnnxNode])
    tensors: dict[str, OnnxTensor] = field(default_factory=dict[str, OnnxTensor])
    inputs: list[str] = field(default_factory=list[str])
    outputs: list[str] = field(default_factory=list[str])

    def consumers(self) -> dict[str, list[OnnxNode]]:
        """Nodes that read each tensor; a node that reads it twice is listed once."""
        result: dict[str, list[OnnxNode]] = {name: [] for name in self.tensors}
        for node in self.nodes:
            for name in dict.fromkeys(name for name in node.inputs if name is not None):
                result[name].append(node)
        return result

    def producers(self) -> dict[str, OnnxNode]:
        return {name: node for node in self.nodes for name in node.outputs if name is not None}
