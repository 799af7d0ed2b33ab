"""What the layers of a network made in some runs, wherever it ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from compiler.ir import Array, Graph, Node, Quantization, Value
from compiler.report.mapping import result_of

Key = tuple[str, int]
"""A value's name in the lowered graph; 1 for a copy that the memory plan asks for, else 0."""


ONNXRUNTIME = "onnxruntime"
INTERPRETER = "interpreter"


@dataclass(frozen=True)
class Step:
    """One run: an entry point's graph, and its inputs without states."""

    graph: Graph
    inputs: Mapping[str, Array]


@dataclass(frozen=True)
class Form:
    """How a tensor of the model is there.

    Attributes:
        value: name in the lowered graph; of a tensor in onnxruntime, the tensor's.
        tensor: the tensor of the model that it is, if it is one.
        permutation: order of the tensor's axes in memory, if it is not the model's.
        quantization: what its integers stand for, if that is known.
        step: of a float32 value that is a dequantised integer one: that one's scale.
    """

    value: str
    tensor: str
    permutation: tuple[int, ...] | None = None
    quantization: Quantization | None = None
    step: float | None = None

    @staticmethod
    def of_value(value: Value, producer: Node | None) -> Form:
        return Form.of_result(result_of(value, producer))

    @staticmethod
    def of_result(result: Mapping[str, Any]) -> Form:
        """From an entry of `results` in a mapping report."""
        permutation = result.get("permutation")
        quantization = None
        if "scale" in result:
            quantization = Quantization(result["scale"], result["zero_point"])
        return Form(
            result["value"],
            result.get("tensor", result["value"]),
            None if permutation is None else tuple(permutation),
            quantization,
            result.get("step"),
        )

    def in_model_layout(self, array: Array) -> Array:
        """An array in this form's layout with its axes in the model's order."""
        if self.permutation is None:
            return array
        return array.transpose(np.argsort(self.permutation))

    def in_own_layout(self, array: Array) -> Array:
        """The inverse of `in_model_layout`."""
        return array if self.permutation is None else array.transpose(self.permutation)


@dataclass(frozen=True)
class Made:
    """One result of one layer in one run; `array` is in the model's layout.

    Attributes:
        layer: its number in the mapping report, if it is a kernel call.
        kernel: the C function, the lowered operation or the model's operator.
        nodes: the model's nodes whose work the layer does; none for an input.
        quantised_from: the tensor whose quantised or dequantised form it is, if it is one.
    """

    form: Form
    array: Array
    layer: int | None = None
    kernel: str = ""
    nodes: tuple[str, ...] = ()
    quantised_from: str = ""


@dataclass
class Run:
    """One run of an entry point: everything that was made, in the order of execution."""

    entry_point: str
    made: dict[Key, Made] = field(default_factory=dict[Key, Made])


@dataclass
class Recording:
    """Runs of one network.

    Attributes:
        source: where it comes from, for people.
        is_lowered: whether its values are those of the lowered graph: all but onnxruntime's are.
        is_exact: whether equal arithmetic gives equal bits, as everywhere but in onnxruntime.
        end: why the last run is not complete, if it is not.
    """

    source: str
    runs: list[Run] = field(default_factory=list[Run])
    is_lowered: bool = True
    end: str = ""

    @property
    def values(self) -> int:
        return sum(len(run.made) for run in self.runs)


def forms_of(graph: Graph) -> dict[str, Form]:
    """The forms of all values of a graph that are not constant."""
    producers = graph.producers()
    return {
        value.name: Form.of_value(value, producers.get(value.name))
        for value in graph.values.values()
        if value.constant is None
    }
