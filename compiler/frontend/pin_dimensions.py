"""Gives symbolic dimensions their extents, also those that are sums or products of others."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from onnx import ModelProto, ValueInfoProto

from compiler.errors import Code, CompileError, Problem
from compiler.frontend.check_sizes import MAXIMUM_BYTES, too_large

OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: int.__add__,
    ast.Sub: int.__sub__,
    ast.Mult: int.__mul__,
    ast.FloorDiv: int.__floordiv__,
    ast.Mod: int.__mod__,
}
FUNCTIONS: Mapping[str, Callable[[int, int], int]] = {"Max": max, "Min": min}
"""As PyTorch's exporter spells them."""


class Expression:
    """An extent as exporters write it: `past + 1`, `2*seq`, `(height - 1)//2 + 1`, `Max(2, seq)`.

    Raises ValueError for other texts.
    """

    def __init__(self, text: str) -> None:
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(f"{text!r} is no expression") from error
        self.symbols = tuple(dict.fromkeys(self._symbols(self._tree)))
        """The names in it, in their order."""

    def _symbols(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Name(id=name):
                yield name
            case ast.Constant(value=int()):
                return
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                yield from self._symbols(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                yield from self._symbols(left)
                yield from self._symbols(right)
            case ast.Call(func=ast.Name(id=name), args=[first, second], keywords=[]) if (
                name in FUNCTIONS
            ):
                yield from self._symbols(first)
                yield from self._symbols(second)
            case _:
                raise ValueError("it has other operators than + - * // % Max Min")

    def value(self, extents: Mapping[str, int]) -> int:
        """Its value. Raises ZeroDivisionError, and KeyError for a symbol without extent."""
        return self._value(self._tree, extents)

    def _value(self, node: ast.expr, extents: Mapping[str, int]) -> int:
        match node:
            case ast.Name(id=name):
                return extents[name]
            case ast.Constant(value=int(value)):
                return value
            case ast.UnaryOp(operand=operand):
                return -self._value(operand, extents)
            case ast.BinOp(left=left, op=op, right=right):
                return OPERATORS[type(op)](self._value(left, extents), self._value(right, extents))
            case ast.Call(func=ast.Name(id=name), args=[first, second]):
                return FUNCTIONS[name](self._value(first, extents), self._value(second, extents))
            case _:
                raise AssertionError("the constructor has refused it")


def runtime_inputs(proto: ModelProto) -> list[ValueInfoProto]:
    """The inputs that have no initialiser."""
    initialized = {tensor.name for tensor in proto.graph.initializer}
    return [value for value in proto.graph.input if value.name not in initialized]


def pin_dimensions(proto: ModelProto, extents: Mapping[str, int]) -> None:
    """Sets symbolic dimensions in place; every input is a static tensor afterwards.

    Raises:
        CompileError: inputs whose dimensions are open, and names in `extents` that no dimension
            has; all of them.
    """
    known = _symbols(proto)
    problems = [
        Problem(
            Code.BAD_ENTRY_POINT,
            f"dimension {name!r}",
            "the model has no symbolic dimension of this name",
            "its dimensions: " + (", ".join(known) or "none is symbolic"),
        )
        for name in extents
        if name not in known
    ]
    excessive = [name for name, extent in extents.items() if extent > MAXIMUM_BYTES]
    if excessive:
        raise CompileError([too_large(name, [extents[name]]) for name in excessive])
    for value in [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]:
        if value.type.HasField("tensor_type"):
            for dimension in value.type.tensor_type.shape.dim:
                if dimension.dim_param in extents:
                    dimension.dim_value = extents[dimension.dim_param]
    inputs = runtime_inputs(proto)
    for value in inputs:
        problems += _compute(value, extents)
    open_inputs = [problem for value in inputs for problem in _input_problems(value, extents)]
    if problems or open_inputs:
        raise CompileError([*open_inputs, *problems])


def _compute(value: ValueInfoProto, extents: Mapping[str, int]) -> Iterator[Problem]:
    """Sets dimensions that are expressions, as far as what is in them has extents."""
    for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
        text = dimension.dim_param
        found = _computed(text, extents)
        if found is None:
            continue
        dimension.dim_value = max(0, found)
        if found < 0:
            yield Problem(
                Code.DYNAMIC_SHAPE,
                f"input {value.name!r}",
                f"dimension {axis} is {text!r}, which is {found}",
                "static shapes",
                "pin what is in it to other extents",
            )


def _expression(text: str) -> Expression | None:
    try:
        return Expression(text)
    except (ValueError, RecursionError):
        return None


def _computed(text: str, extents: Mapping[str, int]) -> int | None:
    """The extent that an expression has; None if the text is none, or a symbol in it is open."""
    expression = _expression(text)
    if expression is None or not expression.symbols:
        return None
    try:
        value = expression.value(extents)
    except (KeyError, ZeroDivisionError):
        return None
    if value > MAXIMUM_BYTES:
        raise CompileError([too_large(text, [value])])
    return value


def _input_problems(value: ValueInfoProto, extents: Mapping[str, int]) -> Iterator[Problem]:
    where = f"input {value.name!r}"
    if not value.type.HasField("tensor_type") or not value.type.tensor_type.elem_type:
        kind = value.type.WhichOneof("value") or "undefined"
        found = "it has no element type" if kind == "tensor_type" else f"its type is {kind}"
        yield Problem(
            Code.UNSUPPORTED_DATA_TYPE, where, found, "dense tensors", "export the model with types"
        )
        return
    if not value.type.tensor_type.HasField("shape"):
        yield Problem(
            Code.DYNAMIC_SHAPE,
            where,
            "it has no shape",
            "static shapes",
            "export the model with shapes",
        )
    for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
        if not dimension.HasField("dim_value"):
            name = dimension.dim_param or "?"
            yield Problem(
                Code.DYNAMIC_SHAPE,
                where,
                f"dimension {axis} is {name!r}, which has no value",
                "static shapes",
                _how_to_pin(name, extents) if dimension.dim_param else "give it an extent",
            )
        elif dimension.dim_value < 0:
            yield Problem(
                Code.DYNAMIC_SHAPE,
                where,
                f"dimension {axis} is {dimension.dim_value}",
                "static shapes",
                "give it an extent",
            )


def _how_to_pin(name: str, extents: Mapping[str, int]) -> str:
    expression = _expression(name)
    missing = [s for s in expression.symbols if s not in extents] if expression else []
    names = missing or [name]
    dims = ", ".join(f'"{each}": <extent>' for each in names)
    entry_point = ",".join(f"{each}=<extent>" for each in names)
    return f"pin it: dims = {{{dims}}} in Bazel, else --entry-point :{entry_point}"


def _symbols(proto: ModelProto) -> list[str]:
    """What can be pinned: the dimensions as they are spelt, and the names in them."""
    found: dict[str, None] = {}
    for value in runtime_inputs(proto):
        for dimension in value.type.tensor_type.shape.dim:
            if not dimension.dim_param:
                continue
            expression = _expression(dimension.dim_param)
            found.update(dict.fromkeys(expression.symbols if expression else ()))
            found[dimension.dim_param] = None
    return list(found)
