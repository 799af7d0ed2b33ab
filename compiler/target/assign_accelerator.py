"""Gives layers to the accelerator N-EUREKA where that is exact, and faster than the cores.

The accelerator pads below and to the right with 0 only. Where padding has to read as another value,
the input is stored as uint8, if 0 is then right (as after every quantised Relu), or is padded by
the cores. 3x3 convolutions with strides compute every pixel, and cores pick those that count; or
cores copy the windows of a convolution side by side, and it is a matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compiler.ir import Array, DataType, Graph, Node, Operation, TensorType, Value
from compiler.operators.quantize import Recode
from compiler.operators.table import Table
from compiler.operators.windows import Windows
from compiler.target import pack_weights
from compiler.target.accelerator_steps import (
    clipping,
    needs_pad,
    needs_unsigned,
    padded,
    picked,
)
from compiler.target.engine_choice import choose_engines
from compiler.target.neureka_form import Layer, accelerated, can_be, layer_of, steps_of
from compiler.target.soc import Accelerator, Cluster
from compiler.target.split_layers import split
from compiler.target.weight_memory import WeightMemory

SIGN = 0x80
"""The bit in which uint8 and the int8 of the same real value differ."""


def run(graphs: Sequence[Graph], cluster: Cluster, accelerator: Accelerator) -> None:
    """Replaces operations; `Node.reason` of the other layers says why they stay on the cores.

    Entry points share weight memory: those of equal weights have them once. What does not fit it
    any more stays with the other constants and visits L1.
    """
    memory = WeightMemory(accelerator.weight_memory_bytes)
    for graph in graphs:
        _assign(graph, cluster, memory)


def _assign(graph: Graph, cluster: Cluster, memory: WeightMemory) -> None:
    assignment = choose_engines(graph, cluster, memory)
    graph.nodes, graph.values = assignment.graph.nodes, assignment.graph.values
    layers: dict[str, Layer] = {}
    visiting: set[str] = set()
    for node in list(graph.nodes):
        choice = assignment.choices.get(node.name)
        if choice is None:
            continue
        node.reason = choice.reason
        if choice.cut is not None:
            node, _ = split(graph, node, choice.cut, _unique_node_name(graph, f"{node.name}/cores"))
            layer = layer_of(graph, node)
            assert layer is not None
            layers[node.name] = layer
        elif choice.layer is not None:
            layers[node.name] = choice.layer
        if not choice.weight_memory:
            visiting.add(node.name)
    if layers:
        _Rewriter(graph, layers, memory, visiting).run()
        pack_weights.drop_unread_constants(graph)


def _unique_node_name(graph: Graph, name: str) -> str:
    taken = {node.name for node in graph.nodes}
    while name in taken:
        name += "'"
    return name


@dataclass
class _Rewriter:
    """Rebuilds a graph's list of nodes with layers on the accelerator.

    A value that the accelerator is to read as uint8 has a twin of this type beside it. Which of the
    two is computed and which made of the other by Recode depends on who makes it; the one that
    nobody reads is left out.
    """

    graph: Graph
    layers: dict[str, Layer]
    memory: WeightMemory
    visiting: set[str]
    """Layers whose weights come to L1."""

    def __post_init__(self) -> None:
        self._nodes: list[Node] = []
        self._producers = self.graph.producers()
        self._consumers = self.graph.consumers()
        self._twins: dict[str, str] = {}
        self._needed = {
            node.inputs[0]
            for node in self.graph.nodes
            if node.name in self.layers and needs_unsigned(self.layers[node.name])
        }

    def run(self) -> None:
        for name in self.graph.inputs:
            self._nodes += self._twin_of(name)
        for node in self.graph.nodes:
            layer = self.layers.get(node.name)
            if layer is not None:
                self._layer(node, layer)
                continue
            self._nodes.append(node)
            for name in node.outputs:
                self._nodes += self._twin_of(name)
        self.graph.nodes = self._nodes

    def _twin_of(self, name: str) -> list[Node]:
        """What makes the uint8 twin of a value that is there, if it is needed."""
        if name not in self._needed:
            return []
        twin = self._add_twin(name)
        return [Node(twin, Recode(DataType.UINT8), (name,), (twin,))]

    def _add_twin(self, name: str) -> str:
        twin = TensorType(DataType.UINT8, self._type(name).shape)
        self._twins[name] = self._add(f"{name}/uint8", name, twin)
        value = self.graph.values[self._twins[name]]
        if value.quantization is not None:
            zero_point = value.quantization.zero_point + SIGN
            value.quantization = replace(value.quantization, zero_point=zero_point)
        return value.name

    def _add(self, name: str, like: str, type_: TensorType | None = None) -> str:
        """A further value with the meaning of another one, and its type unless `type_` is given."""
        original = self.graph.values[like]
        value = Value(
            self.graph.unique_name(name),
            original.type if type_ is None else type_,
            quantization=original.quantization,
        )
        return self.graph.add_value(value).name

    def _type(self, name: str) -> TensorType:
        return self.graph.values[name].type

    def _layer(self, node: Node, layer: Layer) -> None:
        x = node.inputs[0]
        assert x is not None
        (output,) = node.outputs
        unsigned_input = x in self._twins and (needs_unsigned(layer) or self._is_made_unsigned(x))
        unsigned_input &= can_be(layer, unsigned_input=True, unsigned_output=False)
        unsigned_output = (
            output in self._needed
            and layer.clip is None
            and can_be(layer, unsigned_input=unsigned_input, unsigned_output=True)
        )
        if unsigned_input:
            x = self._twins[x]
        elif needs_pad(layer):
            x, layer = self._pad(node, layer)
        if layer.windows is not None:
            x = self._windows(node, x, layer.windows, unsigned=unsigned_input)
        operation, constants = accelerated(
            layer, unsigned_input=unsigned_input, unsigned_output=unsigned_output
        )
        in_memory = node.name not in self.visiting and self.memory.holds(constants[0])
        operation = replace(operation, weight_memory=in_memory)
        result = self._add_twin(output) if unsigned_output else output
        unclipped = result if layer.clip is None else self._add(f"{output}/unclipped", output)
        self._emit(node, operation, x, constants, unclipped, steps_of(layer))
        if layer.clip is not None:
            table = self.graph.add_constant(f"{node.name}/clip", clipping(layer.clip)).name
            inputs = (unclipped, table)
            self._nodes.append(Node(f"{node.name}/clip", Table(), inputs, (result,), node.origin))
        if unsigned_output and self._is_read_signed(output):
            self._nodes.append(Node(f"{output}/int8", Recode(DataType.INT8), (result,), (output,)))
        elif unsigned_output:
            del self.graph.values[output]
        else:
            self._nodes += self._twin_of(output)

    def _emit(
        self,
        node: Node,
        operation: Operation,
        x: str,
        constants: tuple[Array, ...],
        result: str,
        steps: tuple[int, int],
    ) -> None:
        """The layer itself, and what picks the pixels that count."""
        names = [
            self.graph.add_constant(f"{node.name}/{what}", data).name
            for what, data in zip(
                ("planes", "accelerator_scale", "accelerator_bias"), constants, strict=True
            )
        ]
        inputs = (x, *names)
        made = result
        if steps != (1, 1):
            (type_,) = operation.infer([self._type(name) for name in inputs])
            made = self._add(f"{result}/every_pixel", result, type_)
        self._nodes.append(Node(node.name, operation, inputs, (made,), node.origin, node.reason))
        if steps != (1, 1):
            pick = picked(self._type(made), self._type(result))
            self._nodes.append(Node(f"{node.name}/pixels", pick, (made,), (result,), node.origin))

    def _is_made_unsigned(self, name: str) -> bool:
        """Whether the accelerator makes a value as uint8, so that reading it so saves a Recode."""
        producer = self._producers.get(name)
        return producer is not None and producer.name in self.layers

    def _is_read_signed(self, name: str) -> bool:
        readers = self._consumers[name]
        kept = {*self.graph.outputs, *(state.output for state in self.graph.states)}
        return name in kept or any(not self._reads_unsigned(reader) for reader in readers)

    def _reads_unsigned(self, node: Node) -> bool:
        layer = self.layers.get(node.name)
        return layer is not None and can_be(layer, unsigned_input=True, unsigned_output=False)

    def _pad(self, node: Node, layer: Layer) -> tuple[str, Layer]:
        """The input with its padding below and to the right, and the layer without."""
        x = node.inputs[0]
        assert x is not None
        pad, unpadded = padded(layer)
        name = self._add(f"{node.name}/padded", x, unpadded.x)
        self._nodes.append(Node(name, pad, (x,), (name,), node.origin))
        return name, unpadded

    def _windows(self, node: Node, x: str, windows: Windows, *, unsigned: bool) -> str:
        if unsigned:
            windows = replace(windows, fill=windows.fill ^ SIGN)
        (type_,) = windows.infer([self._type(x)])
        name = self._add(f"{node.name}/windows", x, type_)
        self._nodes.append(Node(name, windows, (x,), (name,), node.origin))
        return name
