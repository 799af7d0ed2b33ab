"""Attributes of nodes that are not imported yet."""

from __future__ import annotations

import numpy as np
from onnx import AttributeProto, NodeProto, helper

from compiler.errors import UnsupportedForm
from compiler.frontend.check_structure import tensor_data
from compiler.ir import Array

NUMBERS = (
    AttributeProto.INT,
    AttributeProto.INTS,
    AttributeProto.FLOAT,
    AttributeProto.FLOATS,
    AttributeProto.TENSOR,
)
LIMIT = 2.0**62


def numbers(node: NodeProto, name: str) -> Array | None:
    """An attribute's numbers, float64 [any]; None if the node does not have it.

    Files store them as numbers, lists or tensors. Raises UnsupportedForm for what is no number.
    """
    for attribute in node.attribute:
        if attribute.name != name:
            continue
        if attribute.type not in NUMBERS:
            raise UnsupportedForm(f"its attribute {name!r} is no number", "numbers")
        tensor = attribute.type == AttributeProto.TENSOR
        value = tensor_data(attribute.t) if tensor else helper.get_attribute_value(attribute)
        return np.asarray(value, np.float64).reshape(-1)
    return None


def number(node: NodeProto, name: str) -> float | None:
    """An attribute's only number; None if the node does not have it.

    Raises UnsupportedForm if it is no finite number, or several.
    """
    data = numbers(node, name)
    if data is None:
        return None
    if data.size != 1 or not np.isfinite(data[0]):
        raise UnsupportedForm(f"its attribute {name!r} is no finite number", "one finite number")
    return float(data[0])


def integers(node: NodeProto, name: str) -> list[int] | None:
    """An attribute's numbers, which are integers. Raises UnsupportedForm if they are none."""
    data = numbers(node, name)
    if data is None:
        return None
    if not np.all(np.isfinite(data) & (data == np.rint(data)) & (np.abs(data) < LIMIT)):
        raise UnsupportedForm(f"its attribute {name!r} is no integer", "integers")
    return [int(value) for value in data]


def integer(node: NodeProto, *names: str) -> int | None:
    """The first of the attributes that the node has, one integer; None if it has none.

    Raises UnsupportedForm if it is no integer.
    """
    for name in names:
        found = integers(node, name)
        if found is None:
            continue
        if len(found) != 1:
            raise UnsupportedForm(f"its attribute {name!r} has {len(found)} numbers", "one integer")
        return found[0]
    return None


def required_integer(node: NodeProto, *names: str) -> int:
    """The first of the attributes that the node has. Raises UnsupportedForm if it has none."""
    value = integer(node, *names)
    if value is None:
        shown = " or ".join(repr(name) for name in names)
        raise UnsupportedForm(f"it has no {shown}", f"nodes with an integer {shown}")
    return value
