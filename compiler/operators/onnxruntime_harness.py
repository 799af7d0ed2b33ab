"""Test support: small ONNX models whose lowered graph is compared with onnxruntime.

onnxruntime executes QuantizeLinear, the float operator and DequantizeLinear one after the other,
without optimisations: an implementation of the model that shares no code with ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    helper,
    numpy_helper,
    shape_inference,
)

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, DataType, Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import run_onnxruntime
from compiler.passes import run_passes


@dataclass(frozen=True)
class Stored:
    """How a tensor is quantised in a model: per tensor, to int8 or uint8."""

    scale: float
    zero_point: int = 0
    data_type: DataType = DataType.INT8

    @staticmethod
    def covering(data: Array, data_type: DataType = DataType.INT8, steps: int = 255) -> Stored:
        """The quantisation that spreads the range of `data` and zero over `steps` steps."""
        low, high = min(0.0, float(data.min())), max(0.0, float(data.max()))
        scale = max((high - low) / steps, 1e-30)
        lowest = 0 if data_type is DataType.UINT8 else -128
        return Stored(
            scale, int(np.clip(lowest - np.rint(low / scale), lowest, lowest + 255)), data_type
        )


@dataclass
class ModelUnderTest:
    """Builds a model node by node, with the data to run it on."""

    opset: int = 24
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    inputs: dict[str, Array] = field(default_factory=dict[str, Array])
    constants: dict[str, Array] = field(default_factory=dict[str, Array])
    outputs: list[str] = field(default_factory=list[str])
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def input(self, name: str, data: Array) -> str:
        """A run-time input; returns its name."""
        self.inputs[name] = data
        return name

    def constant(self, name: str, data: Array) -> str:
        """An initialiser; returns its name."""
        self.constants[name] = data
        return name

    def node(self, operator: str, operands: list[str], output: str, **attributes: Any) -> str:
        """A node with one output, whose name it returns; "" is an absent operand."""
        self.nodes.append(helper.make_node(operator, operands, [output], output, **attributes))
        return output

    def quantised(self, name: str, stored: Stored | None) -> str:
        """Tensor `name` through a QuantizeLinear and a DequantizeLinear (None: as it is)."""
        if stored is None:
            return name
        scale = self.constant(f"{name}_scale", np.array(stored.scale, np.float32))
        zero = np.array(stored.zero_point, stored.data_type.numpy)
        zero_point = self.constant(f"{name}_zero_point", zero)
        self.node("QuantizeLinear", [name, scale, zero_point], f"{name}_stored")
        return self.node("DequantizeLinear", [f"{name}_stored", scale, zero_point], f"{name}_real")

    def output(self, name: str, shape: tuple[int, ...] | None = None) -> None:
        """Makes tensor `name` an output; `shape` if ONNX infers none (it is float32 then)."""
        self.outputs.append(name)
        if shape is not None:
            self.shapes[name] = shape

    def model(self) -> ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for name, a in self.inputs.items()
        ]
        constants = [numpy_helper.from_array(data, name) for name, data in self.constants.items()]
        graph = helper.make_graph(self.nodes, "test", inputs, [], constants)
        opset = helper.make_opsetid("", self.opset)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        types = {value.name: value for value in inferred.graph.value_info}
        for name, shape in self.shapes.items():
            types[name] = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        model.graph.output.extend(types[name] for name in self.outputs)
        return model

    def graph(self) -> Graph:
        """The lowered graph, after all passes."""
        graph = lower(import_model(self.model()), "run")
        run_passes(graph)
        return graph

    def operations(self) -> list[str]:
        """Class names of the operations in the lowered graph, without conversions."""
        names = [type(node.operation).__name__ for node in self.graph().nodes]
        return [name for name in names if name not in ("Quantize", "Dequantize")]

    def run(self) -> list[tuple[Array, Array]]:
        """(interpreted, expected by onnxruntime) of every output."""
        expected = run_onnxruntime(self.model(), self.inputs)
        narrowed = {
            name: data.astype(np.int32) if data.dtype == np.int64 else data
            for name, data in self.inputs.items()
        }
        graph = self.graph()
        found = interpret(graph, narrowed)
        return [
            (found[name], reference)
            for name, reference in zip(graph.outputs, expected, strict=True)
        ]


def assert_quantised_group(model: ModelUnderTest, output: str, stored: Stored) -> None:
    """Quantises tensor `output`, makes it the model's output, and compares: at most 1 LSB apart."""
    model.output(model.quantised(output, stored))
    ((found, expected),) = model.run()
    steps = np.abs(found.astype(np.float64) - expected) / np.float32(stored.scale)
    assert found.shape == expected.shape
    assert steps.max(initial=0.0) < 1.01, f"{steps.max()} steps apart"


def assert_float(model: ModelUnderTest, output: str, tolerance: float = 1e-5) -> None:
    """Makes tensor `output` the model's and compares: `tolerance` relative to the largest value."""
    model.output(output)
    ((found, expected),) = model.run()
    assert found.shape == expected.shape
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-30)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0.0, atol=tolerance)
