"""The C interface of a network: functions, arguments, macros, states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.codegen.identifiers import Scope, identifier
from compiler.errors import Code, CompileError, Problem
from compiler.ir import Graph, Quantization, TensorType, Value
from compiler.memory import Plan, interface_inputs, interface_outputs

RESERVED = ("core", "cores", "arena", "state", "row", "i", "inputs", "outputs")
"""Identifiers that the generated code uses itself."""

OWN_MACROS = ("arena", "state", "weights")
"""Tensors whose macros would be those of the network, such as NETWORK_WEIGHTS_BYTES."""


@dataclass(frozen=True)
class Argument:
    """One argument of an entry point: an interface tensor in the caller's memory."""

    tensor: str
    identifier: str
    macro: str
    type: TensorType
    quantization: Quantization | None
    is_output: bool

    @property
    def declaration(self) -> str:
        const = "" if self.is_output else "const "
        return f"{const}{self.type.data_type.c_name} *{self.identifier}"

    @property
    def data_type(self) -> str:
        """The enumerator of tilewright/network.h."""
        return f"TW_{self.type.data_type.name}"


@dataclass(frozen=True)
class EntryPoint:
    """One C function: `function(inputs..., outputs...)`."""

    name: str
    identifier: str
    function: str
    graph: Graph
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        return (*self.inputs, *self.outputs)


@dataclass(frozen=True)
class StateField:
    """One state: a field of the struct that holds all of them."""

    name: str
    identifier: str
    type: TensorType
    quantization: Quantization | None

    @property
    def zero(self) -> int:
        """The stored value of real zero, which every element has after a reset."""
        return self.quantization.zero_point if self.quantization is not None else 0


@dataclass(frozen=True)
class Interface:
    """Everything of a network that has a name in C."""

    name: str
    entry_points: tuple[EntryPoint, ...]
    states: tuple[StateField, ...]


def interface_of(name: str, graphs: Sequence[Graph], plan: Plan) -> Interface:
    """Names everything.

    Raises:
        CompileError: TW-0002 if the network's name is no C identifier; TW-0601 for all pairs of
            interface tensors or entry points whose names become the same identifier.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or identifier(name) != name:
        raise CompileError(
            [
                Problem(
                    Code.BAD_OPTION,
                    f"network name {name!r}",
                    "it cannot begin a C identifier",
                    "a letter, then letters, digits and underscores; no C keyword",
                    "give another name with --name",
                )
            ]
        )
    problems: list[Problem] = []
    functions: dict[str, str] = {
        f"{name}_reset": "the function that resets the states",
        f"{name}_network": "the network's descriptor",
        f"{name}_model_digest": "the digest of the model's file",
        f"{name}_weights": "the weights",
        f"{name}_weight_memory": "the accelerator's weights",
    }
    macros: dict[str, str] = {}
    entry_points: list[EntryPoint] = []
    for graph in graphs:
        suffix = identifier(graph.name) if graph.name else "run"
        where = f"entry point {graph.name!r}"
        function = f"{name}_{suffix}"
        is_new = _claim(functions, function, where, where, problems)
        prefix = name if not graph.name else function
        identifiers: dict[str, str] = {}
        roles: list[list[Argument]] = []
        for names, is_output in (
            (interface_inputs(graph), False),
            (interface_outputs(graph), True),
        ):
            roles.append([])
            for tensor in names:
                argument = _argument(graph.values[tensor], prefix, is_output)
                what = f"{'output' if is_output else 'input'} {tensor!r}"
                if _claim(identifiers, argument.identifier, what, where, problems) and is_new:
                    _claim(macros, argument.macro, f"{what} of {where}", where, problems)
                roles[-1].append(argument)
        entry_points.append(
            EntryPoint(graph.name, suffix, function, graph, tuple(roles[0]), tuple(roles[1]))
        )
    if problems:
        raise CompileError(problems)
    return Interface(name, tuple(entry_points), _states(graphs, plan))


def _claim(
    taken: dict[str, str], name: str, what: str, where: str, problems: list[Problem]
) -> bool:
    """Takes a name, or adds the problem that it is taken; returns whether it was free."""
    other = taken.setdefault(name, what)
    if other != what:
        problems.append(
            Problem(
                Code.NAME_COLLISION,
                where,
                f"{what} and {other} both become {name!r} in C",
                "names that differ in letters and digits",
                "rename one of them",
            )
        )
    return other == what


def _argument(value: Value, prefix: str, is_output: bool) -> Argument:
    name = identifier(value.name)
    if name in RESERVED or name.lower() in OWN_MACROS:
        name += "_"
    macro = f"{prefix}_{name}".upper()
    return Argument(value.name, name, macro, value.type, value.quantization, is_output)


def _states(graphs: Sequence[Graph], plan: Plan) -> tuple[StateField, ...]:
    values: dict[str, Value] = {}
    for graph in graphs:
        for state in graph.states:
            values.setdefault(state.input, graph.values[state.input])
    scope = Scope()
    return tuple(
        StateField(
            buffer.name,
            scope.claim(buffer.name),
            values[buffer.name].type,
            values[buffer.name].quantization,
        )
        for buffer in sorted(plan.states, key=lambda buffer: buffer.offset)
    )
