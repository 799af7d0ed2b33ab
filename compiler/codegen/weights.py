"""Packs the constants of a network: order, deduplication, C fields, bytes.

Constants are packed in the order of first use over all entry points, each aligned to 16 bytes and
stored once, however many nodes and entry points read it. Where layers repeat, the constants that
each repetition has for itself form an array of structs, one per repetition, so that the code of
the layer addresses all of them from one pointer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from compiler.codegen.identifiers import Scope, common_prefix, merged
from compiler.ir import Value

ALIGNMENT = 16
Key = tuple[str, bytes]


@dataclass(frozen=True)
class Field:
    """One constant in a struct of weights; `shape` is that of its first use, for the comment."""

    name: str
    c_type: str
    elements: int
    shape: tuple[int, ...]


@dataclass
class Group:
    """An array of structs: the constants that every repetition of a layer has for itself."""

    name: str
    count: int
    fields: list[Field] = field(default_factory=list[Field])


@dataclass(frozen=True)
class Reference:
    """Where a constant is: field `field` of the weights, or of element `index` of array `group`."""

    field: str
    group: str = ""
    index: int = 0


class Packer:
    """Packs constants in the order in which they are offered."""

    def __init__(self) -> None:
        self.members: list[Field | Group] = []
        self.data = bytearray()
        self._scope = Scope()
        self._references: dict[Key, Reference] = {}

    def reference(self, value: Value) -> Reference:
        """Where a packed constant is."""
        return self._references[_key(value)]

    def add(self, value: Value) -> None:
        """Adds one constant unless it is empty or its contents are packed already."""
        if _key(value) in self._references or not value.type.elements:
            return
        name = self._scope.claim(value.name)
        self.members.append(_field(name, value))
        self._store(value, Reference(name))

    def add_repeated(self, slots: Sequence[Sequence[Value]]) -> None:
        """Adds the constants of repeated layers.

        `slots[i][r]` is what repetition r reads at place i of the layer. Places whose constants
        are all new, of one size, and all different form a group; the others' constants are packed
        one by one, before it.
        """
        grouped: list[Sequence[Value]] = []
        seen: set[Key] = set()
        for slot in slots:
            keys = [_key(value) for value in slot]
            alike = len({(value.type.data_type, value.type.elements) for value in slot}) == 1
            alike = alike and slot[0].type.elements > 0
            new = all(key not in self._references and key not in seen for key in keys)
            if alike and new and len(set(keys)) == len(keys):
                grouped.append(slot)
                seen.update(keys)
        for slot in slots:
            for value in slot:
                if _key(value) not in seen:
                    self.add(value)
        if grouped:
            self._add_group(grouped)

    def _add_group(self, slots: Sequence[Sequence[Value]]) -> None:
        names = [merged([value.name for value in slot]) for slot in slots]
        prefix = common_prefix(names)
        group = Group(self._scope.claim(prefix or "layers"), len(slots[0]))
        scope = Scope()
        for slot, name in zip(slots, names, strict=True):
            group.fields.append(_field(scope.claim(name.removeprefix(prefix)), slot[0]))
        self.members.append(group)
        for index in range(group.count):
            for entry, slot in zip(group.fields, slots, strict=True):
                self._store(slot[index], Reference(entry.name, group.name, index))

    def _store(self, value: Value, reference: Reference) -> None:
        key = _key(value)
        self._references[key] = reference
        self.data += key[1].ljust(-(-len(key[1]) // ALIGNMENT) * ALIGNMENT, b"\0")


def _key(value: Value) -> Key:
    """What makes two constants one: element type and bytes, whatever their shape and name."""
    assert value.constant is not None
    return value.type.data_type.value, value.constant.tobytes()


def _field(name: str, value: Value) -> Field:
    data_type = value.type.data_type
    return Field(name, data_type.c_name, value.type.elements, value.type.shape)
