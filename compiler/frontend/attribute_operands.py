"""Attributes that became operands of their operators in later operator sets.

Some tools write the old form into files of a new operator set. What is meant is plain, so the
attributes become constant operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from compiler.frontend.check_attributes import ONNX_DOMAINS
from compiler.frontend.upgrade_opset import opset_of


@dataclass(frozen=True)
class Change:
    """`since` is the operator set in which `attributes` became the operands from index 1 on."""

    since: int
    attributes: tuple[str, ...]
    element: type = np.int64


CHANGES = {
    "Clip": Change(11, ("min", "max"), np.float32),
    "Expand": Change(8, ("shape",)),
    "Pad": Change(11, ("pads", "value")),
    "ReduceSum": Change(13, ("axes",)),
    "Reshape": Change(5, ("shape",)),
    "Slice": Change(10, ("starts", "ends", "axes", "steps")),
    "Split": Change(13, ("split",)),
    "Squeeze": Change(13, ("axes",)),
    "Tile": Change(6, ("repeats",)),
    "Unsqueeze": Change(13, ("axes",)),
    **{
        operator: Change(18, ("axes",))
        for operator in (
            *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"),
            *("ReduceMin", "ReduceProd", "ReduceSumSquare"),
        )
    },
}
REAL = frozenset({("Pad", "value")})
"""Attributes that are numbers of the tensor's type."""


def attributes_to_operands(proto: ModelProto) -> None:
    """Makes operands of what the model's operator set no longer has as attributes."""
    opset = opset_of(proto)
    for node in proto.graph.node:
        change = CHANGES.get(node.op_type) if node.domain in ONNX_DOMAINS else None
        if change is None or opset < change.since or len(node.input) != 1:
            continue
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if not any(name in given for name in change.attributes):
            continue
        operands = [
            _operand(proto, node, name, given.get(name), change.element)
            for name in change.attributes
        ]
        kept = [a for a in node.attribute if a.name not in change.attributes]
        del node.attribute[:]
        node.attribute.extend(kept)
        while operands and not operands[-1]:
            operands.pop()
        node.input.extend(operands)


def _operand(
    proto: ModelProto,
    node: NodeProto,
    name: str,
    value: float | Sequence[int] | None,
    element: type,
) -> str:
    """The name of a constant with an attribute's value; empty if there is none."""
    if value is None:
        return ""
    tensor = f"{node.name or node.output[0]}/{name}"
    data = np.array(value, np.float32 if (node.op_type, name) in REAL else element)
    proto.graph.initializer.append(numpy_helper.from_array(data, tensor))
    return tensor
