"""What the C source's template shows: functions, tables, memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from compiler.codegen.addresses import Addresses
from compiler.codegen.body import BodyWriter, Variables
from compiler.codegen.identifiers import Scope
from compiler.codegen.interface import RESERVED, EntryPoint, Interface
from compiler.codegen.layout import initialiser, packed
from compiler.codegen.repetition import Segment, segments_of
from compiler.codegen.steps import Step, steps_of
from compiler.codegen.weights import Packer
from compiler.ir import Graph
from compiler.memory import Plan

WORD = re.compile(r"\w+")


@dataclass
class Block:
    """A repeated layer: a struct for what differs, a table of it, and a function."""

    name: str
    count: int
    period: int
    members: list[str]
    rows: list[list[str]]
    head: list[str]
    lines: list[str]


@dataclass
class Function:
    """One entry point: its repeated layers, and the static function that runs it on one core."""

    entry_point: EntryPoint
    name: str
    head: list[str]
    lines: list[str]
    blocks: list[Block] = field(default_factory=list[Block])


@dataclass(frozen=True)
class Layer:
    """One kernel call, with its number in TILEWRIGHT_LAYER_DONE and in reports."""

    number: int
    graph: Graph
    step: Step


@dataclass
class Source:
    """Everything that stands in the C source and the weights."""

    headers: list[str]
    functions: list[Function]
    weights: Packer
    layers: list[Layer]


def source_of(interface: Interface, plan: Plan) -> Source:
    """Builds the source of a network, whose entry points are in the order of `plan.maps`."""
    weights = Packer()
    programs: list[tuple[EntryPoint, list[Step], list[Segment]]] = []
    for entry_point, memory in zip(interface.entry_points, plan.maps, strict=True):
        steps = steps_of(entry_point.graph, memory)
        segments = segments_of(steps)
        programs.append((entry_point, steps, segments))
        _pack(weights, steps, segments)

    file_scope = Scope((*RESERVED, f"{interface.name}_weights", f"{interface.name}_reset"))
    for entry_point in interface.entry_points:
        file_scope.claim(entry_point.function)
    functions: list[Function] = []
    layers: list[Layer] = []
    for entry_point, steps, segments in programs:
        addresses = Addresses(interface, entry_point, weights)
        functions.append(_function(addresses, steps, segments, len(layers), file_scope))
        layers += [
            Layer(len(layers) + index, entry_point.graph, step) for index, step in enumerate(steps)
        ]
    headers = sorted({step.kernel.header for _, steps, _ in programs for step in steps})
    return Source(headers, functions, weights, layers)


def _pack(weights: Packer, steps: Sequence[Step], segments: Sequence[Segment]) -> None:
    for segment in segments:
        repetitions = segment.repetitions(steps)
        slots = [
            values
            for calls in zip(*repetitions, strict=True)
            for operands in zip(*(call.operands for call in calls), strict=True)
            if (values := [o.constant for o in operands if o is not None and o.constant])
        ]
        if segment.count == 1:
            for slot in slots:
                weights.add(slot[0])
        else:
            weights.add_repeated(slots)


def _function(
    addresses: Addresses,
    steps: Sequence[Step],
    segments: Sequence[Segment],
    first_layer: int,
    file_scope: Scope,
) -> Function:
    entry_point = addresses.entry_point
    name = file_scope.claim(f"run_{entry_point.identifier}" if entry_point.name else "run")
    arguments = [argument.declaration for argument in entry_point.arguments]
    head = packed(f"static void {name}", [*arguments, "uint32_t core", "uint32_t cores"], " {")
    function = Function(entry_point, name, head, [])
    scope = file_scope.copy()
    for argument in entry_point.arguments:
        scope.claim(argument.identifier)
    variables: Variables = {}
    for segment in segments:
        if function.lines:
            function.lines.append("")
        repetitions = segment.repetitions(steps)
        layer = first_layer + segment.first
        if segment.count == 1:
            writer = BodyWriter(addresses, repetitions, layer, scope, variables)
            function.lines += writer.write().lines
        else:
            _repeat(function, addresses, repetitions, layer, scope, file_scope)
    names = [*(argument.identifier for argument in entry_point.arguments), "core", "cores"]
    code = [line for line in function.lines if not line.lstrip().startswith(("/*", "*"))]
    words = set(WORD.findall("\n".join(code)))
    unused = [f"  (void){name};" for name in names if name not in words]
    function.lines = [*unused, *([""] if unused and function.lines else []), *function.lines]
    return function


def _repeat(
    function: Function,
    addresses: Addresses,
    repetitions: Sequence[Sequence[Step]],
    first_layer: int,
    scope: Scope,
    file_scope: Scope,
) -> None:
    """Adds the repeated layer's function and table, and the loop that runs it.

    `scope` is that of the entry point's function, `file_scope` the file's.
    """
    entry_point = addresses.entry_point
    writer = BodyWriter(addresses, repetitions, first_layer, file_scope.copy(), {})
    body = writer.write()
    prefix = f"{entry_point.identifier}_" if entry_point.name else ""
    name = file_scope.claim(f"{prefix}{writer.name or 'layers'}")
    parameters = [f"const struct {name} *row"]
    parameters += [f"{parameter.c_type} *{parameter.name}" for parameter in body.parameters]
    head = packed(f"static void run_{name}", [*parameters, "uint32_t core", "uint32_t cores"], " {")
    count = len(repetitions)
    rows = [
        initialiser(4, "", [(entry.name, entry.values[r]) for entry in writer.rows.fields], ",")
        for r in range(count)
    ]
    members = [f"{entry.declaration};" for entry in writer.rows.fields]
    function.blocks.append(Block(name, count, len(repetitions[0]), members, rows, head, body.lines))
    call = [f"&{name}_rows[i]"]
    for parameter in body.parameters:
        if parameter.varies:
            array = scope.claim(parameter.name)
            declaration = f"  {parameter.c_type} *const {array}[{count}] = "
            function.lines += packed(declaration, parameter.values, ";", "{}")
            call.append(f"{array}[i]")
        else:
            call.append(parameter.values[0])
    function.lines += [
        f"  for (uint32_t i = 0; i < {count}; ++i) {{",
        *packed(f"    run_{name}", [*call, "core", "cores"], ";"),
        "  }",
    ]
