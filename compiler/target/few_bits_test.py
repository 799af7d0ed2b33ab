"""Weights of few bits in the model have as few on the accelerator: bytes, cycles, and results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper

from compiler.interpreter import interpret
from compiler.ir import Graph, Node
from compiler.operators.accelerated_conv import AcceleratedConvInt8, AcceleratedMatMulInt8
from compiler.operators.onnxruntime_harness import ModelUnderTest, Stored
from compiler.schedule.sample_cluster import CLUSTER
from compiler.target import assign_accelerator, pack_weights
from compiler.target.cluster_cycles import kernel_cycles
from compiler.target.soc import Accelerator

ACCELERATOR = Accelerator(weight_memory_bytes=1 << 20)
WITH_ACCELERATOR = replace(CLUSTER, accelerator=ACCELERATOR)
TYPES = {"int8": (-128, 127), "int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3)}
BITS = {"int8": 8, "int4": 4, "uint4": 4, "int2": 2, "uint2": 2}


def layer(type_: str, kernel: int, groups: int = 1) -> Graph:
    """A convolution of 56 channels with weights of a type; unsigned ones have zero points."""
    random = np.random.default_rng(kernel)
    model = ModelUnderTest(opset=25)
    image = random.normal(size=(1, 56, 12, 12)).astype(np.float32)
    x = model.quantised(model.input("x", image), Stored(0.02, -128))
    low, high = TYPES[type_]
    weights = random.integers(low, high + 1, (56, 56 // groups, kernel, kernel))
    weights.reshape(-1)[:2] = low, high
    narrow = helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(type_.upper()))
    model.constant("w", weights.astype(narrow))
    model.constant("scale", np.full(56, 1.0 / 2 ** BITS[type_], np.float32))
    zero = (high + 1) // 2 if type_.startswith("u") else 0
    model.constant("zero", np.full(56, zero).astype(narrow))
    model.node("DequantizeLinear", ["w", "scale", "zero"], "real", axis=0)
    model.node("Conv", [x, "real"], "y", pads=[kernel // 2] * 4, group=groups)
    model.output(model.quantised("y", Stored(0.4, 3)))
    return model.graph()


def accelerated(graph: Graph) -> Node:
    """The layer on the accelerator, in its graph; results stay."""
    random = np.random.default_rng(9)
    (name,) = graph.inputs
    x = graph.values[name].type
    data = random.normal(size=x.shape).astype(np.float32)
    expected = interpret(graph, {name: data})
    assign_accelerator.run([graph], WITH_ACCELERATOR, ACCELERATOR)
    pack_weights.run(graph, CLUSTER.cores)
    found = interpret(graph, {name: data})
    assert all(np.array_equal(expected[output], found[output]) for output in graph.outputs)
    kinds = (AcceleratedConvInt8, AcceleratedMatMulInt8)
    (node,) = [node for node in graph.nodes if isinstance(node.operation, kinds)]
    return node


def size_and_cycles(graph: Graph, node: Node) -> tuple[int, int]:
    outputs = graph.output_types(node)
    kernel = node.operation.kernel(graph.input_types(node), outputs)
    assert kernel is not None
    return graph.values[node.inputs[1] or ""].type.bytes, kernel_cycles(kernel, outputs, 8)


@pytest.mark.parametrize("groups", [1, 56])
@pytest.mark.parametrize("type_", ["int4", "uint4", "int2", "uint2"])
def test_3x3_gains_bytes_and_cycles(type_: str, groups: int) -> None:
    whole, narrow = layer("int8", 3, groups), layer(type_, 3, groups)
    whole_node, narrow_node = accelerated(whole), accelerated(narrow)
    operation = narrow_node.operation
    assert isinstance(operation, AcceleratedConvInt8) and operation.weight_bits == BITS[type_]
    assert narrow_node.reason.endswith(f"; weights are stored with {BITS[type_]} bits")
    before, after = size_and_cycles(whole, whole_node), size_and_cycles(narrow, narrow_node)
    assert after[0] == before[0] * BITS[type_] // 8
    assert after[1] < before[1]


@pytest.mark.parametrize("type_", ["int4", "uint2"])
def test_1x1_gains_neither(type_: str) -> None:
    whole, narrow = layer("int8", 1), layer(type_, 1)
    before = size_and_cycles(whole, accelerated(whole))
    assert size_and_cycles(narrow, accelerated(narrow)) == before
