"""Compares golden outputs with onnxruntime's, which knows nothing of the compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from compiler.ir import Array, Graph, Quantization
from compiler.operators.quantize import Dequantize
from tools.golden.steps import Step


@dataclass(frozen=True)
class Difference:
    """Largest difference of one output in one step.

    `amount` is in quantisation steps of a quantised output, else in the output's own unit.
    """

    step: str
    entry_point: str
    output: str
    amount: float
    unit: str


def differences(model: Path, graphs: Sequence[Graph], steps: Sequence[Step]) -> list[Difference]:
    """How far every output of every step is from onnxruntime's.

    onnxruntime runs the model as it is, without graph optimisation (its fused integer kernels
    saturate on some processors), on the same inputs, with states of its own.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    types = {tensor.name: tensor.type for tensor in session.get_inputs()}
    output_names = [tensor.name for tensor in session.get_outputs()]
    by_name = {graph.name: graph for graph in graphs}
    states: dict[str, Array] = {}
    result: list[Difference] = []
    for step in steps:
        graph = by_name[step.entry_point]
        feeds = {
            name: _as_expected(array, graph.values[name].quantization, types[name])
            for name, array in step.inputs.items()
        }
        for state in graph.states:
            value = graph.values[state.input]
            zero = np.zeros(value.type.shape, _numpy(types[state.input]))
            feeds[state.input] = states.get(state.input, zero)
        found = dict(zip(output_names, session.run(output_names, feeds), strict=True))
        states.update({state.input: found[state.output] for state in graph.states})
        for name, golden in step.outputs.items():
            result.append(_compare(graph, step, name, golden, np.asarray(found[name])))
    return result


def _compare(graph: Graph, step: Step, name: str, golden: Array, found: Array) -> Difference:
    quantization = graph.values[name].quantization
    producer = graph.producers().get(name)
    unit = 1.0
    if quantization is not None:
        unit = quantization.scale
    elif producer is not None and isinstance(producer.operation, Dequantize):
        unit = producer.operation.scale
    reals = [
        _real(array, quantization) if array.dtype != np.float32 else array.astype(np.float64)
        for array in (golden, found)
    ]
    amount = float(np.max(np.abs(reals[0] - reals[1]), initial=0.0)) / unit
    if unit == 1.0:
        return Difference(step.name, step.entry_point, name, amount, "absolute")
    # Multiples of the step; what is left of it is the float32 product's rounding.
    return Difference(step.name, step.entry_point, name, round(amount, 3), "LSB")


def _as_expected(array: Array, quantization: Quantization | None, type_: str) -> Array:
    """The array as onnxruntime's session takes it: real values if the model's input is float."""
    expected = _numpy(type_)
    if expected == np.float32 and array.dtype != np.float32:
        return _real(array, quantization).astype(np.float32)
    return array.astype(expected)


def _real(array: Array, quantization: Quantization | None) -> Array:
    if quantization is None:
        return array.astype(np.float64)
    return (array.astype(np.float64) - quantization.zero_point) * quantization.scale


def _numpy(type_: str) -> np.dtype[np.generic]:
    """NumPy's type for onnxruntime's `tensor(float)` and the like."""
    name = type_.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(name, name))


def worst(found: Sequence[Difference]) -> Mapping[str, Difference]:
    """The largest difference by entry point and output."""
    result: dict[str, Difference] = {}
    for difference in found:
        key = f"{difference.entry_point}/{difference.output}"
        if key not in result or difference.amount > result[key].amount:
            result[key] = difference
    return result
