"""Test support: random networks of layers that passes rewrite, and graphs before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st
from onnx import helper

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import ModelBuilder
from compiler.report.graph_dump import outline_of

BATCH, CHANNELS = 2, 4
SHAPE = (BATCH, CHANNELS, 3, 6)
UNARY = ("Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Tanh", "Neg", "Abs", "Identity")
BINARY = ("Add", "Sub", "Mul", "Max")
SCALE, ZERO_POINT = 0.03, 5


@dataclass(frozen=True)
class Layer:
    """What to add to a network: its kind, how many values back it reads, and a free choice."""

    kind: str
    back: int
    choice: int


@dataclass
class Network:
    """A model being made; `values` are tensors to read, with their shapes."""

    seed: int
    model: ModelBuilder = field(default_factory=ModelBuilder)
    values: list[tuple[str, tuple[int, ...]]] = field(
        default_factory=list[tuple[str, tuple[int, ...]]]
    )

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.values.append((self.model.input("x", SHAPE), SHAPE))
        quantised = self.model.quantised(self.model.input("q", SHAPE), SCALE, ZERO_POINT)
        self.values.append((quantised, SHAPE))

    def floats(self, *shape: int) -> str:
        return self.model.constant(self.random.normal(0.0, 0.5, shape).astype(np.float32))

    def add(self, layer: Layer) -> None:
        """Adds a layer; one that does not fit its operand's shape becomes a Relu."""
        x, shape = self.values[-min(layer.back, len(self.values))]
        made = LAYERS[layer.kind](self, x, shape, layer.choice)
        self.values.append(made or (self.model.node("Relu", [x]), shape))

    def graph(self, outputs: int) -> Graph:
        """The lowered network; its outputs are the last values, and no pass has run."""
        names = dict.fromkeys(name for name, _ in self.values[-outputs:])
        results = [self.model.node("Identity", [name]) for name in names]
        return lower(import_model(self.model.build(results)), "run")


Made = tuple[str, tuple[int, ...]] | None


