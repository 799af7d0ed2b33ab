"""Test support: single nodes of any domain, compared with onnxruntime's kernel for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import (
    ModelProto,
    NodeProto,
    OperatorSetIdProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

from compiler.errors import CompileError
from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph
from compiler.lowering.lower import lower
from compiler.operators.model_harness import run_onnxruntime
from compiler.operators.registry import CONTRIB_DOMAIN
from compiler.passes import run_passes

FLOAT_TOLERANCE = 1e-5
"""Of the largest magnitude: onnxruntime sums in another order."""


def real(seed: int, *shape: int) -> Array:
    """Random float32 of a normal distribution."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def stored(seed: int, dtype: Any, *shape: int) -> Array:
    """Random numbers of a type of integers, over its whole range."""
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    return np.random.default_rng(seed).integers(low, high, shape, endpoint=True).astype(dtype)


@dataclass
class NodeModel:
    """A model that grows node by node; methods return the names of tensors."""

    opset: int = 17
    nodes: list[NodeProto] = field(default_factory=list[NodeProto])
    data: dict[str, Array] = field(default_factory=dict[str, Array])
    constants: dict[str, Array] = field(default_factory=dict[str, Array])

    def input(self, name: str, data: Array) -> str:
        """An input, and what it holds in the comparison."""
        self.data[name] = data
        return name

    def constant(self, data: Array | float | np.generic) -> str:
        """A constant; plain numbers are float32."""
        name = f"constant_{len(self.constants)}"
        array = np.asarray(data, np.float32) if isinstance(data, float) else np.asarray(data)
        self.constants[name] = array
        return name

    def node(
        self, operator: str, *operands: str, domain: str = "", outputs: int = 1, **attributes: Any
    ) -> str:
        """A node; its first result is `<operator>_<number>`, others have `_1`, ... behind it."""
        name = f"{operator}_{len(self.nodes)}"
        names = [name, *(f"{name}_{index}" for index in range(1, outputs))]
        made = helper.make_node(
            operator, operands, names, f"node_{name}", domain=domain, **attributes
        )
        self.nodes.append(made)
        return name

    def contrib(self, operator: str, *operands: str, outputs: int = 1, **attributes: Any) -> str:
        """A node of onnxruntime's domain."""
        return self.node(operator, *operands, domain=CONTRIB_DOMAIN, outputs=outputs, **attributes)

    def model(self, outputs: Sequence[str] | None = None) -> ModelProto:
        """The model; by default its outputs are those of its last node."""
        inputs = [typed(name, data) for name, data in self.data.items()]
        constants = [numpy_helper.from_array(data, name) for name, data in self.constants.items()]
        wanted = self.nodes[-1].output if outputs is None else outputs
        return finished(self.nodes, inputs, list(wanted), constants, self.opset, self.data)

    def declared(self, output: str, like: Array) -> ModelProto:
        """The model with one output of the type of `like`, which onnxruntime is not asked for."""
        graph = helper.make_graph(
            self.nodes,
            "test",
            [typed(name, data) for name, data in self.data.items()],
            [typed(output, like)],
            [numpy_helper.from_array(data, name) for name, data in self.constants.items()],
        )
        return helper.make_model(graph, opset_imports=imports(self.opset), ir_version=10)


def imports(opset: int) -> list[OperatorSetIdProto]:
    """ONNX's operators and onnxruntime's."""
    return [helper.make_opsetid("", opset), helper.make_opsetid(CONTRIB_DOMAIN, 1)]


def typed(name: str, data: Array) -> ValueInfoProto:
    """The declaration of a tensor that holds `data`."""
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(data.dtype), data.shape
    )


def finished(
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[str],
    constants: Sequence[TensorProto],
    opset: int,
    data: Mapping[str, Array],
) -> ModelProto:
    """A model whose outputs have the types that onnxruntime gives them."""
    graph = helper.make_graph(
        nodes,
        "test",
        inputs,
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        constants,
    )
    model = helper.make_model(graph, opset_imports=imports(opset), ir_version=10)
    for value, found in zip(model.graph.output, run_onnxruntime(model, data), strict=True):
        value.CopyFrom(typed(value.name, found))
    return model


def lowered(model: ModelProto) -> Graph:
    """The graph that the compiler generates code for."""
    graph = lower(import_model(model), "")
    run_passes(graph)
    names = [node.name for node in graph.nodes]
    assert len(set(names)) == len(names), "schedules tell nodes by their names"
    return graph


def operations(model: NodeModel) -> set[str]:
    """The kinds of operations that a model is lowered to."""
    return {type(node.operation).__name__ for node in lowered(model.model()).nodes}


def interpreted(graph: Graph, data: Mapping[str, Array]) -> list[Array]:
    """The outputs of a graph; int64 inputs are narrowed as the compiler does."""
    inputs = {
        name: data[name].astype(np.int32) if data[name].dtype == np.int64 else data[name]
        for name in graph.inputs
    }
    found = interpret(graph, inputs)
    return [found[name] for name in graph.outputs]


def assert_agrees(
    model: ModelProto,
    data: Mapping[str, Array],
    *,
    steps: int = 0,
    tolerance: float = FLOAT_TOLERANCE,
) -> list[Array]:
    """Asserts that the compiled model computes what onnxruntime does; returns what that is.

    Integers differ by at most `steps`, floats by `tolerance` of the output's largest magnitude.
    """
    expected = run_onnxruntime(model, data)
    found = interpreted(lowered(model), data)
    for value, have, want in zip(model.graph.output, found, expected, strict=True):
        assert have.shape == want.shape, value.name
        error = np.abs(have.astype(np.float64) - want.astype(np.float64)).max(initial=0.0)
        limit: float = steps
        if want.dtype == np.float32:
            limit = tolerance * max(1.0, float(np.abs(want).max(initial=0.0)))
        assert error <= limit, f"{value.name}: differs by {error}, allowed are {limit}"
    return expected


def assert_every_node_agrees(model: ModelProto, data: Mapping[str, Array], steps: int = 1) -> int:
    """Compares every node of a model alone, on the operands that onnxruntime computed for it.

    Returns how many nodes were compared: all but those without operands computed at run time.
    """
    observed = ModelProto()
    observed.CopyFrom(model)
    del observed.graph.output[:]
    names = [name for node in model.graph.node for name in node.output if name]
    observed.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    values = dict(zip(names, run_onnxruntime(observed, data), strict=True)) | dict(data)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    compared = 0
    opset = next(entry.version for entry in model.opset_import if not entry.domain)
    for node in model.graph.node:
        operands = list(dict.fromkeys(filter(None, node.input)))
        given = {name: values[name] for name in operands if name not in constants}
        if not given:
            continue
        alone = finished(
            [node],
            [typed(name, array) for name, array in given.items()],
            [name for name in node.output if name],
            [constants[name] for name in operands if name in constants],
            opset,
            given,
        )
        assert_agrees(alone, given, steps=steps)
        compared += 1
    return compared


def assert_refused(model: NodeModel, *messages: str) -> None:
    """Asserts that the compiler refuses a model, and says all of `messages`.

    Nobody else is asked for the type of the last node's result.
    """
    result = model.nodes[-1].output[0]
    flat = model.node("Reshape", result, model.constant(np.array([-1])))
    output = model.node("Cast", flat, to=TensorProto.FLOAT)
    declared = model.declared(output, np.zeros(1, np.float32))
    declared.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "elements"
    try:
        lower(import_model(declared), "")
    except CompileError as error:
        said = str(error)
    else:
        raise AssertionError("it is not refused")
    for message in messages:
        assert message in said, said
