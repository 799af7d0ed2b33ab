"""Test support: builds small ONNX models and compares their lowered graphs with onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
    shape_inference,
)

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower

OPSET = 17
FLOAT_TOLERANCE = 1e-5
"""Of the largest magnitude in the output: sums run in another order in onnxruntime."""


@dataclass
class ModelBuilder:
    """Adds nodes one by one; every method returns the name of the tensor it makes."""

    opset: int = OPSET
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    inputs: list[ValueInfoProto] = field(default_factory=list[ValueInfoProto])
    initializers: list[TensorProto] = field(default_factory=list[TensorProto])

    def input(self, name: str, shape: Sequence[int], element: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, element, list(shape)))
        return name

    def constant(self, data: Array | np.float32) -> str:
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def node(
        self, operator: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any
    ) -> str:
        """Adds a node; further outputs are called like the first with `_1`, `_2`, ..."""
        name = f"{operator.lower()}{len(self.nodes)}"
        names = [name, *(f"{name}_{index}" for index in range(1, outputs))]
        self.nodes.append(
            helper.make_node(operator, list(inputs), names, name=f"node_{name}", **attributes)
        )
        return name

    def quantised(self, tensor: str, scale: float, zero_point: int, unsigned: bool = False) -> str:
        """A QuantizeLinear and a DequantizeLinear; `zero_point` is that of the stored type."""
        element = np.uint8 if unsigned else np.int8
        parameters = [
            self.constant(np.array(scale, np.float32)),
            self.constant(np.array(zero_point, element)),
        ]
        stored = self.node("QuantizeLinear", [tensor, *parameters])
        return self.node("DequantizeLinear", [stored, *parameters])

    def quantised_constant(
        self, stored: Array, scale: Array, zero_point: Array | None = None, axis: int = 0
    ) -> str:
        """A DequantizeLinear of a constant, per tensor if `scale` is a scalar."""
        if zero_point is None:
            zero_point = np.zeros(scale.shape, stored.dtype)
        names = [self.constant(a) for a in (stored, scale.astype(np.float32), zero_point)]
        attributes = {"axis": axis} if scale.ndim else {}
        return self.node("DequantizeLinear", names, **attributes)

    def build(self, outputs: Sequence[str]) -> ModelProto:
        """The model; the types of its outputs are inferred."""
        graph = helper.make_graph(self.nodes, "test", self.inputs, [], self.initializers)
        opset = helper.make_opsetid("", self.opset)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        types = {value.name: value for value in inferred.graph.value_info}
        model.graph.output.extend(types[name] for name in outputs)
        return model


def run_onnxruntime(model: ModelProto, inputs: Mapping[str, Array]) -> list[Array]:
    """The model's outputs, computed operator by operator without graph optimisations."""
    runtime = cast(Any, onnxruntime)  # its stubs are partial
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return cast(list[Array], session.run(None, dict(inputs)))


def assert_model(
    model: ModelProto, inputs: Mapping[str, Array], *, step: float | None = None, steps: int = 1
) -> Graph:
    """Asserts that the lowered model computes what onnxruntime computes; returns the graph.

    Float outputs agree within `FLOAT_TOLERANCE` of their largest magnitude, or, if `step` is given
    (the scale of a quantised output), within `steps` of those; other outputs are equal.
    """
    expected = run_onnxruntime(model, inputs)
    graph = lower(import_model(model), "run")
    found = interpret(graph, {name: _narrowed(inputs[name]) for name in graph.inputs})
    for want, name in zip(expected, graph.outputs, strict=True):
        have = found[name]
        assert have.shape == want.shape
        if want.dtype != np.float32:
            assert np.array_equal(have, want), name
            continue
        largest = float(np.abs(want).max(initial=1.0))
        limit = FLOAT_TOLERANCE * largest + (0.0 if step is None else steps * step)
        error = float(np.abs(have - want).max(initial=0.0))
        assert error <= limit, f"{name}: differs by {error}, allowed are {limit}"
    return graph


def _narrowed(array: Array) -> Array:
    return array.astype(np.int32) if array.dtype == np.int64 else array
