"""How lowerings of the PULP tools' integer operators read operands and constants.

Tensors of 8 bits exist in the lowered graph as int8, quantised with scale 1: a uint8 tensor is
stored minus 128, which is its zero point. All others are int32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compiler.errors import UnsupportedForm
from compiler.frontend.pulp_dialect.attributes import integer_attribute
from compiler.ir import Array, DataType, Quantization
from compiler.lowering.operand import Operand, Result
from compiler.operators.cast import INTEGERS, converted

if TYPE_CHECKING:
    from compiler.frontend.model import OnnxNode
    from compiler.lowering.context import LoweringContext

STORED = {DataType.INT8: Quantization(1.0, 0), DataType.UINT8: Quantization(1.0, -128)}
"""How tensors of 8 bits are stored."""


@dataclass(frozen=True)
class Stored:
    """An operand of 8 bits: the int8 value `name` minus `zero_point`."""

    name: str
    zero_point: int

    @property
    def low(self) -> int:
        return -128 - self.zero_point

    @property
    def high(self) -> int:
        return 127 - self.zero_point


def stored_value(node: OnnxNode, context: LoweringContext, operand: Operand) -> Stored | None:
    """An operand as int8; None if it does not have 8 bits.

    A constant has as many bits as its values need.
    """
    if operand.constant is not None:
        data = _integers(operand.name, operand.constant)
        for quantization in STORED.values():
            shifted = data + quantization.zero_point
            if data.size == 0 or (shifted.min() >= -128 and shifted.max() <= 127):
                name = context.constant(node, operand.name, shifted.astype(np.int8))
                return Stored(name, quantization.zero_point)
        return None
    _require_integers(operand)
    if operand.type.data_type not in STORED:
        return None
    zero_point = STORED[operand.type.data_type].zero_point
    return Stored(context.stored_bytes(node, operand), zero_point)


def required_bytes(node: OnnxNode, context: LoweringContext, index: int) -> Stored:
    """Operand `index` as int8. Raises UnsupportedForm if it does not have 8 bits."""
    operand = context.required(node, index)
    stored = stored_value(node, context, operand)
    if stored is None:
        raise UnsupportedForm(
            f"its operand {operand.name!r} is {operand.type.data_type.value}",
            "int8 and uint8",
            "put a RequantShift before it",
        )
    return stored


def broadcasts_to(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a tensor of a shape broadcasts to the other one."""
    try:
        return np.broadcast_shapes(shape, other) == other
    except ValueError:
        return False


def int32_value(node: OnnxNode, context: LoweringContext, operand: Operand) -> str:
    """An operand of any number of bits as an int32 value."""
    if operand.constant is not None:
        data = _integers(operand.name, operand.constant)
        return context.constant(node, operand.name, data.astype(np.int32))
    _require_integers(operand)
    return converted(node, context, operand, DataType.INT32)


def _require_integers(operand: Operand) -> None:
    if operand.type.data_type not in INTEGERS:
        raise UnsupportedForm(
            f"its operand {operand.name!r} is {operand.type.data_type.value}",
            "integers",
            "quantise the operand first",
        )


def constant_integers(node: OnnxNode, context: LoweringContext, index: int) -> Array:
    """The constant operand `index`, int64. Raises UnsupportedForm if it is no such thing."""
    operand = context.required(node, index)
    if operand.constant is None:
        raise UnsupportedForm(
            f"its operand {operand.name!r} is computed at run time", "constant operands"
        )
    return _integers(operand.name, operand.constant, 2.0**62)


def _integers(name: str, data: Array, limit: float = 2.0**31) -> Array:
    real = data.astype(np.float64)
    whole = np.isfinite(real) & (real == np.rint(real)) & (np.abs(real) < limit)
    if not np.all(whole):
        bad = real[~whole].reshape(-1)[0]
        raise UnsupportedForm(
            f"its constant operand {name!r} has {bad:g} in it",
            f"integers between -2^{int(np.log2(limit))} and 2^{int(np.log2(limit))}",
        )
    return data.astype(np.int64)


def required_attribute(node: OnnxNode, *names: str) -> int:
    """The first of the attributes that the node has, an integer.

    Raises UnsupportedForm if it has none, or one that is no integer.
    """
    value = integer_attribute(node, *names)
    if value is None:
        given = [name for name in names if name in node.attributes]
        shown = " or ".join(repr(name) for name in names)
        found = f"its attribute {given[0]!r} is no integer" if given else f"it has no {shown}"
        raise UnsupportedForm(found, f"nodes with an integer {shown}")
    return value


def power_of_two(node: OnnxNode, name: str) -> int:
    """The exponent of an attribute that is a power of two. Raises UnsupportedForm otherwise."""
    value = required_attribute(node, name)
    if value < 1 or value & (value - 1):
        raise UnsupportedForm(f"its attribute {name!r} is {value}", "powers of two")
    return value.bit_length() - 1


def result_of(node: OnnxNode, context: LoweringContext, fused: tuple[str, ...] = ()) -> Result:
    """Where output 0 of a node of the dialect goes."""
    type_ = context.model.tensors[node.output()].type
    return Result(node.output(), type_, STORED.get(type_.data_type), fused=fused)
