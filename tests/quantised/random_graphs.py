"""Random small float models: branches, residual connections, concatenations.

Every tensor has the shape [1, channels, height, width], so that any operator can follow any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from onnx import helper

from compiler.ir import Array
from compiler.operators.onnxruntime_harness import ModelUnderTest


@dataclass(frozen=True)
class Step:
    """One node or small block: what it computes, and how many tensors back its operands are."""

    kind: str
    first: int
    second: int


@dataclass
class GraphUnderTest(ModelUnderTest):
    """Builds a model step by step; knows the shape of every tensor that steps may read."""

    random: np.random.Generator = field(default_factory=np.random.default_rng)
    tensors: list[tuple[str, tuple[int, ...]]] = field(
        default_factory=list[tuple[str, tuple[int, ...]]]
    )

    def name(self, role: str) -> str:
        return f"{role}{len(self.nodes)}_{len(self.constants)}"

    def weights(self, *shape: int) -> str:
        data = self.random.normal(size=shape) / np.sqrt(max(1, int(np.prod(shape[1:]))))
        return self.constant(self.name("weights"), data.astype(np.float32))

    def numbers(self, *values: int) -> str:
        return self.constant(self.name("numbers"), np.array(values, np.int64))

    def then(self, operator: str, operands: list[str], **attributes: object) -> str:
        return self.node(operator, operands, self.name(operator.lower()), **attributes)

    def back(self, steps: int) -> tuple[str, tuple[int, ...]]:
        return self.tensors[-1 - steps % len(self.tensors)]


Shape = tuple[int, ...]
Apply = Callable[[GraphUnderTest, str, Shape, tuple[str, Shape]], tuple[str, Shape]]
KINDS: dict[str, Apply] = {}


def _kind(apply: Apply) -> Apply:
    KINDS[apply.__name__.strip("_")] = apply
    return apply


def build(steps: list[Step], seed: int) -> ModelUnderTest:
    """The model of a list of steps, with data for its inputs; outputs are what nobody reads."""
    random = np.random.default_rng(seed)
    model = GraphUnderTest(random=random)
    shape = (1, int(random.integers(1, 5)), int(random.integers(3, 8)), int(random.integers(3, 8)))
    for index in range(int(random.integers(1, 3))):
        data = random.normal(0.3, 1.0, shape).astype(np.float32)
        model.tensors.append((model.input(f"x{index}", data), shape))
    for step in steps:
        x, extents = model.back(step.first)
        model.tensors.append(KINDS[step.kind](model, x, extents, model.back(step.second)))
    read = {name for node in model.nodes for name in node.input}
    made = [name for node in model.nodes for name in node.output]
    for name in made:
        if name not in read:
            model.output(name)
    return model


@_kind
def _convolution(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    outputs, size = int(model.random.integers(1, 6)), int(model.random.choice([1, 3]))
    w, b = model.weights(outputs, shape[1], size, size), model.weights(outputs)
    y = model.then("Conv", [x, w, b], pads=[size // 2] * 4)
    return y, (1, outputs, *shape[2:])


@_kind
def _convolution_and_relu(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    y, result = _convolution(model, x, shape, other)
    return model.then("Relu", [y]), result


@_kind
def _normalised_convolution(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    channels = shape[1]
    y = model.then("Conv", [x, model.weights(channels, channels, 1, 1)])
    positive = np.abs(model.random.normal(1.0, 0.2, channels)) + 0.1
    factors = [model.weights(channels) for _ in range(3)]
    variance = model.constant(model.name("variance"), positive.astype(np.float32))
    return model.then("BatchNormalization", [y, *factors, variance]), shape


@_kind
def _depthwise_convolution(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    w = model.weights(shape[1], 1, 3, 3)
    return model.then("Conv", [x, w], group=shape[1], pads=[1, 1, 1, 1]), shape


@_kind
def _product(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    columns = int(model.random.integers(1, 6))
    y = model.then("MatMul", [x, model.weights(shape[3], columns)])
    return model.then("Add", [y, model.weights(columns)]), (*shape[:3], columns)


@_kind
def _residual(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    return _two_operands(model, "Add", x, shape, other)


@_kind
def _gate(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    return _two_operands(model, "Mul", x, shape, other)


@_kind
def _difference(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    return _two_operands(model, "Sub", x, shape, other)


def _two_operands(
    model: GraphUnderTest, operator: str, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    """With the other tensor if they broadcast, else with a constant per channel."""
    try:
        result = tuple(int(extent) for extent in np.broadcast_shapes(shape, other[1]))
    except ValueError:
        return model.then(operator, [x, model.weights(shape[1], 1, 1)]), shape
    return model.then(operator, [x, other[0]]), result


@_kind
def _concatenation(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    if other[1][2:] != shape[2:]:
        other = (x, shape)
    joined = (1, shape[1] + other[1][1], *shape[2:])
    return model.then("Concat", [x, other[0]], axis=1), joined


@_kind
def _squeeze_and_excite(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    mean = model.then("GlobalAveragePool", [x])
    weight = model.then("Conv", [mean, model.weights(shape[1], shape[1], 1, 1)])
    return model.then("Mul", [x, model.then("Sigmoid", [weight])]), shape


@_kind
def _activation(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    operators = ["Relu", "Sigmoid", "Tanh", "HardSwish", "LeakyRelu", "Gelu", "Elu"]
    return model.then(str(model.random.choice(operators)), [x]), shape


@_kind
def _clip(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    bounds = [
        model.constant(model.name("bound"), np.array(bound, np.float32)) for bound in (0.0, 6.0)
    ]
    return model.then("Clip", [x, *bounds]), shape


@_kind
def _pooling(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    if min(shape[2:]) < 2:
        return _activation(model, x, shape, other)
    operator = str(model.random.choice(["AveragePool", "MaxPool"]))
    pooled = (1, shape[1], *(extent // 2 for extent in shape[2:]))
    return model.then(operator, [x], kernel_shape=[2, 2], strides=[2, 2]), pooled


@_kind
def _softmax(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    return model.then("Softmax", [x], axis=int(model.random.choice([-1, 1]))), shape


@_kind
def _layer_normalization(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    if shape[3] == 1:
        return _activation(model, x, shape, other)
    gamma, beta = model.weights(shape[3]), model.weights(shape[3])
    return model.then("LayerNormalization", [x, gamma, beta], axis=-1), shape


@_kind
def _mean(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    return model.then("ReduceMean", [x, model.numbers(-1)], keepdims=1), (*shape[:3], 1)


@_kind
def _transpose(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    order = [0, *(int(axis) + 1 for axis in model.random.permutation(3))]
    return model.then("Transpose", [x], perm=order), tuple(shape[axis] for axis in order)


@_kind
def _reshape(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    result = (1, shape[1] * shape[2], 1, shape[3])
    return model.then("Reshape", [x, model.numbers(*result)]), result


@_kind
def _pad_and_slice(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    y = model.then("Pad", [x, model.numbers(0, 0, 1, 1, 0, 0, 0, 1)])
    operands = [model.numbers(value) for value in (0, shape[2], 2)]
    y = model.then("Slice", [y, *operands])
    return y, (1, shape[1], shape[2], shape[3] + 2)


@_kind
def _split(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    if shape[1] < 2:
        return _activation(model, x, shape, other)
    name = model.name("part")
    sizes = model.numbers(1, shape[1] - 1)
    outputs = [f"{name}_a", f"{name}_b"]
    model.nodes.append(helper.make_node("Split", [x, sizes], outputs, name, axis=1))
    return outputs[1], (1, shape[1] - 1, *shape[2:])


@_kind
def _upsampling(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    if shape[2] * shape[3] > 100:
        return _activation(model, x, shape, other)
    scales = model.constant(model.name("scales"), np.array([1, 1, 2, 2], np.float32))
    attributes = {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    y = model.then("Resize", [x, "", scales], **attributes)
    return y, (1, shape[1], 2 * shape[2], 2 * shape[3])


@_kind
def _larger_one(
    model: GraphUnderTest, x: str, shape: Shape, other: tuple[str, Shape]
) -> tuple[str, Shape]:
    return _two_operands(model, "Max", x, shape, other)


def example_inputs(model: ModelUnderTest, seed: int) -> dict[str, Array]:
    """Data for the inputs that the calibration has not seen, partly out of its range."""
    random = np.random.default_rng(seed)
    return {
        name: random.normal(0.3, 1.4, data.shape).astype(np.float32)
        for name, data in model.inputs.items()
    }
