"""Values of inputs for which a program with extents is checked, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from compiler.ir import Array, Graph
from compiler.memory.memory_map import interface_inputs
from compiler.schedule.program import Extent, Program

_SAMPLES: tuple[Callable[[Extent], int], ...] = (
    lambda extent: -(1 << 31),
    lambda extent: 0,
    lambda extent: extent.maximum // 3 - extent.offset,
    lambda extent: extent.maximum // 2 - extent.offset,
    lambda extent: extent.maximum - extent.offset - 1,
    lambda extent: extent.maximum - extent.offset,
    lambda extent: (1 << 31) - 1,
)
"""The edges of what is possible, some values between, and what is beyond."""


def sample_values(program: Program) -> list[dict[int, int]]:
    """By interface input, values that the program's extents depend on."""
    return [{extent.input: sample(extent) for extent in program.extents} for sample in _SAMPLES]


def known_values(graph: Graph, values: Mapping[int, int]) -> dict[str, Array]:
    """The tensors that follow from constants and from these interface inputs of one element."""
    inputs = interface_inputs(graph)
    known = {value.name: value.constant for value in graph.constants()}
    for index, value in values.items():
        type_ = graph.values[inputs[index]].type
        known[inputs[index]] = np.full(type_.shape, value, type_.data_type.numpy)
    for node in graph.nodes if values else ():
        operands = [None if name is None else known.get(name) for name in node.inputs]
        pairs = zip(operands, node.inputs, strict=True)
        if all((data is None) == (name is None) for data, name in pairs):
            known.update(zip(node.outputs, node.operation.evaluate(operands), strict=True))
    return {name: data for name, data in known.items() if data is not None}
