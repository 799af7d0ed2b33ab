"""The text of straight code and of repeated layers: one comment and one kernel call per layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from compiler.codegen.addresses import Addresses
from compiler.codegen.identifiers import Scope, common_prefix, described, merged
from compiler.codegen.layout import WIDTH, comment, initialiser, packed
from compiler.codegen.literals import comment_text, is_real, literal
from compiler.codegen.row_table import RowTable
from compiler.codegen.steps import Operand, Step
from compiler.ir import ParameterValue, TensorType
from compiler.memory import InArena, InConstant, InInput, InOutput

INDENT = 2
NEW_LINE = "\n"

Variables = dict[tuple[Operand, ...], str]
"""Pointer variables declared so far in a C function, by the places that they point to."""


@dataclass(frozen=True)
class Parameter:
    """A pointer into the caller's memory that a repeated layer takes.

    Attributes:
        c_type: what it points to.
        name: its name in the layer's function.
        values: the expression in the entry point for every repetition.
    """

    c_type: str
    name: str
    values: tuple[str, ...]

    @property
    def varies(self) -> bool:
        return any(value != self.values[0] for value in self.values)


@dataclass
class Body:
    """Lines of C, and the parameters that a function made of them needs."""

    lines: list[str] = field(default_factory=list[str])
    parameters: list[Parameter] = field(default_factory=list[Parameter])


class BodyWriter:
    """Writes the calls of one stretch of an entry point.

    `repetitions[r][i]` is call i of repetition r; straight code is a single repetition. What is
    equal in all repetitions is written as a literal, the rest becomes a field of the row table.
    `scope` and `variables` belong to the C function that the calls are written into.
    """

    def __init__(
        self,
        addresses: Addresses,
        repetitions: Sequence[Sequence[Step]],
        first_layer: int,
        scope: Scope,
        variables: Variables,
    ) -> None:
        self._addresses = addresses
        self._repetitions = repetitions
        self._first_layer = first_layer
        self._scope = scope
        self._variables = variables
        self._prefix = self._common_prefix()
        self.rows = RowTable()
        self.body = Body()

    @property
    def name(self) -> str:
        """What the repeated layers have in common in their names; empty if nothing."""
        return self._prefix.strip("/._")

    def write(self) -> Body:
        count, period = len(self._repetitions), len(self._repetitions[0])
        layer_base = ""
        if count > 1:
            layers = range(self._first_layer, self._first_layer + count * period, period)
            layer_base = self.rows.number("first_layer", "uint32_t", tuple(map(str, layers)))
        for position in range(period):
            steps = [repetition[position] for repetition in self._repetitions]
            if position:
                self.body.lines.append("")
            if not layer_base:
                layer = str(self._first_layer + position)
            else:
                layer = f"{layer_base} + {position}" if position else layer_base
            self._call(steps, layer)
        return self.body

    def _call(self, steps: Sequence[Step], layer: str) -> None:
        kernel = steps[0].kernel
        self.body.lines += comment(INDENT, self._description(steps))
        name = self._short([step.name for step in steps], kernel.function.removeprefix("tw_"))
        parameters = self._parameters(steps, name)
        declarations: list[str] = []
        pointers: list[str] = []
        for index in range(len(steps[0].operands)):
            operands = [step.operands[index] for step in steps]
            pointers.append(self._operand(operands, declarations))
        self.body.lines += declarations
        call = [f"&{parameters}", *pointers, "core", "cores"]
        self.body.lines += packed(f"{' ' * INDENT}{kernel.function}", call, ";")
        sizes = [type_.bytes for type_ in steps[0].outputs]
        results = pointers[steps[0].first_result :][: len(sizes)]
        done = [f"{{{o}, {size}}}" for o, size in zip(results, sizes, strict=True)]
        self.body.lines += packed(f"{' ' * INDENT}TILEWRIGHT_LAYER_DONE", [layer, *done], ";")

    # --- parameters ----------------------------------------------------------------------------

    def _parameters(self, steps: Sequence[Step], name: str) -> str:
        kernel = steps[0].kernel
        before = len(self.rows.fields)
        fields = [
            (entry, self._field([step.kernel.parameters[entry] for step in steps], name, entry))
            for entry in kernel.parameters
        ]
        variable = self._scope.claim(f"{name}_parameters")
        storage = "static const" if len(self.rows.fields) == before else "const"
        head = f"{storage} {kernel.function}_parameters {variable} = "
        self.body.lines += initialiser(INDENT, head, fields, ";")
        return variable

    def _field(self, values: Sequence[ParameterValue], owner: str, name: str) -> str:
        first = values[0]
        if isinstance(first, tuple):
            columns = zip(*(value for value in values if isinstance(value, tuple)), strict=True)
            parts = [
                self._field(column, owner, f"{name}_{index}")
                for index, column in enumerate(columns)
            ]
            return "{" + ", ".join(parts) + "}"
        texts = tuple(literal(value) for value in values)
        if all(text == texts[0] for text in texts):
            return texts[0]
        if any(is_real(value) for value in values):
            c_type = "float"
        else:
            negative = any(int(value) < 0 for value in values if not isinstance(value, tuple))
            c_type = "int32_t" if negative else "uint32_t"
        return self.rows.number(f"{owner}_{name}", c_type, texts)

    # --- operands ------------------------------------------------------------------------------

    def _operand(self, operands: Sequence[Operand | None], declarations: list[str]) -> str:
        present = [operand for operand in operands if operand is not None]
        if not present:
            return "NULL"
        first = present[0]
        if isinstance(first.location, InConstant):
            return self._constant(present)
        if isinstance(first.location, (InInput, InOutput)):
            return self._argument(present)
        known = self._variables.get(_places(present))
        if known is not None:
            return known
        texts = tuple(self._addresses.pointer(operand) for operand in present)
        name = self._short([o.value for o in present], "result" if first.made else "input")
        if not isinstance(first.location, InArena):
            varies = any(text != texts[0] for text in texts)
            return self.rows.pointer(name, first.c_type, texts) if varies else texts[0]
        target = texts[0]
        if any(text != target for text in texts):
            # Values that share memory share the field, so it cannot be named after one of them.
            target = self.rows.pointer("buffer", first.c_type, texts)
        name = self._scope.claim(name)
        declarations.append(f"{' ' * INDENT}{first.c_type} *const {name} = {target};")
        self._variables[_places(present)] = name
        return name

    def _argument(self, operands: Sequence[Operand]) -> str:
        """A pointer to the caller's memory: run-time addresses cannot stand in the row table."""
        values = tuple(self._addresses.pointer(operand) for operand in operands)
        if len(operands) == 1:
            return values[0]
        const = "const " if isinstance(operands[0].location, InInput) else ""
        c_type = f"{const}{operands[0].c_type}"
        for known in self.body.parameters:
            if (known.c_type, known.values) == (c_type, values):
                return known.name
        name = self._scope.claim(self._short([operand.value for operand in operands], "argument"))
        self.body.parameters.append(Parameter(c_type, name, values))
        return name

    def _constant(self, operands: Sequence[Operand]) -> str:
        texts = tuple(self._addresses.pointer(operand) for operand in operands)
        if all(text == texts[0] for text in texts):
            return texts[0]
        references = [self._addresses.reference(operand) for operand in operands]
        first = references[0]
        whole = not any(isinstance(o.location, InConstant) and o.location.offset for o in operands)
        if first.group and whole and len({(r.group, r.field) for r in references}) == 1:
            weights = f"{self._addresses.interface.name}_weights"
            elements = tuple(f"&{weights}.{r.group}[{r.index}]" for r in references)
            c_type = f"const struct {weights}_{first.group}"
            return f"{self.rows.pointer('weights', c_type, elements)}->{first.field}"
        names = [operand.constant.name for operand in operands if operand.constant is not None]
        name = self._short(names, "constant")
        return self.rows.pointer(name, f"const {operands[0].c_type}", texts)

    # --- names and comments --------------------------------------------------------------------

    def _common_prefix(self) -> str:
        if len(self._repetitions) == 1:
            return ""
        positions = zip(*self._repetitions, strict=True)
        return common_prefix([merged([step.name for step in steps]) for steps in positions])

    def _short(self, names: Sequence[str], otherwise: str) -> str:
        """What corresponding names have in common, shortened; `otherwise` if that is nothing."""
        name = merged(names).removeprefix(self._prefix)
        return name if name.strip("/._") else otherwise

    def _description(self, steps: Sequence[Step]) -> str:
        first = steps[0]
        if first.origin and len({len(step.origin) for step in steps}) == 1:
            names = [described(column) for column in zip(*(s.origin for s in steps), strict=True)]
        else:
            names = [described([step.name for step in steps])]
        what = comment_text(", ".join(names))
        types = f"{_types(first.inputs)} -> {_types(first.outputs)}"
        if first.multiply_accumulates:
            types += f", {first.multiply_accumulates:,} MAC"
        one_line = len(what) + len(types) + len("/* :  */") + INDENT <= WIDTH
        return f"{what}:{' ' if one_line else NEW_LINE}{types}"


def _places(operands: Sequence[Operand]) -> tuple[Operand, ...]:
    """A key for the pointer variable of a value: its name, type and location, however used."""
    return tuple(Operand(o.value, o.c_type, o.location) for o in operands)


def _types(types: Sequence[TensorType]) -> str:
    return ", ".join(map(str, types)) or "nothing"
