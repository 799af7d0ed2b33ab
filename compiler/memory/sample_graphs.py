"""Graphs for the tests of memory planning: random ones, and the shapes of well-known networks."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from hypothesis import strategies as st

from compiler.ir import DataType, Graph, Node, Operation, State, TensorType, Value
from compiler.memory.sample_operations import Elementwise, Mix, Reshape, Update


def int8(*shape: int) -> TensorType:
    return TensorType(DataType.INT8, shape)


class GraphBuilder:
    """Appends nodes named `n0`, `n1`, ... whose first outputs are `v0`, `v1`, ..."""

    def __init__(self, name: str = "sample") -> None:
        self.graph = Graph(name)

    def input(self, name: str, type_: TensorType) -> str:
        self.graph.add_value(Value(name, type_))
        self.graph.inputs.append(name)
        return name

    def constant(self, name: str, type_: TensorType) -> str:
        data = np.arange(type_.elements).reshape(type_.shape).astype(type_.data_type.numpy)
        return self.graph.add_constant(name, data).name

    def node(self, operation: Operation, *inputs: str | None, outputs: int = 1) -> str:
        index = len(self.graph.nodes)
        names = tuple(f"v{index}" if i == 0 else f"v{index}.{i}" for i in range(outputs))
        self.graph.append(Node(f"n{index}", operation, inputs, names))
        return names[0]

    def mix(self, *inputs: str | None, to: TensorType, scratch: int = 0) -> str:
        return self.node(Mix((to,), scratch), *inputs)

    def elementwise(self, *inputs: str, over: tuple[int, ...] = (0,)) -> str:
        return self.node(Elementwise(self.graph.values[inputs[0]].type, over), *inputs)

    def update(self, cache: str, *others: str) -> str:
        return self.node(Update(), cache, *others)

    def view(self, source: str, *shape: int) -> str:
        elements = (self.graph.values[source].type.elements,)
        return self.node(Reshape(shape or elements), source)

    def finish(self, *outputs: str, states: Sequence[tuple[str, str]] = ()) -> Graph:
        self.graph.states = [State(*pair) for pair in states]
        self.graph.outputs = [*outputs, *(pair[1] for pair in states)]
        return self.graph


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 12) -> Graph:
    """Random graphs with every kind of sharing, in every combination."""
    builder = GraphBuilder()
    graph = builder.graph
    widths = st.sampled_from([DataType.INT8, DataType.INT16, DataType.INT32])

    def new_type() -> TensorType:
        return TensorType(draw(widths), (draw(st.integers(0 if draw(st.booleans()) else 1, 24)),))

    for index in range(draw(st.integers(1, 3))):
        builder.input(f"in{index}", new_type())
    for index in range(draw(st.integers(0, 2))):
        builder.constant(f"constant{index}", new_type())
    states = draw(st.integers(0, 3))
    common = new_type()
    for index in range(states):
        builder.input(f"state{index}", common if draw(st.booleans()) else new_type())
    for index in range(draw(st.integers(1, max_nodes))):
        # Mostly recent values, so that most of them die soon.
        known = list(graph.values)
        choice = st.sampled_from(known[-6:] if draw(st.booleans()) else known)
        x = draw(choice)
        type_ = graph.values[x].type
        kind = draw(st.sampled_from(["mix", "mix", "elementwise", "elementwise", "view", "update"]))
        others: list[str | None] = draw(st.lists(st.one_of(choice, choice, st.none()), max_size=2))
        if kind == "view":
            elements = prod(type_.shape)
            builder.view(x, 1, elements)
        elif kind == "update":
            builder.node(Update(), x, *others)
        elif kind == "elementwise":
            result = type_ if draw(st.booleans()) else new_type()
            over = tuple(sorted(draw(st.sets(st.integers(0, len(others)), max_size=3))))
            builder.node(Elementwise(result, over), x, *others)
        else:
            results = tuple(new_type() for _ in range(draw(st.integers(1, 2))))
            scratch = draw(st.sampled_from([0, 0, 1, 16]))
            builder.node(Mix(results, scratch), x, *others, outputs=len(results))
        assert len(graph.nodes) == index + 1
    pairs: list[tuple[str, str]] = []
    for index in range(states):
        name = f"state{index}"
        size = graph.values[name].type
        fitting = [v.name for v in graph.values.values() if v.type.bytes == size.bytes]
        pairs.append(
            (name, draw(st.sampled_from(fitting[-4:] if draw(st.booleans()) else fitting)))
        )
    taken = {pair[1] for pair in pairs}
    rest = [name for name in graph.values if name not in taken]
    outputs = draw(st.lists(st.sampled_from(rest), min_size=0, max_size=3)) if rest else []
    return builder.finish(*outputs, states=pairs)


def transformer_step(layers: int = 12, width: int = 288, sequence: int = 256) -> Graph:
    """One token through a decoder with SwiGLU and a KV cache."""
    builder = GraphBuilder("transformer")
    hidden = width * 8 // 3
    caches: list[tuple[str, str]] = []
    token = builder.input("token", TensorType(DataType.INT64, (1,)))
    for layer in range(layers):
        for cache in ("key", "value"):
            builder.input(f"past_{cache}.{layer}", int8(sequence, width))
    table = builder.constant("embedding", int8(512, width))
    x = builder.mix(token, table, to=int8(1, width))
    for layer in range(layers):
        normal = builder.mix(x, to=int8(1, width))
        query, key, value = (
            builder.mix(normal, builder.constant(f"w{i}.{layer}", int8(8)), to=int8(1, width))
            for i in range(3)
        )
        query, key = builder.elementwise(query, token), builder.elementwise(key, token)
        keys = builder.update(f"past_key.{layer}", key)
        values = builder.update(f"past_value.{layer}", value)
        caches += [(f"past_key.{layer}", keys), (f"past_value.{layer}", values)]
        attended = builder.mix(
            builder.view(query, 8, width // 8),
            keys,
            values,
            to=int8(8, width // 8),
            scratch=sequence * 2 + width * 4,
        )
        attended = builder.view(attended, 1, width)
        x = builder.elementwise(x, builder.mix(attended, to=int8(1, width)), over=(0, 1))
        normal = builder.mix(x, to=int8(1, width))
        gate = builder.elementwise(builder.mix(normal, to=int8(1, hidden)))
        up = builder.mix(normal, to=int8(1, hidden))
        product = builder.elementwise(gate, up, over=(0, 1))
        x = builder.elementwise(x, builder.mix(product, to=int8(1, width)), over=(0, 1))
    logits = builder.mix(x, to=TensorType(DataType.FLOAT32, (1, 512)))
    return builder.finish(logits, states=caches)


def mobilenet(resolution: int = 96) -> Graph:
    """Inverted bottlenecks as in MobileNetV2, int8, with im2col rows as scratch memory."""
    builder = GraphBuilder("mobilenet")
    x = builder.input("image", int8(resolution, resolution, 3))
    size, channels = resolution // 2, 16
    x = builder.mix(x, to=int8(size, size, channels), scratch=27 * 4)
    for expansion, wanted, repeats, stride in [
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            wide = builder.mix(x, to=int8(size, size, channels * expansion))
            size = -(-size // step)
            deep = builder.mix(
                wide, to=int8(size, size, channels * expansion), scratch=9 * channels * expansion
            )
            y = builder.mix(deep, to=int8(size, size, wanted))
            x = builder.elementwise(y, x, over=(0, 1)) if repeat else y
            channels = wanted
    pooled = builder.view(builder.mix(x, to=int8(1, 1, 1280)), 1280)
    return builder.finish(builder.mix(pooled, to=int8(1000)))


def resnet(resolution: int = 32, blocks: int = 3) -> Graph:
    """Residual blocks as in ResNet-20 for CIFAR, with projection shortcuts."""
    builder = GraphBuilder("resnet")
    x = builder.mix(builder.input("image", int8(resolution, resolution, 3)), to=int8(32, 32, 16))
    size, channels = resolution, 16
    for stage in range(3):
        for block in range(blocks):
            shortcut = x
            if stage and not block:
                size, channels = size // 2, channels * 2
                shortcut = builder.mix(x, to=int8(size, size, channels))
            shape = int8(size, size, channels)
            first = builder.mix(x, to=shape, scratch=2 * 9 * channels)
            second = builder.mix(first, to=shape, scratch=2 * 9 * channels)
            x = builder.elementwise(second, shortcut, over=(0, 1))
    return builder.finish(builder.mix(builder.mix(x, to=int8(channels)), to=int8(10)))


def inception(modules: int = 6, size: int = 14) -> Graph:
    """Four parallel branches of different depth, concatenated, as in GoogLeNet."""
    builder = GraphBuilder("inception")
    x = builder.input("image", int8(size * 4, size * 4, 3))
    x = builder.mix(x, to=int8(size, size, 192))
    for module in range(modules):
        width = 32 + 16 * module
        one = builder.mix(x, to=int8(size, size, 2 * width))
        two = builder.mix(x, to=int8(size, size, 3 * width))
        two = builder.mix(two, to=int8(size, size, 4 * width), scratch=27 * width)
        three = builder.mix(x, to=int8(size, size, width // 2))
        three = builder.mix(three, to=int8(size, size, width), scratch=25 * width // 2)
        four = builder.mix(x, to=TensorType(DataType.INT8, (size, size, 5 * width + module)))
        four = builder.mix(four, to=int8(size, size, width))
        x = builder.mix(one, two, three, four, to=int8(size, size, 8 * width))
    return builder.finish(builder.mix(x, to=int8(100)))
