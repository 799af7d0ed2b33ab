"""Nodes that the PULP tools' passes merge from several, as these several again.

Each becomes the operators and the RequantShift nodes of which it is made; what the compiler
computes in one kernel is decided later. Operands and attributes are those that Deeploy's parsers
read (github.com/pulp-platform/Deeploy, Deeploy/Targets/Generic/Parsers.py).
"""

from __future__ import annotations

from collections.abc import Callable

import onnx.defs

from compiler.errors import UnsupportedForm
from compiler.frontend.pulp_dialect.multi_head_attention import expand_attention
from compiler.frontend.pulp_dialect.parts import BYTE_LEVELS, Parts
from compiler.frontend.pulp_dialect.proto_attributes import integer, required_integer
from compiler.operators.registry import PULP_DOMAIN


def _check_bytes(parts: Parts) -> None:
    """Refuses what a merged function of bytes does not give: all but int8 with 256 levels."""
    levels = integer(parts.node, "n_levels_out", "n_levels")
    signed = integer(parts.node, "signed")
    if levels not in (None, BYTE_LEVELS) or signed not in (None, 1):
        raise UnsupportedForm(
            f"it has n_levels = {levels} and signed = {signed}",
            f"n_levels = {BYTE_LEVELS} and signed = 1",
            "write the function and its RequantShift as two nodes",
        )


def _function(operator: str, names: tuple[str, ...]) -> Callable[[Parts], None]:
    """RequantizediGELU and RequantizediHardswish: a function, then RequantShift to int8."""

    def expand(parts: Parts) -> None:
        _check_bytes(parts)
        values = {name: required_integer(parts.node, name) for name in names}
        wide = parts.emit_dialect(operator, [parts.operand(0)], "wide", **values)
        mul, add = (
            parts.constant(role, required_integer(parts.node, role))
            if parts.optional(index) is None
            else parts.operand(index)
            for index, role in ((1, "mul"), (2, "add"))
        )
        divisor = parts.divisor(shift_operand=3)
        parts.emit_dialect(
            "RequantShift", [wide, mul, add], div=divisor, n_levels=BYTE_LEVELS, signed=1
        )

    return expand


def _division(parts: Parts) -> None:
    """RQIntegerDiv: IntegerDiv of operands 0 and 1, then RequantShift."""
    names = ("Delta", "eta", "eps")
    values = {name: required_integer(parts.node, name) for name in names}
    wide = parts.emit_dialect(
        "IntegerDiv", [parts.operand(0), parts.operand(1)], "quotient", **values
    )
    levels = required_integer(parts.node, "n_levels_out", "n_levels")
    signed = required_integer(parts.node, "signed")
    parts.emit_dialect(
        "RequantShift",
        [wide, parts.operand(2), parts.operand(3)],
        div=parts.divisor(shift_operand=4),
        n_levels=levels,
        signed=signed,
    )


def _addition(parts: Parts) -> None:
    """RequantizedAdd: each operand has a RequantShift of its own, and so has the sum."""
    operands: list[str] = []
    for index, prefix in enumerate(("rqs1_", "rqs2_")):
        operands.append(_requantised_term(parts, parts.operand(index), prefix, prefix.rstrip("_")))
    total = parts.emit("Add", operands, "sum")
    _requantised_term(parts, total, "rqsOut_", "")


def _requantised_term(parts: Parts, x: str, prefix: str, role: str) -> str:
    constants = [
        parts.constant(f"{prefix}{name}", required_integer(parts.node, f"{prefix}{name}"))
        for name in ("mul", "add")
    ]
    required_integer(parts.node, f"{prefix}signed")
    required_integer(parts.node, f"{prefix}n_levels_out", f"{prefix}n_levels")
    return parts.requantise(x, constants[0], constants[1], role, prefix)


def _product(operator: str) -> Callable[[Parts], None]:
    """A product and its RequantShift, whose operands mul and add come last."""

    def expand(parts: Parts) -> None:
        operands = list(parts.node.input)
        if len(operands) < 4:
            raise UnsupportedForm(
                f"it has {len(operands)} operands",
                f"operands of {operator}, mul and add",
            )
        if integer(parts.node, "channels_first") == 0:
            raise UnsupportedForm(
                "its attribute 'channels_first' is 0", "channels_first = 1, or none"
            )
        own = onnx.defs.get_schema(operator).attributes
        sums = parts.emit(operator, operands[:-2], "sums")
        parts.nodes[-1].attribute.extend(a for a in parts.node.attribute if a.name in own)
        # What is wrong with the others is said when RequantShift is lowered.
        parts.emit("RequantShift", [sums, *operands[-2:]], domain=PULP_DOMAIN)
        parts.nodes[-1].attribute.extend(a for a in parts.node.attribute if a.name not in own)

    return expand


MERGED: dict[str, Callable[[Parts], None]] = {
    "MHSA": expand_attention,
    "RQGemm": _product("Gemm"),
    "RQIntegerDiv": _division,
    "RQMatMul": _product("MatMul"),
    "RequantizedAdd": _addition,
    "RequantizedConv": _product("Conv"),
    "RequantizedGemm": _product("Gemm"),
    "RequantizediGELU": _function("iGELU", ("b", "one")),
    "RequantizediHardswish": _function("iHardswish", ("one_over_six", "three", "six")),
}
"""By operator, what makes a node's parts. It raises UnsupportedForm."""
