"""Pictures of memories: addresses upwards, the steps of each entry point to the right.

What stays where it is, such as code or weights, is a band over all steps. What networks on a
cluster keep in L1 and in their arena is drawn at its address for as long as it lives; how long that
is says the compiler's memory map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.elf.elf_file import ElfFile
from tools.report.image import Memory

HEIGHT, STATIC_HEIGHT = 430, 190
"""Pixels, with and without buffers that come and go."""

LEFT, RIGHT, TOP, BOTTOM = 76, 14, 34, 26
NARROWEST, WIDEST = 1180, 6000
SHORTEST_STEP = 3.0
GAP = 14
"""Pixels between entry points."""
CHARACTER_WIDTH = 6.3
"""Pixels per character of labels, at their font size."""

KINDS = {
    "code": "code",
    "constants": "constants",
    "weights of networks": "weights",
    "weights that the accelerator reads": "weights",
    "states of networks (KV cache and the like)": "states",
    "stack": "stack",
    "stacks of the cluster's cores, each above its guard": "stack",
    "guard below the stack": "guard",
    "alignment": "gap",
}
"""Classes of bands by purpose of a part; of all other parts it is `variables`."""

L1_STRUCT, ARENA = "l1", "arena"
"""Symbols of the generated code."""


@dataclass(frozen=True)
class Rectangle:
    """Something in the picture: pixels, what it is, and what to say when it is pointed at."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str
    title: str


@dataclass(frozen=True)
class EntryPoint:
    """A network's entry point: names of its steps and where they are drawn."""

    title: str
    steps: tuple[str, ...]
    x: float
    pitch: float

    @property
    def end(self) -> float:
        return round(self.x + self.pitch * len(self.steps), 1)


@dataclass
class Picture:
    """A memory of the SoC; `live` are lines of bytes in use, as SVG path data."""

    memory: Memory
    width: int
    height: int
    rectangles: list[Rectangle] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    addresses: list[tuple[float, str]] = field(default_factory=list)
    entry_points: list[EntryPoint] = field(default_factory=list)
    ticks: list[tuple[float, str]] = field(default_factory=list)

    @property
    def bottom(self) -> int:
        return self.height - BOTTOM


@dataclass(frozen=True)
class Region:
    """Memory of a network whose content changes: `key` names its buffers in the memory map.

    The program's tables follow in the remaining `table_bytes`.
    """

    network: dict[str, Any]
    key: str
    address: int
    bytes: int
    table_bytes: int


def pictures(
    memories: Sequence[Memory], elf: ElfFile, networks: Sequence[dict[str, Any]]
) -> list[Picture]:
    """One for each memory with a base address that the program uses; those that change first.

    Args:
        memories: of the SoC, with the program's parts.
        elf: the program.
        networks: memory maps as the compiler writes them.
    """
    entries = _entry_points(networks)
    found = _regions(elf, networks)
    drawn = [_picture(memory, entries, found) for memory in memories if memory.used and memory.base]
    return sorted(drawn, key=lambda picture: not picture.entry_points)


def _entry_points(
    networks: Sequence[dict[str, Any]],
) -> list[tuple[dict[str, Any], dict[str, Any], EntryPoint]]:
    """(network, map, where it is drawn) of every entry point with a program."""
    maps = [(network, plan) for network in networks for plan in network["maps"] if "steps" in plan]
    steps = sum(len(plan["steps"]) for _, plan in maps)
    room = NARROWEST - LEFT - RIGHT - GAP * max(0, len(maps) - 1)
    pitch = max(SHORTEST_STEP, room / max(steps, 1))
    pitch = min(pitch, (WIDEST - LEFT - RIGHT) / max(steps, 1))
    result: list[tuple[dict[str, Any], dict[str, Any], EntryPoint]] = []
    x = float(LEFT)
    for network, plan in maps:
        names = tuple(
            ", ".join(call["node"] for call in step["calls"]) or "copies only"
            for step in plan["steps"]
        )
        title = f"{network['network']}, {plan['graph']}" if plan["graph"] else network["network"]
        result.append((network, plan, EntryPoint(title, names, round(x, 1), pitch)))
        x += pitch * len(names) + GAP
    return result


def _regions(elf: ElfFile, networks: Sequence[dict[str, Any]]) -> list[Region]:
    """Where networks keep tensors. Networks and their symbols have the same order, the linker's."""
    result: list[Region] = []
    for symbol_name, key in ((L1_STRUCT, "buffers"), (ARENA, "arena_buffers")):
        symbols = sorted(
            (s for s in elf.symbols if s.name == symbol_name and s.size > 0),
            key=lambda symbol: symbol.address,
        )
        for network in networks:
            size = _region_bytes(network, key)
            fitting = next((s for s in symbols if s.size >= size), None)
            if size and fitting is not None:
                symbols.remove(fitting)
                result.append(Region(network, key, fitting.address, size, fitting.size - size))
    return result


