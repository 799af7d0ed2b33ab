"""Whole CNNs: onnxruntime, the interpreter and the generated C agree; one transpose is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from compiler.codegen.interpreter_harness import check_runs
from compiler.ir import Graph
from compiler.operators.model_harness import ModelBuilder, assert_model
from compiler.operators.movement import Transpose
from compiler.passes import run_passes

STEP = 0.03
"""Scale of every quantised activation; those of the network stay within ±4."""


@dataclass
class Network:
    """Layers of a CNN, in float32 or with every activation quantised."""

    integer: bool
    unsigned: bool
    model: ModelBuilder = field(default_factory=ModelBuilder)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(6))

    def activation(self, tensor: str) -> str:
        if not self.integer:
            return tensor
        zero_point = 118 if self.unsigned else -10
        return self.model.quantised(tensor, STEP, zero_point, self.unsigned)

    def weights(self, *shape: int) -> str:
        scale = self.random.uniform(0.5, 1.5, shape[0]) / np.sqrt(np.prod(shape[1:])) / 64
        stored = self.random.integers(-127, 128, shape).astype(np.int8)
        if self.integer:
            return self.model.quantised_constant(stored, scale)
        factors = scale.reshape(-1, *(1,) * (len(shape) - 1))
        return self.model.constant((stored * factors).astype(np.float32))

    def bias(self, size: int) -> str:
        return self.model.constant(self.random.normal(size=size).astype(np.float32) / 8)

    def conv(
        self, x: str, shape: tuple[int, ...], stride: int = 1, group: int = 1, clip: bool = True
    ) -> str:
        operands = [x, self.weights(*shape), self.bias(shape[0])]
        pads = [shape[2] // 2] * 4
        y = self.model.node("Conv", operands, strides=[stride] * 2, pads=pads, group=group)
        if clip:
            bounds = [self.model.constant(np.float32(bound)) for bound in (0, 3)]
            y = self.model.node("Clip", [y, *bounds])
        return self.activation(y)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.activation(self.model.node(operator, inputs, **attributes))

    def residual(self, x: str) -> str:
        y = self.conv(self.conv(x, (8, 8, 3, 3)), (8, 8, 3, 3), clip=False)
        return self.activation(self.model.node("Relu", [self.model.node("Add", [x, y])]))

    def inverted_bottleneck(self, x: str) -> str:
        y = self.conv(x, (24, 8, 1, 1))
        y = self.conv(y, (24, 1, 3, 3), group=24)
        return self.node("Add", self.conv(y, (8, 24, 1, 1), clip=False), x)

    def branches(self, x: str) -> str:
        pool = self.node("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4)
        return self.node("Concat", self.conv(x, (5, 8, 1, 1)), pool, axis=1)

    def squeeze_and_excite(self, x: str) -> str:
        gate = self.conv(self.node("GlobalAveragePool", x), (13, 13, 1, 1))
        return self.node("Mul", x, gate)

    def build(self) -> str:
        x = self.activation(self.model.input("x", (2, 3, 16, 12)))
        y = self.conv(x, (8, 3, 3, 3), stride=2)
        y = self.node("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        y = self.squeeze_and_excite(self.branches(self.inverted_bottleneck(self.residual(y))))
        y = self.model.node("Flatten", [y])
        operands = [y, self.weights(5, 13 * 4 * 3), self.bias(5)]
        return self.activation(self.model.node("Gemm", operands, transB=1))


@pytest.mark.parametrize(("integer", "unsigned"), [(False, False), (True, False), (True, True)])
def test_network(integer: bool, unsigned: bool) -> None:
    network = Network(integer, unsigned)
    model = network.model.build([network.build()])
    x = {"x": np.random.default_rng(3).normal(size=(2, 3, 16, 12)).astype(np.float32)}
    # Differences of one step of single operators add up.
    graph = assert_model(model, x, step=STEP if integer else None, steps=2)
    run_passes(graph)
    assert transposes(graph) == 1
    if integer:
        kinds = [type(node.operation).__name__ for node in graph.nodes]
        assert kinds.count("Quantize") == kinds.count("Dequantize") == 1
        assert not any("Float" in kind for kind in kinds)
    check_runs([graph], ["run", "run"])


def transposes(graph: Graph) -> int:
    return sum(isinstance(node.operation, Transpose) for node in graph.nodes)
