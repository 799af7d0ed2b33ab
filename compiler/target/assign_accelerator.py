"""Gives layers to the accelerator N-EUREKA where that is exact, and faster than the cores.

The accelerator pads below and to the right with 0 only. Where padding has to read as another value,
the input is stored as uint8, if 0 is then right (as after every quantised Relu), or is padded by
the cores. 3x3 convolutions with strides compute every pixel, and cores pick those that count; or
cores copy the windows of a convolution side by side, and it is a matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compiler.ir import Array, DataType, Graph, Node, Operation, TensorType, Value
from compiler.operators.accelerated_conv import AcceleratedInt8
from compiler.operators.conv import ConvInt8
from compiler.operators.movement import Pad, Slice
from compiler.operators.quantize import Recode
from compiler.operators.table import Table
from compiler.operators.windows import Windows
from compiler.target import pack_weights
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.neureka_form import (
    ZERO_OF_UINT8,
    Layer,
    accelerated,
    can_be,
    layer_of,
    reason_against,
    steps_of,
    windowed,
)
from compiler.target.neureka_weights import BLOCK_BYTES
from compiler.target.soc import Accelerator, Cluster

SIGN = 0x80
"""The bit in which uint8 and the int8 of the same real value differ."""


def run(graphs: Sequence[Graph], cluster: Cluster, accelerator: Accelerator) -> None:
    """Replaces operations; `Node.reason` of the other layers says why they stay on the cores.

    Entry points share weight memory: those of equal weights have them once. What does not fit it
    any more stays with the other constants and visits L1.
    """
    memory = _WeightMemory(accelerator.weight_memory_bytes)
    for graph in graphs:
        _assign(graph, cluster, memory)


@dataclass
class _WeightMemory:
    """What is left of it, and what is there."""

    free: int
    contents: set[bytes] = field(default_factory=set[bytes])

    def holds(self, weights: Array) -> bool:
        """Whether weights are there, or were put there because they fit."""
        data = weights.tobytes()
        size = -(-len(data) // BLOCK_BYTES) * BLOCK_BYTES
        if data not in self.contents:
            if size > self.free:
                return False
            self.free -= size
            self.contents.add(data)
        return True


def _assign(graph: Graph, cluster: Cluster, memory: _WeightMemory) -> None:
    layers: dict[str, Layer] = {}
    for node in graph.nodes:
        layer = layer_of(graph, node)
        if layer is None:
            continue
        chosen = _choose(graph, node, layer, cluster)
        if isinstance(chosen, Layer):
            layers[node.name] = chosen
        else:
            node.reason = chosen
    _share(graph, layers, cluster)
    if layers:
        _Rewriter(graph, layers, memory).run()
        pack_weights.drop_unread_constants(graph)


def _share(graph: Graph, layers: dict[str, Layer], cluster: Cluster) -> None:
    """Leaves some of the layers that read the same vector to the cores, which compute meanwhile.

    Layers that read one input do not depend on each other. Those that the cores take for the
    shortest time of both engines stay there. Their weights come from L2: only vectors, whose
    weights are read once, are shared.
    """
    groups: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.name in layers and layers[node.name].x.elements == layers[node.name].x.shape[-1]:
            assert node.inputs[0] is not None
            groups.setdefault(node.inputs[0], []).append(node)
    for group in groups.values():
        costs = [
            (
                sum(_cycles(*step, cluster) for step in _steps(graph, node, layers[node.name])),
                _cycles_on_cores(graph, node, layers[node.name], cluster),
            )
            for node in group
        ]

        def time(chosen: int, costs: list[tuple[int, int]] = costs) -> int:
            """Cycles if the layers whose bits are set in `chosen` are computed by the cores."""
            accelerator = sum(c for i, (c, _) in enumerate(costs) if not chosen >> i & 1)
            return max(accelerator, sum(c for i, (_, c) in enumerate(costs) if chosen >> i & 1))

        best = min(range(1 << min(len(group), 8)), key=time)
        for index, node in enumerate(group):
            if best >> index & 1:
                node.reason = "the cores compute it while the accelerator computes others"
                del layers[node.name]


def _choose(graph: Graph, node: Node, layer: Layer, cluster: Cluster) -> Layer | str:
    """The fastest form of a layer for the accelerator, or why there is none."""
    reason = reason_against(layer)
    forms = [layer] if reason is None else []
    product = windowed(layer)
    if product is not None and reason_against(product) is None:
        forms.append(product)
    cycles: dict[int, int] = {}
    for index, form in enumerate(forms):
        steps = _steps(graph, node, form)
        if _fits(steps, cluster):
            cycles[index] = sum(_cycles(step, types, cluster) for step, types in steps)
    if not cycles:
        return reason or "what it needs does not fit L1"
    best = min(cycles, key=lambda index: cycles[index])
    cores = _cycles_on_cores(graph, node, layer, cluster)
    if cycles[best] >= cores:
        return f"it takes {cores:,} cycles on the cores, {cycles[best]:,} on the accelerator"
    return forms[best]


def _fits(steps: Sequence[tuple[Operation, list[TensorType]]], cluster: Cluster) -> bool:
    """Whether L1 has room, by a rule of thumb, for what cannot be cut, and for windows."""
    for step, types in steps:
        needed = sum(type_.bytes for type_ in (*types, *step.infer(types)))
        uncut = not step.tile_axes(types) or isinstance(step, Windows)
        if uncut and needed > cluster.l1_bytes // 2:
            return False
    return True


def _cycles_on_cores(graph: Graph, node: Node, layer: Layer, cluster: Cluster) -> int:
    packed = pack_weights.packed(graph, node, cluster.cores)
    if packed is not None:
        return _cycles(packed[0], [layer.x, TensorType.of(packed[1])], cluster)
    types = [type_ for type_ in graph.input_types(node) if type_ is not None]
    return _cycles(node.operation, types, cluster)


def _needs_unsigned(layer: Layer) -> bool:
    """Whether padding reads as 0 if the input is uint8, and nothing leaves 32 bits then."""
    return (
        layer.pads_after
        and layer.zero_point == ZERO_OF_UINT8
        and can_be(layer, unsigned_input=True, unsigned_output=False)
    )


def _needs_pad(layer: Layer) -> bool:
    """Whether the cores have to pad an input that is int8."""
    return layer.pads_after and layer.zero_point != 0


def _padded(layer: Layer) -> tuple[Pad, Layer]:
    """What pads the input below and to the right, and the layer without this padding."""
    assert isinstance(layer.operation, ConvInt8)
    window = layer.operation.window
    spatial = tuple(max(0, end) for end in window.ends)[4 - len(layer.x.shape) :]
    after = (0, *spatial, 0)
    pad = Pad((0,) * len(after), after, layer.zero_point & 0xFF)
    ends = min(0, window.ends[0]), min(0, window.ends[1])
    conv = replace(layer.operation, window=replace(window, ends=ends))
    return pad, replace(layer, operation=conv, x=pad.infer([layer.x])[0])


def _steps(graph: Graph, node: Node, layer: Layer) -> list[tuple[Operation, list[TensorType]]]:
    """What runs for a layer on the accelerator: an operation and its operands each."""
    result: list[tuple[Operation, list[TensorType]]] = []
    if layer.windows is not None:
        x = graph.input_types(node)[0]
        assert x is not None
        result.append((layer.windows, [x]))
    unsigned = _needs_unsigned(layer)
    if not unsigned and _needs_pad(layer):
        pad, padded = _padded(layer)
        result.append((pad, [layer.x]))
        layer = padded
    x = TensorType(DataType.UINT8, layer.x.shape) if unsigned else layer.x
    operation, constants = accelerated(layer, unsigned_input=unsigned, unsigned_output=False)
    types: list[TensorType] = [x, *map(TensorType.of, constants)]
    result.append((operation, types))
    (output,) = operation.infer(types)
    wanted = graph.values[node.outputs[0]].type
    if output.shape != wanted.shape:
        result.append((_picked(output, wanted), [output]))
    if layer.clip is not None:
        result.append((Table(), [wanted, TensorType.of(_clipping(layer.clip))]))
    return result


def _cycles(operation: Operation, types: list[TensorType], cluster: Cluster) -> int:
    """Cycles of an operation; of those for copying constants half are taken not to be hidden."""
    outputs = operation.infer(types)
    kernel = operation.kernel(types, outputs)
    assert kernel is not None
    # All operands but the first are constants. Weights for the accelerator are not copied.
    copied = types[2 if isinstance(operation, AcceleratedInt8) else 1 :]
    copies = sum(type_.bytes for type_ in copied) // cluster.dma.bytes_per_cycle
    return max(kernel_cycles(kernel, outputs, cluster.cores), copies) + copies // 2


def _clipping(bounds: tuple[int, int]) -> Array:
    """A table that limits int8 values."""
    return np.clip(np.arange(-128, 128), *bounds).astype(np.int8)


def _picked(dense: TensorType, wanted: TensorType) -> Slice:
    """Every so manieth pixel of an output."""
    rank = len(dense.shape)
    steps = tuple(
        1 if w == 1 else (d - 1) // (w - 1) for d, w in zip(dense.shape, wanted.shape, strict=True)
    )
    return Slice((0,) * rank, steps, wanted.shape)


@dataclass
class _Rewriter:
    """Rebuilds a graph's list of nodes with layers on the accelerator.

    A value that the accelerator is to read as uint8 has a twin of this type beside it. Which of the
    two is computed and which made of the other by Recode depends on who makes it; the one that
    nobody reads is left out.
    """

    graph: Graph
    layers: dict[str, Layer]
    memory: _WeightMemory

    def __post_init__(self) -> None:
        self._nodes: list[Node] = []
        self._producers = self.graph.producers()
        self._consumers = self.graph.consumers()
        self._twins: dict[str, str] = {}
        self._needed = {
            node.inputs[0]
            for node in self.graph.nodes
            if node.name in self.layers and _needs_unsigned(self.layers[node.name])
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
        unsigned_input = x in self._twins and (_needs_unsigned(layer) or self._is_made_unsigned(x))
        unsigned_input &= can_be(layer, unsigned_input=True, unsigned_output=False)
        unsigned_output = (
            output in self._needed
            and layer.clip is None
            and can_be(layer, unsigned_input=unsigned_input, unsigned_output=True)
        )
        if unsigned_input:
            x = self._twins[x]
        elif _needs_pad(layer):
            x, layer = self._pad(node, layer)
        if layer.windows is not None:
            x = self._windows(node, x, layer.windows, unsigned=unsigned_input)
        operation, constants = accelerated(
            layer, unsigned_input=unsigned_input, unsigned_output=unsigned_output
        )
        operation = replace(operation, weight_memory=self.memory.holds(constants[0]))
        result = self._add_twin(output) if unsigned_output else output
        unclipped = result if layer.clip is None else self._add(f"{output}/unclipped", output)
        self._emit(node, operation, x, constants, unclipped, steps_of(layer))
        if layer.clip is not None:
            table = self.graph.add_constant(f"{node.name}/clip", _clipping(layer.clip)).name
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
        self._nodes.append(Node(node.name, operation, inputs, (made,), node.origin))
        if steps != (1, 1):
            pick = _picked(self._type(made), self._type(result))
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
        pad, padded = _padded(layer)
        name = self._add(f"{node.name}/padded", x, padded.x)
        self._nodes.append(Node(name, pad, (x,), (name,), node.origin))
        return name, padded

    def _windows(self, node: Node, x: str, windows: Windows, *, unsigned: bool) -> str:
        if unsigned:
            windows = replace(windows, fill=windows.fill ^ SIGN)
        (type_,) = windows.infer([self._type(x)])
        name = self._add(f"{node.name}/windows", x, type_)
        self._nodes.append(Node(name, windows, (x,), (name,), node.origin))
        return name
