"""Compares golden outputs with onnxruntime's, which knows nothing of the compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compiler.ir import Array, Graph
from compiler.operators.quantize import Dequantize
from tools.golden.session import Session, real
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

    onnxruntime runs the model as it is on the same inputs, with states of its own.
    """
    session = Session(model.read_bytes(), graphs)
    by_name = {graph.name: graph for graph in graphs}
    result: list[Difference] = []
    for step in steps:
        graph = by_name[step.entry_point]
        found = session.run(step.entry_point, step.inputs)
        for name, golden in step.outputs.items():
            result.append(_compare(graph, step, name, golden, found[name]))
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
        real(array, quantization) if array.dtype != np.float32 else array.astype(np.float64)
        for array in (golden, found)
    ]
    amount = float(np.max(np.abs(reals[0] - reals[1]), initial=0.0)) / unit
    if unit == 1.0:
        return Difference(step.name, step.entry_point, name, amount, "absolute")
    # Multiples of the step; what is left of it is the float32 product's rounding.
    return Difference(step.name, step.entry_point, name, round(amount, 3), "LSB")


def worst(found: Sequence[Difference]) -> Mapping[str, Difference]:
    """The largest difference by entry point and output."""
    result: dict[str, Difference] = {}
    for difference in found:
        key = f"{difference.entry_point}/{difference.output}"
        if key not in result or difference.amount > result[key].amount:
            result[key] = difference
    return result
