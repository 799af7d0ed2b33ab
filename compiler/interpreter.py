"""Runs a lowered graph in NumPy: the bit-exact twin of the generated C."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compiler.ir import Array, Graph, Operation, TensorType


class WrongResult(TypeError):
    """An operation has made something else than it says that it makes."""

    def __init__(self, operation: Operation, text: str) -> None:
        self.operation = operation
        super().__init__(text)


def interpret(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Values of all outputs, by name.

    `inputs` must hold an array of the right shape and type for every graph input, states included;
    the caller carries states from one run to the next. Raises ValueError if one does not fit.
    """
    return {
        name: values
        for name, values in interpret_all(graph, inputs).items()
        if name in graph.outputs
    }


def interpret_all(
    graph: Graph, inputs: Mapping[str, Array], replaced: Mapping[str, Array] | None = None
) -> dict[str, Array]:
    """Values of all non-constant tensors, by name, to compare networks layer by layer.

    Nodes read the arrays of `replaced`, of the right shape and type, in place of the results of
    the nodes before them, which so have no influence on theirs.
    """
    replaced = replaced or {}
    values: dict[str, Array] = {}
    read: dict[str, Array] = {}
    for name in graph.inputs:
        array = np.asarray(inputs[name])
        if TensorType.of(array) != graph.values[name].type:
            raise ValueError(f"{name!r} is {TensorType.of(array)}, not {graph.values[name].type}")
        values[name] = array
        read[name] = replaced.get(name, array)
    constants = {value.name: value.constant for value in graph.constants()}
    for node in graph.nodes:
        operands = [
            None if n is None else read[n] if n in read else constants[n] for n in node.inputs
        ]
        types = graph.output_types(node)
        if all(type_.elements == 0 for type_ in types):
            # Nothing to compute, and no kernel runs.
            results = tuple(np.zeros(type_.shape, type_.data_type.numpy) for type_ in types)
        else:
            results = node.operation.evaluate(operands)
        for name, result in zip(node.outputs, results, strict=True):
            if TensorType.of(result) != graph.values[name].type:
                text = f"{node.name}: {name!r} came out as {TensorType.of(result)}"
                raise WrongResult(node.operation, text)
            # NumPy makes numbers of arrays without axes.
            values[name] = np.asarray(result)
            read[name] = replaced.get(name, values[name])
    return values
