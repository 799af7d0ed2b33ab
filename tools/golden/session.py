"""onnxruntime on the runs of a network: the same inputs, and states of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime

from compiler.ir import Array, Graph, Quantization


class Session:
    """A model in onnxruntime, as it is: without graph optimisation.

    (Its fused integer kernels saturate on some processors.)
    """

    def __init__(self, model: bytes, graphs: Sequence[Graph]) -> None:
        """`graphs` are the entry points that the model was lowered to."""
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._types = {tensor.name: tensor.type for tensor in self._session.get_inputs()}
        self._outputs = [tensor.name for tensor in self._session.get_outputs()]
        self._graphs = {graph.name: graph for graph in graphs}
        self._states: dict[str, Array] = {}

    def run(self, entry_point: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """All outputs of the model, states included; `inputs` are as the network takes them."""
        graph = self._graphs[entry_point]
        feeds = {
            name: _as_expected(array, graph.values[name].quantization, self._types[name])
            for name, array in inputs.items()
        }
        found = self._session.run(self._outputs, {**feeds, **self.states(entry_point)})
        result = {name: np.asarray(array) for name, array in zip(self._outputs, found, strict=True)}
        self._states.update({state.input: result[state.output] for state in graph.states})
        return result

    def states(self, entry_point: str) -> dict[str, Array]:
        """What the next run of an entry point finds in the states, by the state's input."""
        result: dict[str, Array] = {}
        for state in self._graphs[entry_point].states:
            shape = self._graphs[entry_point].values[state.input].type.shape
            zero = np.zeros(shape, _numpy(self._types[state.input]))
            result[state.input] = self._states.get(state.input, zero)
        return result


def real(array: Array, quantization: Quantization | None) -> Array:
    """The real numbers that an array stands for, float64."""
    if quantization is None:
        return array.astype(np.float64)
    return (array.astype(np.float64) - quantization.zero_point) * quantization.scale


def _as_expected(array: Array, quantization: Quantization | None, type_: str) -> Array:
    """The array as onnxruntime's session takes it: real values if the model's input is float."""
    expected = _numpy(type_)
    if expected == np.float32 and array.dtype != np.float32:
        return real(array, quantization).astype(np.float32)
    return array.astype(expected)


def _numpy(type_: str) -> np.dtype[np.generic]:
    """NumPy's type for onnxruntime's `tensor(float)` and the like."""
    name = type_.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(name, name))