def _unary(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    return network.model.node(UNARY[choice % len(UNARY)], [x]), shape


def _clip(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    bounds = [(0.0, 6.0), (-1.0, 1.0), (0.25, 0.5)][choice % 3]
    limits = [network.model.constant(np.float32(bound)) for bound in bounds]
    return network.model.node("Clip", [x, *limits]), shape


def _binary(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    others = [name for name, other in network.values if other == shape]
    operator = BINARY[choice % len(BINARY)]
    return network.model.node(operator, [x, others[choice % len(others)]]), shape


def _with_constant(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    ones = (1,) * len(shape)
    shapes = [(), ones, shape[-1:], (*shape[1:2], *ones[2:])]
    constant = network.floats(*shapes[choice // 4 % 4])
    operands = [x, constant] if choice % 2 else [constant, x]
    return network.model.node(BINARY[choice % 3], operands), shape


def _folded_constant(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    stored = network.random.integers(-127, 128, shape[::-1]).astype(np.int8)
    constant = network.model.quantised_constant(stored, np.array(0.01))
    constant = network.model.node("Transpose", [constant])
    if choice % 2:
        constant = network.model.node("Sigmoid", [constant])
    return network.model.node("Add", [x, constant]), shape


def _quantised(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    scale, zero_point = [(SCALE, ZERO_POINT), (SCALE, ZERO_POINT), (0.1, -128)][choice % 3]
    return network.model.quantised(x, scale, zero_point), shape


def _conv(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    if len(shape) != 4 or shape[1] > 12:
        return None
    size = (CHANNELS, shape[1], 3, 3)
    if choice % 2:
        weights = network.floats(*size)
    else:
        stored = network.random.integers(-127, 128, size).astype(np.int8)
        weights = network.model.quantised_constant(stored, np.full(CHANNELS, 0.003))
    operands = [x, weights, network.floats(CHANNELS)][: 2 + choice // 2 % 2]
    shape = (shape[0], CHANNELS, *shape[2:])
    return network.model.node("Conv", operands, pads=[1] * 4), shape


def _normalise(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    if len(shape) < 2:
        return None
    channels = shape[1]
    variance = network.model.constant(network.random.uniform(0.2, 2.0, channels).astype(np.float32))
    parameters = [network.floats(channels) for _ in range(3)]
    return network.model.node("BatchNormalization", [x, *parameters, variance]), shape


def _matmul(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    size = (shape[-1], 6)
    if choice % 2:
        weights = network.floats(*size)
    else:
        stored = network.random.integers(-127, 128, size).astype(np.int8)
        weights = network.model.quantised_constant(stored, np.array(0.005))
    return network.model.node("MatMul", [x, weights]), (*shape[:-1], 6)


def _transpose(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    orders = [(0, 2, 3, 1), (0, 3, 1, 2), (1, 0, 3, 2), (3, 2, 1, 0)]
    order = [axis for axis in orders[choice % 4] if axis < len(shape)]
    result = network.model.node("Transpose", [x], perm=order)
    return result, tuple(shape[axis] for axis in order)


def _reshape(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    elements = int(np.prod(shape))
    shapes = [SHAPE, (BATCH, CHANNELS, 18), (BATCH, 72), (BATCH, 18, CHANNELS), (12, 12), (1, 144)]
    fitting = [wanted for wanted in shapes if int(np.prod(wanted)) == elements]
    if not fitting:
        return None
    wanted = fitting[choice % len(fitting)]
    return network.model.node("Reshape", [x, network.model.constant(np.array(wanted))]), wanted


def _unsqueeze(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    axes = network.model.constant(np.array([0]))
    if len(shape) < 4 and choice % 2:
        return network.model.node("Unsqueeze", [x, axes]), (1, *shape)
    first, rest = shape[:1], shape[1:]
    if first == (1,) and rest:
        return network.model.node("Squeeze", [x, axes]), rest
    return network.model.node("Flatten", [x]), (*first, int(np.prod(rest)))


def _slice(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    start, end = choice % 3 % shape[-1], shape[-1] - choice // 12 % shape[-1]
    start = min(start, end - 1)
    bounds = [network.model.constant(np.array([bound])) for bound in (start, end, -1)]
    return network.model.node("Slice", [x, *bounds]), (*shape[:-1], end - start)


def _pad(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    amount = choice % 2
    pads = network.model.constant(np.array([0] * (2 * len(shape) - 1) + [amount]))
    return network.model.node("Pad", [x, pads]), (*shape[:-1], shape[-1] + amount)


def _concatenate(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    count = 1 + choice % 2
    if shape[-1] * count > 24:
        return None
    result = network.model.node("Concat", [x] * count, axis=len(shape) - 1)
    return result, (*shape[:-1], shape[-1] * count)


def _pool(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    if len(shape) != 4:
        return None
    operator = ("MaxPool", "AveragePool")[choice % 2]
    return network.model.node(operator, [x], kernel_shape=[3, 3], pads=[1] * 4), shape


def _softmax(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    return network.model.node("Softmax", [x], axis=-1), shape


def _again(network: Network, x: str, shape: tuple[int, ...], choice: int) -> Made:
    """The operand once more, computed by another node."""
    for node in network.model.nodes:
        if node.output[0] == x and node.op_type != "DequantizeLinear":
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            return network.model.node(node.op_type, list(node.input), **attributes), shape
    return None


LAYERS: dict[str, Callable[[Network, str, tuple[int, ...], int], Made]] = {
    "unary": _unary,
    "clip": _clip,
    "binary": _binary,
    "with constant": _with_constant,
    "folded constant": _folded_constant,
    "quantised": _quantised,
    "conv": _conv,
    "normalise": _normalise,
    "matmul": _matmul,
    "transpose": _transpose,
    "reshape": _reshape,
    "unsqueeze": _unsqueeze,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "pool": _pool,
    "softmax": _softmax,
    "again": _again,
}


def networks(*kinds: str) -> st.SearchStrategy[Network]:
    """Random networks; every second layer is of one of `kinds`, the others of any kind."""
    kind = st.one_of(st.sampled_from(kinds), st.sampled_from(sorted(LAYERS)))
    layers = st.lists(
        st.builds(Layer, kind, st.integers(1, 3), st.integers(0, 23)), min_size=2, max_size=10
    )
    return st.builds(_build, st.integers(0, 2**16), layers)


def _build(seed: int, layers: Sequence[Layer]) -> Network:
    network = Network(seed)
    for layer in layers:
        network.add(layer)
    return network


def inputs_of(graph: Graph) -> dict[str, Array]:
    """Values for all inputs, with zeros of both signs and some that saturate."""
    random = np.random.default_rng(11)
    result: dict[str, Array] = {}
    for name in graph.inputs:
        data = random.normal(0.0, 2.0, graph.values[name].type.shape).astype(np.float32)
        data.reshape(-1)[:3] = np.array([-0.0, 100.0, 0.0])[: data.size]
        result[name] = data
    return result


def assert_same_bits(run: Callable[[Graph], None], graph: Graph) -> None:
    """Runs a pass on a graph; asserts that the interpreter's results stay, to the last bit."""
    inputs = inputs_of(graph)
    before, outline = interpret(graph, inputs), outline_of(graph)
    run(graph)
    after = interpret(graph, inputs)
    assert before.keys() == after.keys()
    for name, expected in before.items():
        assert after[name].dtype == expected.dtype and after[name].shape == expected.shape, name
        if after[name].tobytes() != expected.tobytes():
            raise AssertionError(f"{name!r} changed:\n{outline}\nbecame\n{outline_of(graph)}")
