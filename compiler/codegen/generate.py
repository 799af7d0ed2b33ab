"""Writes the files of a network."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from compiler.codegen.interface import Argument, EntryPoint, Interface, interface_of
from compiler.codegen.layout import WIDTH, comment, initialiser, packed
from compiler.codegen.literals import comment_text, integer, real, sequence, string
from compiler.codegen.source import Function, Source, source_of
from compiler.codegen.weights import ALIGNMENT, Group
from compiler.ir import Graph
from compiler.memory import Plan

TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True)
class GeneratedNetwork:
    """The generated files' contents, and what they were made of, for reports."""

    header: str
    source: str
    assembly: str
    weights: bytes
    interface: Interface
    content: Source

    def files(self) -> dict[str, bytes]:
        """Contents by file name."""
        name = self.interface.name
        return {
            f"{name}.h": self.header.encode(),
            f"{name}.c": self.source.encode(),
            f"{name}_weights.S": self.assembly.encode(),
            f"{name}_weights.bin": self.weights,
        }


def generate(
    name: str, graphs: Sequence[Graph], plan: Plan, model_digest: str = ""
) -> GeneratedNetwork:
    """Generates network `name` with one entry point per graph, placed by `plan`.

    A graph's name is its entry point's name; the only entry point of a network may have the empty
    name. `model_digest` is what the program tells of its model (`compiler.frontend.model_digest`),
    empty for graphs that come from no file. Raises CompileError as `interface_of` does.
    """
    interface = interface_of(name, graphs, plan)
    content = source_of(interface, plan)
    values = _template_values(interface, content, plan, model_digest)
    environment = environment_of_templates()
    header, source, assembly = (
        environment.get_template(template).render(values)
        for template in ("header.h.jinja", "source.c.jinja", "weights.S.jinja")
    )
    return GeneratedNetwork(
        header, source, assembly, bytes(content.weights.data), interface, content
    )


@functools.cache
def environment_of_templates() -> jinja2.Environment:
    """Made once: a test compiles hundreds of networks, and parsing templates takes the longest."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    filters: dict[str, Callable[..., str]] = {
        "assertion": _assertion,
        "braces": sequence,
        "comment": comment_text,
        "declared": _declared,
        "number": integer,
        "real": real,
    }
    environment.filters.update(filters)
    return environment


def _declared(declaration: str, attribute: str) -> str:
    """A declaration and its attribute, which goes to a line of its own if they do not fit."""
    if len(declaration) + 1 + len(attribute) <= WIDTH:
        return f"{declaration} {attribute}"
    return f"{declaration}\n      {attribute}"


def _assertion(condition: str, name: str) -> str:
    return "\n".join(packed("TILEWRIGHT_STATIC_ASSERT", [condition, name], ";"))


def _names_arena(lines: Sequence[str]) -> bool:
    """Whether code, not a comment, a part of another name or a member, names the arena."""
    code = re.sub(r"/\*.*?\*/", "", "\n".join(lines), flags=re.DOTALL)
    return re.search(r"(?<![\w.])arena\b", code) is not None


def _template_values(
    interface: Interface, content: Source, plan: Plan, model_digest: str
) -> dict[str, Any]:
    members = content.weights.members
    return {
        **interface_values(interface, plan, model_digest, len(content.weights.data)),
        "headers": sorted(["tilewright/generated.h", *content.headers]),
        "members": members,
        "groups": [member for member in members if isinstance(member, Group)],
        # Without a byte of it, empty operands still point there.
        "uses_arena": any(_names_arena(function.lines) for function in content.functions),
        "functions": content.functions,
        "entry_points": [
            entry_point_values(function.entry_point, _straight_call(function))
            for function in content.functions
        ],
    }


def _straight_call(function: Function) -> list[str]:
    names = [argument.identifier for argument in function.entry_point.arguments]
    return packed(f"  {function.name}", [*names, "0", "1"], ";")


def interface_values(
    interface: Interface,
    plan: Plan,
    model_digest: str,
    weights_bytes: int,
    weight_memory_bytes: int = 0,
) -> dict[str, Any]:
    """What the header, the weights and the interface's code show, whatever runs the network."""
    return {
        "network": interface.name,
        "macro": interface.name.upper(),
        "model_digest": model_digest,
        "weights_alignment": ALIGNMENT,
        "weights_bytes": weights_bytes,
        "weight_memory_bytes": weight_memory_bytes,
        "states": interface.states,
        "state_bytes": plan.states_bytes,
        "arena_bytes": plan.arena_bytes,
        "alignment": plan.alignment,
        "input_bytes_maximum": _largest((e.inputs for e in interface.entry_points), plan),
        "output_bytes_maximum": _largest((e.outputs for e in interface.entry_points), plan),
        "introduction": comment(0, _introduction(interface.name)),
    }


