"""What onnxruntime makes, which knows nothing of the compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from tools.compare_layers.recording import ONNXRUNTIME, Form, Made, Recording, Run, Step
from tools.golden.session import Session

QUANTISATION = ("QuantizeLinear", "DequantizeLinear")


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
