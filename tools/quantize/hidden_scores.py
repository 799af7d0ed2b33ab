"""Finds the scores that a mask hides from a softmax: they stay float32.

A mask replaces scores by minus infinity, or by a number so low that nothing is left of it behind
the softmax, or adds that to them. Such a number in the range of a tensor would leave no steps for
the scores that count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import NodeProto, numpy_helper

HIDING = -100.0
"""The highest number that hides a score: exp(-100) is below 2^-144. Windowed attention uses it."""

_MASKS = {"Add": (0, 1), "Where": (1, 2)}
"""Operators that hide scores, and their operands that may hold the number."""

_MOVES = frozenset(
    {
        *("Cast", "Concat", "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice"),
        *("Squeeze", "Tile", "Transpose", "Unsqueeze"),
    }
)
"""Operators that move hidden scores, or their mask."""

_READERS = frozenset({"Attention", "LogSoftmax", "Softmax"})
"""Operators to which a hidden score is one that does not count."""

_SCORES = frozenset({"LogSoftmax", "Softmax"})


@dataclass(frozen=True)
class HiddenScores:
    """What is not quantised.

    Attributes:
        tensors: hidden scores and masks; nothing else than a softmax makes use of them.
        nodes: positions of the nodes that make them, and of the softmaxes.
    """

    tensors: frozenset[str]
    nodes: tuple[int, ...]


def hidden_scores(model: onnx.ModelProto) -> HiddenScores:
    """Those of the model's main graph, by its structure."""
    hiding = {t.name for t in model.graph.initializer if _holds(numpy_helper.to_array(t))}
    constants = set(hiding)
    for node in model.graph.node:
        if node.op_type == "Constant":
            values = [numpy_helper.to_array(a.t) for a in node.attribute if a.name == "value"]
            if any(_holds(value) for value in values):
                hiding.add(node.output[0])
                constants.add(node.output[0])
        elif any(node.input[i] in hiding for i in _operands(node)):
            hiding.add(node.output[0])
    readers: dict[str, list[NodeProto]] = {name: [] for name in hiding}
    for node in model.graph.node:
        for name in set(node.input) & hiding:
            readers[name].append(node)
    outputs = {value.name for value in model.graph.output}
    hidden: set[str] = set()
    for node in reversed(model.graph.node):
        name = next(iter(node.output), "")
        if name in hiding - constants - outputs and _ends_there(readers[name], hidden):
            hidden.add(name)
    nodes = [
        index
        for index, node in enumerate(model.graph.node)
        if hidden & set(node.output) or (node.op_type in _SCORES and hidden & set(node.input))
    ]
    return HiddenScores(frozenset(hidden), tuple(nodes))


def names_of(model: onnx.ModelProto, hidden: HiddenScores) -> list[str]:
    """The names of the nodes, which get one if they have none."""
    taken = {node.name for node in model.graph.node}
    for index in hidden.nodes:
        node, name = model.graph.node[index], f"hidden_scores_{index}"
        while not node.name:
            node.name = "" if name in taken else name
            name += "_"
    return [model.graph.node[index].name for index in hidden.nodes]


def _holds(data: np.ndarray) -> bool:
    """Whether a constant has a number that hides scores."""
    return data.dtype.kind == "f" and data.size > 0 and bool(data.min() <= HIDING)


def _operands(node: NodeProto) -> tuple[int, ...]:
    if node.op_type in _MOVES:
        return tuple(range(len(node.input))) if node.op_type == "Concat" else (0,)
    return _MASKS.get(node.op_type, ())


def _ends_there(readers: list[NodeProto], hidden: set[str]) -> bool:
    """Whether all readers are softmaxes, or make hidden scores in their turn."""
    return bool(readers) and all(
        node.op_type in _READERS or node.output[0] in hidden for node in readers
    )
