"""The table of what differs between the repetitions of a layer."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.codegen.identifiers import Scope


@dataclass(frozen=True)
class RowField:
    """One field of the row struct: its declaration, and its initialiser in every row."""

    name: str
    declaration: str
    values: tuple[str, ...]


@dataclass
class RowTable:
    """Fields in the order of their first use."""

    fields: list[RowField] = field(default_factory=list[RowField])
    _scope: Scope = field(default_factory=Scope)
    _pointers: dict[RowField, str] = field(default_factory=dict[RowField, str])

    def number(self, name: str, c_type: str, values: tuple[str, ...]) -> str:
        """The expression for a number with another value in every row."""
        chosen = self._scope.claim(name)
        self.fields.append(RowField(chosen, f"{c_type} {chosen}", values))
        return f"row->{chosen}"

    def pointer(self, name: str, c_type: str, values: tuple[str, ...]) -> str:
        """The expression for a pointer to `c_type`; equal pointers share a field."""
        key = RowField("", c_type, values)
        if key not in self._pointers:
            self._pointers[key] = self._scope.claim(name)
            chosen = self._pointers[key]
            self.fields.append(RowField(chosen, f"{c_type} *{chosen}", values))
        return f"row->{self._pointers[key]}"
