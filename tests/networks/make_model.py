"""Writes the small networks of this folder: deterministic weights, one operator family each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
FLOAT = TensorProto.FLOAT


class _Content:
    """Nodes and constants of a graph in QDQ form."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, array: npt.NDArray[np.generic]) -> str:
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def quantised(self, name: str, scale: float, zero_point: int) -> str:
        """QuantizeLinear and DequantizeLinear behind tensor `name`."""
        parameters = [
            self.constant(f"{name}_scale", np.array(scale, np.float32)),
            self.constant(f"{name}_zero_point", np.array(zero_point, np.int8)),
        ]
        self.nodes.append(
            helper.make_node(
                "QuantizeLinear", [name, *parameters], [f"{name}_q"], name=f"quantize_{name}"
            )
        )
        self.nodes.append(
            helper.make_node(
                "DequantizeLinear",
                [f"{name}_q", *parameters],
                [f"{name}_dq"],
                name=f"dequantize_{name}",
            )
        )
        return f"{name}_dq"


def matmul_float() -> onnx.ModelProto:
    """float32 [rows, 24] times a constant [24, 10]; the number of rows is symbolic."""
    weights = _normal(1, (24, 10))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"], name="product")],
        "matmul_float",
        [helper.make_tensor_value_info("x", FLOAT, ["rows", 24])],
        [helper.make_tensor_value_info("y", FLOAT, ["rows", 10])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return _model(graph)


def matmul_int8() -> onnx.ModelProto:
    """Two int8 matrix products in QDQ form: per-channel weights, asymmetric activations."""
    content = _Content()
    nodes = content.nodes

    def weights(name: str, seed: int, inner: int, columns: int) -> str:
        values = np.random.default_rng(seed).integers(-127, 128, (inner, columns), np.int8)
        scales = (0.001 + 0.0005 * np.arange(columns)).astype(np.float32)
        nodes.append(
            helper.make_node(
                "DequantizeLinear",
                [
                    content.constant(f"{name}_q", values),
                    content.constant(f"{name}_scale", scales),
                    content.constant(f"{name}_zero_point", np.zeros(columns, np.int8)),
                ],
                [name],
                name=f"dequantize_{name}",
                axis=1,
            )
        )
        return name

    x = content.quantised("x", 0.02, 3)
    nodes.append(
        helper.make_node("MatMul", [x, weights("w1", 1, 24, 16)], ["hidden"], name="first")
    )
    hidden = content.quantised("hidden", 0.05, -7)
    nodes.append(
        helper.make_node("MatMul", [hidden, weights("w2", 2, 16, 10)], ["y"], name="second")
    )
    y = content.quantised("y", 0.1, 0)
    graph = helper.make_graph(
        nodes,
        "matmul_int8",
        [helper.make_tensor_value_info("x", FLOAT, [5, 24])],
        [helper.make_tensor_value_info(y, FLOAT, [5, 10])],
        content.initializers,
    )
    return _model(graph)


def few_bits() -> onnx.ModelProto:
    """Weights of int4, uint2, uint4 and int2: convolutions of 3x3 and 1x1, and matrix products."""
    content = _Content()
    nodes = content.nodes
    random = np.random.default_rng(7)

    def weights(name: str, type_: str, shape: tuple[int, ...], axis: int, zero_point: int) -> str:
        """Of one scale per index of `axis`; numbers of all values."""
        bits = int(type_[-1])
        lowest = 0 if type_.startswith("u") else -(1 << bits - 1)
        narrow = helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(type_.upper()))
        values = random.integers(lowest, lowest + (1 << bits), shape)
        channels = shape[axis]
        scales = (0.2 + 0.01 * np.arange(channels)) / 2**bits / np.sqrt(values.size / channels)
        operands = [
            content.constant(f"{name}_q", values.astype(narrow)),
            content.constant(f"{name}_scale", (4 * scales).astype(np.float32)),
            content.constant(f"{name}_zero_point", np.full(channels, zero_point).astype(narrow)),
        ]
        nodes.append(
            helper.make_node(
                "DequantizeLinear", operands, [name], name=f"dequantize_{name}", axis=axis
            )
        )
        return name

    def node(
        operator: str, inputs: list[str], output: str, scale: float, **attributes: object
    ) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return content.quantised(output, scale, -5)

    x = content.quantised("x", 0.02, 3)
    pads = {"pads": [1, 1, 1, 1]}
    x = node("Conv", [x, weights("w1", "int4", (32, 16, 3, 3), 0, 0)], "wide", 0.02, **pads)
    w2 = weights("w2", "uint2", (32, 32, 3, 3), 0, 2)
    x = node("Conv", [x, w2], "strided", 0.01, strides=[2, 2], **pads)
    x = node("Conv", [x, weights("w3", "uint4", (64, 32, 1, 1), 0, 8)], "pointwise", 0.005)
    x = node("GlobalAveragePool", [x], "average", 0.001)
    x = node("Flatten", [x], "flat", 0.001)
    x = node("MatMul", [x, weights("w4", "int4", (64, 128), 1, 0)], "hidden", 0.001)
    y = node("MatMul", [x, weights("w5", "int2", (128, 24), 1, 0)], "y", 0.0005)
    graph = helper.make_graph(
        nodes,
        "few_bits",
        [helper.make_tensor_value_info("x", FLOAT, [1, 16, 12, 12])],
        [helper.make_tensor_value_info(y, FLOAT, [1, 24])],
        content.initializers,
    )
    return _model(graph, opset=25)


def leaky_relu_int8() -> onnx.ModelProto:
    """LeakyRelu of 65,536 elements between scales and zero points that differ."""
    content = _Content()
    x = content.quantised("x", 0.0237, 3)
    content.nodes.append(helper.make_node("LeakyRelu", [x], ["y"], name="leaky_relu", alpha=0.1))
    y = content.quantised("y", 0.0193, -41)
    shape = [1, 64, 32, 32]
    graph = helper.make_graph(
        content.nodes,
        "leaky_relu_int8",
        [helper.make_tensor_value_info("x", FLOAT, shape)],
        [helper.make_tensor_value_info(y, FLOAT, shape)],
        content.initializers,
    )
    return _model(graph)


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "few_bits": few_bits,
    "leaky_relu_int8": leaky_relu_int8,
    "matmul_float": matmul_float,
    "matmul_int8": matmul_int8,
}


def _normal(seed: int, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _model(graph: onnx.GraphProto, opset: int = OPSET) -> onnx.ModelProto:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=MODELS)
    parser.add_argument("output", type=Path)
    options = parser.parse_args(arguments)
    options.output.write_bytes(MODELS[options.name]().SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(sys.argv[1:])
