"""Networks of any number of nodes, one function per kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from onnx import ModelProto

from compiler.operators.model_harness import ModelBuilder

CHANNELS, SIZE, FEATURES, HEADS = 4, 6, 16, 4
ATTENTION_OPSET = 23


def convolutions(nodes: int) -> ModelProto:
    """A chain of Conv and Relu in float32."""
    model, random = ModelBuilder(), np.random.default_rng(0)
    y = model.input("x", (1, CHANNELS, SIZE, SIZE))
    while len(model.nodes) < nodes:
        kernel = random.normal(size=(CHANNELS, CHANNELS, 3, 3)).astype(np.float32)
        y = model.node("Conv", [y, model.constant(kernel)], pads=[1] * 4)
        y = model.node("Relu", [y])
    return model.build([y])


def residual_blocks(nodes: int) -> ModelProto:
    """Two int8 convolutions and an addition per block, with Quantize- and DequantizeLinear."""
    model, random = ModelBuilder(), np.random.default_rng(0)
    y = model.quantised(model.input("x", (1, CHANNELS, SIZE, SIZE)), 0.02, 3)
    while len(model.nodes) < nodes:
        z = y
        for _ in range(2):
            stored = random.integers(-127, 128, (CHANNELS, CHANNELS, 3, 3)).astype(np.int8)
            weights = model.quantised_constant(stored, random.uniform(0.005, 0.01, CHANNELS))
            z = model.node("Relu", [model.node("Conv", [z, weights], pads=[1] * 4)])
            z = model.quantised(z, 0.02, -128)
        y = model.quantised(model.node("Add", [y, z]), 0.02, 3)
    return model.build([y])


def transformer_blocks(nodes: int) -> ModelProto:
    """Attention and a feed-forward network per block, each behind a LayerNormalization."""
    model, random = ModelBuilder(ATTENTION_OPSET), np.random.default_rng(0)
    y = model.input("x", (1, 8, FEATURES))

    def product(x: str) -> str:
        weights = random.normal(size=(FEATURES, FEATURES)).astype(np.float32)
        bias = random.normal(size=FEATURES).astype(np.float32)
        x = model.node("MatMul", [x, model.constant(weights)])
        return model.node("Add", [x, model.constant(bias)])

    def normalised(x: str) -> str:
        parameters = [model.constant(np.ones(FEATURES, np.float32)) for _ in range(2)]
        return model.node("LayerNormalization", [x, *parameters])

    while len(model.nodes) < nodes:
        z = normalised(y)
        z = model.node(
            "Attention", [product(z) for _ in range(3)], q_num_heads=HEADS, kv_num_heads=HEADS
        )
        y = model.node("Add", [y, product(z)])
        y = model.node("Add", [y, product(model.node("Gelu", [product(normalised(y))]))])
    return model.build([y])


def random_elementwise(nodes: int) -> ModelProto:
    """Functions of one or two of the last six results, without any repetition."""
    model, random = ModelBuilder(), np.random.default_rng(0)
    values = [model.input("x", (4, 8))]
    while len(model.nodes) < nodes:
        operator = ("Relu", "Sigmoid", "Tanh", "LeakyRelu", "Add", "Mul")[random.integers(6)]
        operands = [values[-1], values[-1 - int(random.integers(min(len(values), 6)))]]
        values.append(model.node(operator, operands[: 2 if operator in ("Add", "Mul") else 1]))
    return model.build([values[-1]])


def shape_arithmetic(nodes: int) -> ModelProto:
    """What exporters make of dynamic reshapes: every shape is computed from the one before."""
    model = ModelBuilder()
    y = model.input("x", (4, 8))
    zero, rest = model.constant(np.array([0])), model.constant(np.array([-1]))
    while len(model.nodes) < nodes:
        first = model.node("Gather", [model.node("Shape", [y]), zero])
        shape = model.node("Concat", [first, rest], axis=0)
        y = model.node("Relu", [model.node("Reshape", [y, shape])])
    return model.build([y])


def branches(nodes: int) -> ModelProto:
    """Many small networks side by side, each with an output of its own."""
    model = ModelBuilder()
    x, outputs = model.input("x", (4, 8)), list[str]()
    while len(model.nodes) < nodes:
        y = model.node("Add", [x, model.constant(np.float32(len(outputs)))])
        outputs.append(model.node("Tanh", [model.node("Relu", [y])]))
    return model.build(outputs)


KINDS: dict[str, Callable[[int], ModelProto]] = {
    "convolutions": convolutions,
    "int8 residual blocks": residual_blocks,
    "transformer blocks": transformer_blocks,
    "random elementwise": random_elementwise,
    "shape arithmetic": shape_arithmetic,
    "branches": branches,
}
"""Functions of the least number of nodes; a kind adds whole layers until it is reached."""
