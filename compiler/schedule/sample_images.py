"""Random small networks on images, for tests: every operation that can be cut, in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from compiler.codegen.sample_networks import NetworkBuilder, WriteRow
from compiler.ir import DataType, Graph, TensorType
from compiler.operators.binary import AddInt8
from compiler.operators.conv import ConvInt8
from compiler.operators.copy import Copy
from compiler.operators.movement import Transpose
from compiler.operators.part import Joined, Part
from compiler.operators.pooling import MaxPool
from compiler.operators.softmax import SoftmaxInt8
from compiler.operators.view import View
from compiler.operators.window import Window, split_shape

KINDS = (
    *("conv", "depthwise", "pointwise", "pool", "add", "softmax"),
    *("table", "transpose", "view", "output", "halves"),
)


@dataclass(frozen=True)
class Action:
    """One node: what it computes, of which of the last values, and numbers that shape it."""

    kind: str
    back: int
    numbers: tuple[int, int, int]


ACTIONS = st.lists(
    st.builds(
        Action,
        st.sampled_from(KINDS),
        st.integers(1, 4),
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=7,
)
SHAPES = st.tuples(st.integers(1, 2), st.integers(1, 11), st.integers(1, 11), st.integers(1, 9))


def image_network(shape: tuple[int, ...], actions: list[Action], *, state: bool) -> Graph:
    """int8 [batch, rows, columns, channels] through `actions`; with a state, through that too."""
    builder = NetworkBuilder("")
    values = [builder.input("image", TensorType(DataType.INT8, shape))]
    for index, action in enumerate(actions):
        x = values[-min(action.back, len(values))]
        values.append(_apply(builder, f"{action.kind}{index}", action, x, values))
    if state:
        size = builder.graph.values[values[-1]].type.elements
        row = builder.node("row", View((1, size)), values[-1:])
        memory = builder.input("memory", TensorType(DataType.INT8, (3, size)))
        updated = builder.node("write", WriteRow(), [memory, row])
        builder.output(updated)
        builder.state(memory, updated)
        values.append(builder.node("seen", View((3 * size,)), [updated]))
    builder.output(builder.node("last", Copy(), values[-1:], "result"))
    return builder.graph


def _apply(builder: NetworkBuilder, name: str, action: Action, x: str, values: list[str]) -> str:
    type_ = builder.graph.values[x].type
    if action.kind == "table":
        return builder.table(name, x)
    if action.kind == "transpose":
        return builder.node(name, Transpose((0, 2, 1, 3)), [x])
    if action.kind == "view":
        # There and back: two views of one memory.
        flat = builder.node(f"{name}/flat", View((type_.elements,)), [x])
        return builder.node(name, View(type_.shape), [flat])
    if action.kind == "halves" and max(type_.shape) > 1:
        return _halves(builder, name, x)
    if action.kind in ("output", "halves"):
        result = builder.node(name, Copy(), [x])
        builder.output(result)
        return result
    if action.kind == "softmax":
        table = builder.constant(
            f"{name}/exponentials", lambda r: r.integers(1, 1 << 20, 256).astype(np.uint32)
        )
        operation = SoftmaxInt8(action.numbers[2] % 4, (1 << 30) + 12345, 32, -128)
        return builder.node(name, operation, [x, table])
    if action.kind == "add":
        same = [v for v in values if builder.graph.values[v].type.shape == type_.shape]
        other = same[action.numbers[0] % len(same)]
        full = (0,) if other == x else (0, 1)
        return builder.node(name, AddInt8(full, 91, 57, 1 << 6, 7, -128, 127), [x, other])
    if action.kind == "pointwise":
        return builder.matmul(name, x, 1 + action.numbers[2])
    return _window_node(builder, name, action, x)


def _halves(builder: NetworkBuilder, name: str, x: str) -> str:
    """Two nodes for parts of one output; the first reads what the second does, too."""
    type_ = builder.graph.values[x].type
    axis = next(axis for axis, extent in enumerate(type_.shape) if extent > 1)
    cut = type_.shape[axis] // 2
    size = type_.elements // type_.shape[axis]

    def shape(count: int) -> tuple[int, ...]:
        return (*type_.shape[:axis], count, *type_.shape[axis + 1 :])

    rest = type_.shape[axis] - cut
    first = builder.table(f"{name}/a", builder.node(f"{name}/x", Part(0, shape(cut)), [x]))
    second = builder.table(
        f"{name}/b", builder.node(f"{name}/y", Part(cut * size, shape(rest)), [x])
    )
    return builder.node(name, Joined(type_.shape), [first, second])


def _window_node(builder: NetworkBuilder, name: str, action: Action, x: str) -> str:
    type_ = builder.graph.values[x].type
    _, extents, channels = split_shape(type_.shape)
    size, stride, extra = action.numbers
    kernel = (min(size, extents[0]), min(1 + extra % 3, extents[1]))
    begins = (extra % kernel[0], 0)
    strides = (min(stride, 2), 1 + extra % 2)
    outputs = [-(-extents[a] // strides[a]) for a in (0, 1)]
    ends = [(outputs[a] - 1) * strides[a] + kernel[a] - extents[a] - begins[a] for a in (0, 1)]
    window = Window(kernel, strides, (1, 1), begins, (ends[0], ends[1]))
    if action.kind == "pool":
        return builder.node(name, MaxPool(window), [x])
    depthwise = action.kind == "depthwise"
    count = channels if depthwise else 1 + extra
    each = 1 if depthwise else channels
    weights = builder.constant(
        f"{name}/weights",
        lambda r: r.integers(-127, 128, (count, *kernel, each)).astype(np.int8),
    )
    scale = builder.constant(
        f"{name}/scale", lambda r: r.integers(20, 100, count).astype(np.uint32)
    )
    bias = builder.constant(
        f"{name}/bias", lambda r: r.integers(-9999, 9999, count).astype(np.int32)
    )
    groups = channels if depthwise else 1
    operation = ConvInt8(window, groups, 3, 17, -128, 127, False, 5)
    return builder.node(name, operation, [x, weights, scale, bias])
