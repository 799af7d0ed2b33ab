"""What a program's bytes are: sections, gaps between them, memories, symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.elf.elf_file import SHF_EXECINSTR, SHF_WRITE, ElfFile, Section

STACK_GUARD = ("tilewright_stack_guard_start", "tilewright_stack_guard_end")

PURPOSES = {
    ".note.gnu.build-id": "build id",
    ".tilewright_weights": "weights of networks",
    ".tilewright_state": "states of networks (KV cache and the like)",
    ".tilewright_arena": "activations and scratch of networks",
    ".tilewright_arguments": "run-time input",
    ".tilewright_stack": "stack",
    ".tilewright_cluster_stacks": "stacks of the cluster's cores, each above its guard",
    ".weight_memory": "weights that the accelerator reads",
    ".bss.weight_memory": "variables in weight memory",
    ".bss.l1": "variables in L1",
    ".bss.l1_buffer": "tensors, tiles and tables of networks",
}
"""Sections of the linker scripts that Tilewright brings."""


@dataclass(frozen=True)
class Part:
    """A range of a program's memory; `section` is "" for a gap between sections."""

    section: str
    address: int
    size: int
    purpose: str


@dataclass(frozen=True)
class Memory:
    """A memory of the SoC and what the program has there, in ascending order of address."""

    name: str
    base: int
    size: int
    parts: tuple[Part, ...]

    @property
    def used(self) -> int:
        """Bytes from the first part to the end of the last, gaps included."""
        return sum(part.size for part in self.parts)


def memories(elf: ElfFile, soc: dict[str, Any]) -> list[Memory]:
    """The SoC's memories with what the program has in each.

    `soc` is the content of a soc.yaml. A program of the host has no fixed addresses: all its
    sections are in one memory of unknown base, and gaps do not count.
    """
    sections = [section for section in elf.sections if section.allocated and section.size > 0]
    described = [memory for memory in soc["memories"] if "base" in memory]
    if not described:
        parts = [Part(s.name, s.address, s.size, purpose(s)) for s in sections]
        return [Memory("process", 0, 0, tuple(sorted(parts, key=lambda part: part.address)))]
    result: list[Memory] = []
    for memory in described:
        base, size = memory["base"], memory["size"]
        inside = [s for s in sections if base <= s.address < base + size]
        parts = [part for section in inside for part in _parts(elf, section)]
        result.append(Memory(memory["name"], base, size, tuple(_with_gaps(parts))))
    return result


def purpose(section: Section) -> str:
    """What a section is for, in words."""
    if section.name in PURPOSES:
        return PURPOSES[section.name]
    if section.flags & SHF_EXECINSTR:
        return "code"
    if not section.flags & SHF_WRITE:
        return "constants"
    return "variables" if section.loaded else "variables, zero at start"


def _parts(elf: ElfFile, section: Section) -> list[Part]:
    """The section, with the guard below the stack as a part of its own."""
    whole = Part(section.name, section.address, section.size, purpose(section))
    guard = {symbol.name: symbol.address for symbol in elf.symbols if symbol.name in STACK_GUARD}
    if section.name != ".tilewright_stack" or len(guard) != len(STACK_GUARD):
        return [whole]
    start, end = (guard[name] for name in STACK_GUARD)
    parts = [
        Part(section.name, start, end - start, "guard below the stack"),
        Part(section.name, end, section.address + section.size - end, whole.purpose),
    ]
    return [part for part in parts if part.size > 0]


def _with_gaps(parts: Sequence[Part]) -> list[Part]:
    """The parts in order, and the gaps that alignment leaves between them."""
    result: list[Part] = []
    for part in sorted(parts, key=lambda part: part.address):
        if result and (end := result[-1].address + result[-1].size) < part.address:
            result.append(Part("", end, part.address - end, "alignment"))
        result.append(part)
    return result
