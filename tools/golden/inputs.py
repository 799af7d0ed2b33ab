"""Test inputs of a network: drawn from a seed where none are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.errors import Code, CompileError, Problem
from compiler.ir import Array, DataType, Graph
from compiler.memory import interface_inputs


def random_inputs(graphs: Sequence[Graph], steps: int, seed: int) -> dict[str, Array]:
    """Inputs for `steps` runs of every entry point, keyed as `compiler.report.golden` reads them.

    int8 and uint8 values are uniform over the whole range, float32 values standard normal.

    Raises:
        CompileError: an input is of another type; what its values mean cannot be guessed.
    """
    generator = np.random.default_rng(seed)
    result: dict[str, Array] = {}
    problems: list[Problem] = []
    for graph in graphs:
        for name in interface_inputs(graph):
            type_ = graph.values[name].type
            if type_.data_type not in (DataType.INT8, DataType.UINT8, DataType.FLOAT32):
                problems.append(
                    Problem(
                        Code.BAD_OPTION,
                        f"input {name!r}",
                        f"it is {type_}: which of its values make sense is not known",
                        "random int8, uint8 and float32 inputs",
                        "give inputs in an npz file",
                    )
                )
    if problems:
        raise CompileError(list(dict.fromkeys(problems)))
    for step in range(steps):
        for graph in graphs:
            for name in interface_inputs(graph):
                type_ = graph.values[name].type
                key = f"{step:03}/{graph.name}/input/{name}"
                result[key] = _draw(generator, type_.data_type, type_.shape)
    return result


def _draw(generator: np.random.Generator, data_type: DataType, shape: tuple[int, ...]) -> Array:
    if data_type is DataType.FLOAT32:
        return generator.standard_normal(shape).astype(np.float32)
    limits = np.iinfo(data_type.numpy)
    return generator.integers(limits.min, limits.max + 1, shape).astype(data_type.numpy)
