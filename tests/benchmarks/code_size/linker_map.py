"""Reads lld's linker map: how many bytes of a program each kernel takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# Address, load address, size (hexadecimal), alignment, and an input section of an archive's member.
_SECTION = re.compile(r" *[0-9a-f]+ +[0-9a-f]+ +([0-9a-f]+) +\d+ +(\S+)\((\S+)\.o\):\((\S+)\)")
_KERNELS = re.compile(r"(^|/)kernels/lib\w+\.(a|lo)$")
_TEXT = (".text",)
_DATA = (".rodata", ".srodata", ".data", ".sdata", ".bss", ".sbss")


@dataclass(frozen=True)
class Size:
    """Bytes of one kernel: its code, and the constants and variables of its file."""

    text: int
    data: int

    @property
    def total(self) -> int:
        return self.text + self.data


def kernel_sizes(path: Path) -> dict[str, Size]:
    """The linked kernels by name, that of their file. What the linker dropped is not in the map.

    Strings and other constants that the linker merges belong to no file and are not counted.
    Raises ValueError if the file is no map of lld.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0].split()[:3] != ["VMA", "LMA", "Size"]:
        raise ValueError(f"{path.name} is not a linker map of lld")
    sizes: dict[str, Size] = {}
    for line in lines:
        found = _SECTION.match(line)
        if found is None or not _KERNELS.search(found[2]):
            continue
        size, name, section = int(found[1], 16), found[3], found[4]
        old = sizes.get(name, Size(0, 0))
        if section.startswith(_TEXT):
            sizes[name] = Size(old.text + size, old.data)
        elif section.startswith(_DATA):
            sizes[name] = Size(old.text, old.data + size)
    return dict(sorted(sizes.items()))