def _largest(interfaces: Iterable[Sequence[Argument]], plan: Plan) -> int:
    def rounded(size: int) -> int:
        return -(-size // plan.alignment) * plan.alignment

    return max(sum(rounded(a.type.bytes) for a in arguments) for arguments in interfaces)


def entry_point_values(
    entry_point: EntryPoint, body: Sequence[str], attributes: Sequence[str] = ()
) -> dict[str, Any]:
    """What the templates show of an entry point.

    `body` are the lines that run it, and `attributes` those before its definition.
    """
    declarations = [argument.declaration for argument in entry_point.arguments] or ["void"]
    head = f"int32_t {entry_point.function}"
    return {
        "arguments": entry_point.arguments,
        "comment": comment(0, _documentation(entry_point)),
        "declaration": packed(head, declarations, ";"),
        "definition": [
            *attributes,
            *packed(head, declarations, " {"),
            *body,
            "  return 0;",
            "}",
        ],
        "descriptor": _descriptor(entry_point),
        "descriptor_row": _descriptor_row(entry_point),
    }


def _introduction(name: str) -> str:
    return (
        f"{name}: a neural network compiled by Tilewright.\n\n"
        f"Every pointer that a function takes must be a multiple of {name.upper()}_ALIGNMENT. "
        "Inputs are only read; outputs are valid when the function returns. Tensors are in "
        "row-major order. A quantised tensor stands for the real numbers "
        "scale * (stored - zero point)."
    )


def _documentation(entry_point: EntryPoint) -> str:
    name = comment_text(entry_point.name)
    what = f"Entry point {name}." if name else "Runs the network."
    lines = [f"{what} Returns 0.", ""]
    lines += [
        f"{argument.identifier}: {'output' if argument.is_output else 'input'} "
        f"{comment_text(argument.tensor)}, {argument.type}"
        for argument in entry_point.arguments
    ]
    return "\n".join(lines)


def _descriptor(entry_point: EntryPoint) -> list[str]:
    """Tables of the entry point's tensors, and its function with untyped arguments."""
    prefix = entry_point.identifier
    lines: list[str] = []
    for role, arguments in (("inputs", entry_point.inputs), ("outputs", entry_point.outputs)):
        if not arguments:
            continue
        lines += ["", f"static const tw_tensor {prefix}_{role}[] = {{"]
        for argument in arguments:
            shape = sequence(argument.type.shape)
            fields = [
                ("name", string(argument.tensor)),
                ("data_type", argument.data_type),
                ("bytes", f"{argument.macro}_BYTES"),
                ("rank", str(len(argument.type.shape))),
            ]
            if argument.type.shape:
                fields.append(("shape", f"(const uint32_t[]){shape}"))
            if argument.quantization is not None:
                fields.append(("scale", f"{argument.macro}_SCALE"))
                fields.append(("zero_point", f"{argument.macro}_ZERO_POINT"))
            lines += initialiser(4, "", fields, ",")
        lines.append("};")
    pointers = [
        f"{role}[{index}]"
        for role, arguments in (("inputs", entry_point.inputs), ("outputs", entry_point.outputs))
        for index in range(len(arguments))
    ]
    return [
        *lines,
        "",
        *packed(
            f"static int32_t call_{prefix}",
            ["const void *const *inputs", "void *const *outputs"],
            " {",
        ),
        *(
            f"  (void){role};"
            for role, arguments in (
                ("inputs", entry_point.inputs),
                ("outputs", entry_point.outputs),
            )
            if not arguments
        ),
        *packed(f"  return {entry_point.function}", pointers, ";"),
        "}",
    ]


def _descriptor_row(entry_point: EntryPoint) -> list[str]:
    prefix = entry_point.identifier
    fields = [("name", string(entry_point.name))]
    for role, arguments in (("input", entry_point.inputs), ("output", entry_point.outputs)):
        if arguments:
            fields.append((f"{role}s", f"{prefix}_{role}s"))
            fields.append((f"{role}_count", str(len(arguments))))
    return initialiser(4, "", [*fields, ("run", f"call_{prefix}")], ",")
