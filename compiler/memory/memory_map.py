"""Where every value of a graph lives: the memory planner's result, read by the code generator.

A network's memory consists of five kinds of blocks. The **arena** is scratch memory that all entry
points share; its content means nothing between runs. **Constants** are read-only. **Inputs** and
**outputs** are the caller's, passed as pointers; inputs are only read. **States** keep their bytes
between runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from compiler.ir import Graph

FORMAT = 1
"""Version of the JSON forms in this package; a reader refuses any other."""


@dataclass(frozen=True, slots=True)
class InArena:
    """`offset` bytes from the start of the arena."""

    offset: int


@dataclass(frozen=True, slots=True)
class InConstant:
    """In the constant called `name` (a view of a constant names the constant itself)."""

    name: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class InInput:
    """In the caller's buffer number `index`, counted over `interface_inputs(graph)`."""

    index: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class InOutput:
    """In the caller's buffer number `index`, counted over `interface_outputs(graph)`."""

    index: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class InState:
    """In the state whose graph input is called `name`; entry points share states by that name."""

    name: str
    offset: int = 0


Location = InArena | InConstant | InInput | InOutput | InState

_KINDS: dict[str, type[Any]] = {
    "arena": InArena,
    "constant": InConstant,
    "input": InInput,
    "output": InOutput,
    "state": InState,
}
_KIND_OF = {type_: kind for kind, type_ in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of `bytes` bytes of the value `value` that the generated code makes.

    It happens before node number `step`, or after the last node if `step` is the number of nodes.
    Copies of one step happen in the order they are listed; source and target never overlap.
    """

    step: int
    value: str
    source: Location
    target: Location
    bytes: int


@dataclass(frozen=True)
class MemoryMap:
    """Locations of one entry point.

    `values` has every value that a node, the interface or a state mentions; `scratch` the scratch
    memory of nodes, by node name, if their kernel asks for any. `arena_bytes` is what this entry
    point needs of the arena, a multiple of `alignment` (bytes); the arena, every state and every
    buffer of the caller starts at a multiple of `alignment`.
    """

    graph: str
    alignment: int
    arena_bytes: int
    values: Mapping[str, Location]
    scratch: Mapping[str, InArena] = field(default_factory=dict[str, InArena])
    copies: tuple[Copy, ...] = ()

    def to_json(self) -> str:
        """Canonical text: keys sorted, one newline at the end."""
        return dump_json(
            {
                "format": FORMAT,
                "graph": self.graph,
                "alignment": self.alignment,
                "arena_bytes": self.arena_bytes,
                "values": {name: _encoded(place) for name, place in self.values.items()},
                "scratch": {name: place.offset for name, place in self.scratch.items()},
                "copies": [
                    {
                        "step": copy.step,
                        "value": copy.value,
                        "source": _encoded(copy.source),
                        "target": _encoded(copy.target),
                        "bytes": copy.bytes,
                    }
                    for copy in self.copies
                ],
            }
        )

    @staticmethod
    def from_json(text: str) -> MemoryMap:
        """The inverse of `to_json`. Raises ValueError for another format version."""
        data = load_json(text, "memory map")
        return MemoryMap(
            data["graph"],
            data["alignment"],
            data["arena_bytes"],
            {name: _decoded(place) for name, place in data["values"].items()},
            {name: InArena(offset) for name, offset in data["scratch"].items()},
            tuple(
                Copy(
                    copy["step"],
                    copy["value"],
                    _decoded(copy["source"]),
                    _decoded(copy["target"]),
                    copy["bytes"],
                )
                for copy in data["copies"]
            ),
        )


def interface_inputs(graph: Graph) -> list[str]:
    """The graph inputs that the caller passes: all but the states', in the graph's order."""
    states = {state.input for state in graph.states}
    return [name for name in graph.inputs if name not in states]


def interface_outputs(graph: Graph) -> list[str]:
    """The graph outputs that the caller passes memory for: all but the states', in order."""
    states = {state.output for state in graph.states}
    return [name for name in graph.outputs if name not in states]


def dump_json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def load_json(text: str, what: str) -> dict[str, Any]:
    data: Any = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError(f"not a {what}")
    fields = cast(dict[str, Any], data)
    if fields.get("format") != FORMAT:
        raise ValueError(f"not a {what} of format {FORMAT}")
    return fields


def _encoded(location: Location) -> dict[str, Any]:
    return {"in": _KIND_OF[type(location)], **asdict(location)}


def _decoded(data: Mapping[str, Any]) -> Location:
    fields = {key: value for key, value in data.items() if key != "in"}
    return _KINDS[data["in"]](**fields)
