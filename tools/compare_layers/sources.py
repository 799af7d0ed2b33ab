"""Recordings of the interpreter and of onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from compiler.interpreter import interpret_all
from compiler.ir import Array, DataType, Graph, TensorType
from compiler.report.golden import initial_states
from tools.compare_layers.recording import Form, Made, Recording, Run, forms_of
from tools.golden.session import Session

INTERPRETER = "interpreter"
ONNXRUNTIME = "onnxruntime"
QUANTISATION = ("QuantizeLinear", "DequantizeLinear")
FLOATS = (np.float16, np.float32, np.float64)


@dataclass(frozen=True)
class Step:
    """One run: an entry point's graph, and its inputs without states."""

    graph: Graph
    inputs: Mapping[str, Array]


def interpreter(steps: Sequence[Step], reference: Recording | None = None) -> Recording:
    """Runs the interpreter; states live from one step to the next.

    With `reference`, a recording of the same steps in onnxruntime, every layer reads what
    onnxruntime made of its operands wherever that is known: a layer's difference is its own.
    """
    recording = Recording(INTERPRETER)
    states = initial_states(list({step.graph.name: step.graph for step in steps}.values()))
    known: dict[str, Array] = {}
    for index, step in enumerate(steps):
        graph, forms = step.graph, forms_of(step.graph)
        replaced: dict[str, Array] = {}
        if reference is not None:
            replaced = _in_graph(graph, forms, reference.runs[index])
            replaced.update({s.input: known[s.input] for s in graph.states if s.input in known})
        carried = {state.input: states[state.input] for state in graph.states}
        values = interpret_all(graph, {**step.inputs, **carried}, replaced)
        states.update({state.input: values[state.output] for state in graph.states})
        known.update({s.input: replaced[s.output] for s in graph.states if s.output in replaced})
        run = Run(graph.name)
        for node in graph.nodes:
            for name in node.outputs:
                form = forms[name]
                array = form.in_model_layout(values[name])
                operation = type(node.operation).__name__
                run.made[name, 0] = Made(form, array, None, operation, node.origin)
        recording.runs.append(run)
    return recording


def _in_graph(graph: Graph, forms: Mapping[str, Form], reference: Run) -> dict[str, Array]:
    """onnxruntime's tensors as values of the graph, where they have the same elements."""
    result: dict[str, Array] = {}
    for name, form in forms.items():
        made = reference.made.get((form.tensor, 0))
        type_ = graph.values[name].type
        if made is None or name in graph.inputs:
            continue
        array = stored_as(form, type_.data_type, made.array)
        if array is None:
            continue
        array = np.ascontiguousarray(form.in_own_layout(array).astype(type_.data_type.numpy))
        if TensorType.of(array) == type_:
            result[name] = array
    return result


def stored_as(form: Form, data_type: DataType, array: Array) -> Array | None:
    """A tensor of the model as the lowered graph has it; None if what is stored is not known.

    Real numbers are quantised as QuantizeLinear does; uint8 becomes the int8 of the same real
    number; int64 stays, for the comparison to see what does not fit.
    """
    is_float = array.dtype in FLOATS
    if data_type.is_float or data_type is DataType.BOOL:
        return array if is_float == data_type.is_float else None
    if is_float:
        if form.quantization is None or data_type is not DataType.INT8:
            return None
        steps = array.astype(np.float32) / np.float32(form.quantization.scale)
        steps = np.clip(np.where(np.isnan(steps), -512.0, steps), -512.0, 512.0)
        return np.clip(np.rint(steps) + form.quantization.zero_point, -128, 127).astype(np.int8)
    if data_type is DataType.INT8 and array.dtype == np.uint8:
        return (array.astype(np.int16) - 128).astype(np.int8)
    return array


def onnxruntime(model: Path, steps: Sequence[Step]) -> Recording:
    """Runs onnxruntime, without optimisation, with every tensor that a node makes as an output.

    Tensors that do not depend on inputs are left out.
    """
    proto = onnx.load(model)
    nodes = _variable_nodes(proto.graph)
    known = {output.name for output in proto.graph.output}
    for name in nodes:
        if name not in known:
            # Its type is what onnxruntime infers.
            proto.graph.output.append(onnx.ValueInfoProto(name=name))
    sources = _unquantised(nodes)
    graphs = list({step.graph.name: step.graph for step in steps}.values())
    session = Session(proto.SerializeToString(), graphs)
    recording = Recording(ONNXRUNTIME, is_lowered=False)
    for step in steps:
        run = Run(step.graph.name)
        for name, array in {**session.states(step.graph.name), **step.inputs}.items():
            run.made[name, 0] = Made(Form(name, name), array)
        found = session.run(step.graph.name, step.inputs)
        for name, node in nodes.items():
            run.made[name, 0] = Made(
                Form(name, name),
                found[name],
                kernel=node.op_type,
                nodes=(node.name or f"{node.op_type} of {name}",),
                quantised_from=sources.get(name, ""),
            )
        recording.runs.append(run)
    return recording


def _variable_nodes(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """The nodes that depend on inputs, by each of their outputs, in the model's order."""
    constant = {tensor.name for tensor in graph.initializer}
    variable = {tensor.name for tensor in graph.input} - constant
    result: dict[str, onnx.NodeProto] = {}
    for node in graph.node:
        if not variable.isdisjoint(node.input) or any(a.HasField("g") for a in node.attribute):
            outputs = [name for name in node.output if name]
            result.update(dict.fromkeys(outputs, node))
            variable.update(outputs)
    return result


def _unquantised(nodes: Mapping[str, onnx.NodeProto]) -> dict[str, str]:
    """For what QuantizeLinear and DequantizeLinear make, the tensor before all of them."""
    result: dict[str, str] = {}
    for name, node in nodes.items():
        if node.op_type in QUANTISATION:
            result[name] = result.get(node.input[0], node.input[0])
    return result
