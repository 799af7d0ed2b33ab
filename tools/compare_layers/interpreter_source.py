"""What the interpreter makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compiler.interpreter import interpret_all
from compiler.ir import Array, Graph, TensorType
from compiler.report.golden import initial_states
from tools.compare_layers.recording import INTERPRETER, Form, Made, Recording, Run, Step, forms_of
from tools.compare_layers.stored import stored_as


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