def _region_bytes(network: dict[str, Any], key: str) -> int:
    size = "l1_bytes" if key == "buffers" else "arena_bytes"
    return max((plan[size] for plan in network["maps"] if key in plan), default=0)


def _picture(
    memory: Memory,
    entries: Sequence[tuple[dict[str, Any], dict[str, Any], EntryPoint]],
    regions: Sequence[Region],
) -> Picture:
    end = max((entry.end for _, _, entry in entries), default=NARROWEST - RIGHT)
    inside = [r for r in regions if memory.base <= r.address < memory.base + memory.size]
    picture = Picture(memory, round(end + RIGHT), HEIGHT if inside else STATIC_HEIGHT)
    top = max(part.address + part.size for part in memory.parts)
    scale = (picture.bottom - TOP) / (top - memory.base)

    def y(address: int) -> float:
        return round(picture.bottom - (address - memory.base) * scale, 1)

    def add(kind: str, x: float, to: float, at: int, size: int, name: str, title: str) -> None:
        height = round(max(y(at) - y(at + size), 0.8), 1)
        room = int((to - x - 8) / CHARACTER_WIDTH)
        label = name if len(name) <= room else name[: room - 1] + "…" if room > 4 else ""
        where = f"{size:,} bytes at {at:#010x}"
        picture.rectangles.append(
            Rectangle(
                *(kind, round(x, 1), round(y(at) - height, 1), round(to - x, 1), height),
                *(label if height >= 12 else "", f"{title}\n{where}"),
            )
        )

    for part in memory.parts:
        kind = KINDS.get(part.purpose, "variables")
        name = part.purpose if not part.section else f"{part.purpose} ({part.section})"
        covered = any(
            part.address <= region.address < part.address + part.size for region in inside
        )
        add(kind, LEFT, end, part.address, part.size, "" if covered else name, name)
    for region in inside:
        tables = "tables of the program that runs"
        if region.table_bytes > 0:
            at = region.address + region.bytes
            add("variables", LEFT, end, at, region.table_bytes, tables, tables)
        add("region", LEFT, end, region.address, region.bytes, "", "networks: not in use now")
        for network, plan, entry in entries:
            if network is region.network:
                _add_buffers(picture, region, plan, entry, add, y)
    grid = _round_number((top - memory.base) / 6)
    picture.addresses = [(y(memory.base + a), _size(a)) for a in range(0, top - memory.base, grid)]
    picture.entry_points = [entry for _, _, entry in entries] if inside else []
    for entry in picture.entry_points:
        stride = _round_number(60 / entry.pitch)
        picture.ticks += [
            (round(entry.x + (step + 0.5) * entry.pitch, 1), str(step))
            for step in range(0, len(entry.steps), stride)
        ]
    return picture


def _add_buffers(
    picture: Picture, region: Region, plan: dict[str, Any], entry: EntryPoint, add: Any, y: Any
) -> None:
    last_step = len(entry.steps) - 1
    live = [0] * len(entry.steps)
    for buffer in plan[region.key]:
        first, last = buffer["first"], min(buffer["last"], last_step)
        for step in range(first, last + 1):
            live[step] += buffer["bytes"]
        title = (
            f"{buffer['what']} ({buffer['kind']})\n"
            f"from step {first}, {entry.steps[first]}\nto step {last}, {entry.steps[last]}"
        )
        x, to = entry.x + first * entry.pitch, entry.x + (last + 1) * entry.pitch
        at = region.address + buffer["offset"]
        add(buffer["kind"], x, to, at, buffer["bytes"], buffer["what"], title)
    picture.live.append(
        " ".join(
            f"{'L' if step else 'M'}{round(entry.x + step * entry.pitch, 1)} "
            f"{y(region.address + size)}H{round(entry.x + (step + 1) * entry.pitch, 1)}"
            for step, size in enumerate(live)
        )
    )


def _size(value: int) -> str:
    return f"{value // 1024} KiB" if value % 1024 == 0 else f"{value:,}"


def _round_number(wanted: float) -> int:
    """The smallest power of two, or from 10 down 1, 2 or 5, that is at least `wanted`."""
    for number in (1, 2, 5, 10):
        if number >= wanted:
            return number
    power = 16
    while power < wanted:
        power *= 2
    return power
