"""Small models in float32 with fixed seeds, before onnxruntime's tools make others of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Array = npt.NDArray[Any]

OPSET = 17


@dataclass
class Builder:
    """A model that grows node by node; methods return the names of tensors."""

    name: str
    seed: int
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    constants: list[TensorProto] = field(default_factory=list[TensorProto])
    inputs: list[ValueInfoProto] = field(default_factory=list[ValueInfoProto])

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def input(self, name: str, *shape: int) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, data: Sequence[float] | Array | float, like: Any = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(data, like), name))
        return name

    def weights(self, *shape: int) -> str:
        """Random weights; all but axis 0 are summed over, or all but the last of a matrix."""
        products = shape[0] if len(shape) == 2 else np.prod(shape[1:])
        return self.constant(self.random.normal(size=shape) / np.sqrt(products))

    def vector(self, size: int, mean: float = 0.0) -> str:
        return self.constant(mean + 0.1 * self.random.normal(size=size))

    def node(self, operator: str, *operands: str, **attributes: Any) -> str:
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, operands, [name], name, **attributes))
        return name

    def model(self, **outputs: Sequence[int]) -> ModelProto:
        """The model; outputs and their shapes."""
        made = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, made, self.constants)
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def convolutional() -> ModelProto:
    """Every operator for which the quantiser has one of its own, around convolutions."""
    b = Builder("convolutional", 1)
    x = b.input("image", 1, 3, 12, 12)
    x = b.node("Conv", x, b.weights(8, 3, 3, 3), b.vector(8), pads=[1] * 4, strides=[2, 2])
    x = b.node("Relu", x)
    y = b.node("Conv", x, b.weights(8, 1, 3, 3), b.vector(8), pads=[1] * 4, group=8)
    y = b.node("LeakyRelu", y, alpha=0.1)
    x = b.node("MaxPool", b.node("Add", x, y), kernel_shape=[2, 2], strides=[2, 2])
    gate = b.node("Sigmoid", x)
    x = b.node("Concat", b.node("Mul", x, gate), gate, axis=1)
    x = b.node("AveragePool", x, kernel_shape=[2, 2], strides=[1, 1])
    x = b.node("GlobalAveragePool", x)
    x = b.node("Reshape", x, b.constant([1, 16], np.int64))
    x = b.node("Gemm", x, b.weights(16, 10), b.vector(10))
    return b.model(**{b.node("Softmax", x, axis=-1): (1, 10)})


def perceptron() -> ModelProto:
    """Layers of all spellings: Gemm with and without transposed weights, MatMul and Add."""
    b = Builder("perceptron", 2)
    x = b.input("features", 3, 20)
    x = b.node("Relu", b.node("Gemm", x, b.weights(20, 16), b.vector(16)))
    x = b.node("Gemm", x, b.constant(b.random.normal(size=(12, 16)) / 4), b.vector(12), transB=1)
    x = b.node("Add", b.node("MatMul", b.node("Tanh", x), b.weights(12, 8)), b.vector(8))
    return b.model(**{x: (3, 8)})


def transformer() -> ModelProto:
    """A block of a transformer, as exporters write it before any fusion."""
    b = Builder("transformer", 3)
    tokens, size, heads = 6, 16, 2
    x = b.input("tokens", 1, tokens, size)

    def projected(source: str, inner: int, outer: int) -> str:
        return b.node("Add", b.node("MatMul", source, b.weights(inner, outer)), b.vector(outer))

    def split(value: str, *order: int) -> str:
        shape = b.constant([1, tokens, heads, size // heads], np.int64)
        return b.node("Transpose", b.node("Reshape", value, shape), perm=order)

    query = split(projected(x, size, size), 0, 2, 1, 3)
    key = split(projected(x, size, size), 0, 2, 3, 1)
    value = split(projected(x, size, size), 0, 2, 1, 3)
    scores = b.node("Mul", b.node("MatMul", query, key), b.constant((size // heads) ** -0.5))
    mixed = b.node("MatMul", b.node("Softmax", scores, axis=-1), value)
    joined = b.node("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = b.node("Reshape", joined, b.constant([1, tokens, size], np.int64))
    x = b.node("Add", x, projected(joined, size, size))
    x = b.node("LayerNormalization", x, b.vector(size, 1.0), b.vector(size), axis=-1)
    hidden = projected(x, size, 2 * size)
    cubic = b.node("Erf", b.node("Div", hidden, b.constant(2**0.5)))
    gelu = b.node("Mul", hidden, b.node("Add", cubic, b.constant(1.0)))
    hidden = b.node("Mul", gelu, b.constant(0.5))
    x = b.node("Add", x, projected(hidden, 2 * size, size))
    x = b.node("LayerNormalization", x, b.vector(size, 1.0), b.vector(size), axis=-1)
    return b.model(**{x: (1, tokens, size)})


FLOAT_MODELS: Mapping[str, Callable[[], ModelProto]] = {
    build.__name__: build for build in (convolutional, perceptron, transformer)
}


def feeds(model: ModelProto, number: int, seed: int = 9) -> list[dict[str, Array]]:
    """Random inputs."""
    random = np.random.default_rng(seed)
    return [
        {
            value.name: random.normal(
                size=[d.dim_value for d in value.type.tensor_type.shape.dim]
            ).astype(np.float32)
            for value in model.graph.input
        }
        for _ in range(number)
    ]
