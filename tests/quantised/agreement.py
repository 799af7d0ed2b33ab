"""Compares a quantised model with onnxruntime, one quantised operator at a time.

Errors of one operator do not reach the next one: the model is cut at every QuantizeLinear, and
onnxruntime computes each piece from the stored values that the interpreter found upstream.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from compiler.frontend.import_model import import_model
from compiler.interpreter import interpret
from compiler.ir import Array, Graph, TensorType
from compiler.lowering.lower import lower
from compiler.operators.model_harness import FLOAT_TOLERANCE, run_onnxruntime
from compiler.passes import run_passes

STORED_LIMIT = 1
"""Steps that the result of a quantised operator may differ from onnxruntime's."""


@dataclass
class Agreement:
    """How far the interpreter is from onnxruntime.

    Attributes:
        steps: largest difference of each stored tensor that operators make, in steps.
        elements, differing: number of elements of these tensors, and of those that differ.
        failures: what is further apart than docs/numerics.md allows.
    """

    steps: dict[str, int] = field(default_factory=dict[str, int])
    elements: int = 0
    differing: int = 0
    failures: list[str] = field(default_factory=list[str])


def lowered(model: ModelProto, dimensions: Mapping[str, int] | None = None) -> Graph:
    """The graph that the compiler generates code for; `dimensions` are the symbolic ones."""
    graph = lower(import_model(model, dimensions or {}), "")
    run_passes(graph)
    return graph


def interpreted(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The interpreter's outputs; int64 inputs are narrowed as the compiler does."""
    return interpret(graph, {name: narrowed(inputs[name]) for name in graph.inputs})


def narrowed(array: Array) -> Array:
    return array.astype(np.int32) if array.dtype == np.int64 else array


def stored_tensors(model: ModelProto) -> dict[str, NodeProto]:
    """The QuantizeLinear of every stored activation, by the name of its output."""
    return {node.output[0]: node for node in model.graph.node if node.op_type == "QuantizeLinear"}


def with_stored_outputs(
    model: ModelProto, dimensions: Mapping[str, int] | None = None
) -> ModelProto:
    """The model with all stored activations as further outputs."""
    observed = ModelProto()
    observed.CopyFrom(model)
    present = {value.name for value in observed.graph.output}
    observed.graph.output.extend(
        value for name, value in _stored_values(model, dimensions).items() if name not in present
    )
    return observed


def cut_model(model: ModelProto, dimensions: Mapping[str, int] | None = None) -> ModelProto:
    """The model with every stored activation both computed, as `<name>/computed`, and an input.

    Each piece between QuantizeLinear nodes reads what it is given, not what the piece before made.
    """
    cut = ModelProto()
    cut.CopyFrom(model)
    stored = _stored_values(model, dimensions)
    for node in cut.graph.node:
        if node.op_type == "QuantizeLinear":
            node.output[0] = computed(node.output[0])
    for value in cut.graph.output:
        if value.name in stored:
            value.name = computed(value.name)
    present = {value.name for value in cut.graph.output}
    for name, value in stored.items():
        cut.graph.input.append(value)
        if computed(name) not in present:
            output = ValueInfoProto()
            output.CopyFrom(value)
            output.name = computed(name)
            cut.graph.output.append(output)
    del cut.graph.value_info[:]
    return cut


def computed(name: str) -> str:
    """What a piece of the cut model calls the stored activation that it makes."""
    return f"{name}/computed"


def _stored_values(
    model: ModelProto, dimensions: Mapping[str, int] | None
) -> dict[str, ValueInfoProto]:
    """Type and shape of every stored activation."""
    tensors = import_model(model, dimensions or {}).tensors
    return {name: _value(name, tensors[name].type) for name in stored_tensors(model)}


def _value(name: str, type_: TensorType) -> ValueInfoProto:
    element = helper.np_dtype_to_tensor_dtype(type_.data_type.numpy)
    return helper.make_tensor_value_info(name, element, type_.shape)


def compare(
    model: ModelProto, inputs: Mapping[str, Array], dimensions: Mapping[str, int] | None = None
) -> Agreement:
    """Compares all stored activations and all outputs of a quantised model.

    Stored activations that operators make are at most `STORED_LIMIT` steps apart, float outputs
    that no DequantizeLinear makes `FLOAT_TOLERANCE` of the largest. All else is equal.
    """
    graph = lowered(with_stored_outputs(model, dimensions), dimensions)
    names = [*(value.name for value in model.graph.output)]
    names += [name for name in stored_tensors(model) if name not in names]
    values = interpreted(graph, inputs)
    found = dict(zip(names, (values[name] for name in graph.outputs), strict=True))
    agreement = Agreement()
    # What passes merge between outputs, they do not change.
    alone = lowered(model, dimensions)
    unobserved = interpreted(alone, inputs)
    for name, output in zip(names, alone.outputs, strict=False):
        if unobserved[output].tobytes() != found[name].tobytes():
            agreement.failures.append(f"{name} depends on what else is an output")
    stored = {name: found[name] for name in stored_tensors(model)}
    cut = cut_model(model, dimensions)
    results = run_onnxruntime(cut, {**inputs, **stored})
    expected = dict(zip((value.name for value in cut.graph.output), results, strict=True))
    given = {name for name, node in stored_tensors(model).items() if node.input[0] in inputs}
    dequantised = {n.output[0] for n in model.graph.node if n.op_type == "DequantizeLinear"}
    for name, have in found.items():
        if name in given:
            # No operator made it: there is nothing to round but once.
            _compare_output(name, have, expected[computed(name)], True, agreement)
        elif name in stored:
            _compare_stored(name, have, expected[computed(name)], agreement)
        else:
            exact = name in dequantised or have.dtype != np.float32
            _compare_output(name, have, expected[name], exact, agreement)
    return agreement


def _compare_stored(name: str, have: Array, want: Array, agreement: Agreement) -> None:
    if have.shape != want.shape or have.dtype != want.dtype:
        agreement.failures.append(f"{name} is {have.dtype}{have.shape}, not {want.shape}")
        return
    difference = np.abs(have.astype(np.int32) - want.astype(np.int32))
    steps = int(difference.max(initial=0))
    agreement.steps[name] = steps
    agreement.elements += difference.size
    agreement.differing += int(np.count_nonzero(difference))
    if steps > STORED_LIMIT:
        worst = np.unravel_index(int(difference.argmax()), difference.shape)
        index = [int(i) for i in worst]
        agreement.failures.append(
            f"{name}{index} is {have[worst]}, in onnxruntime {want[worst]}: {steps} steps"
        )


def _compare_output(name: str, have: Array, want: Array, exact: bool, agreement: Agreement) -> None:
    if have.shape != want.shape:
        agreement.failures.append(f"{name} has shape {have.shape}, in onnxruntime {want.shape}")
        return
    if exact:
        if not np.array_equal(have, narrowed(want)):
            agreement.failures.append(f"{name} differs from onnxruntime")
        return
    limit = FLOAT_TOLERANCE * float(np.abs(want).max(initial=1.0))
    error = float(np.abs(have.astype(np.float64) - want).max(initial=0.0))
    if not error <= limit:
        agreement.failures.append(f"{name} differs by {error}, allowed are {limit}")
