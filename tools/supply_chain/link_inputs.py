"""What a program was linked from: the archives' members and the objects of a linker's map."""

from __future__ import annotations

import re
from pathlib import Path

_MEMBER = re.compile(r"(?P<archive>\S+\.(?:a|lo))\((?P<member>\S+?)\.o\)")
_OBJECT = re.compile(r"(?:^|\s)(?P<object>\S+)\.o:\(")
_CONFIGURATION = re.compile(r"^(?:.*/)?bazel-out/[^/]+/bin/")


def link_inputs(linker_map: str) -> dict[str, list[str]]:
    """Members by archive, both in order; objects that are in no archive under "".

    Paths are those of the source tree: without Bazel's output folders, which name configurations.
    Understands the maps of lld and of GNU ld.
    """
    inputs: dict[str, set[str]] = {}
    for line in linker_map.splitlines():
        for found in _MEMBER.finditer(line):
            archive = _CONFIGURATION.sub("", found["archive"])
            inputs.setdefault(archive, set()).add(found["member"])
        single = _OBJECT.search(line)
        if single is not None and "(" not in single["object"]:
            inputs.setdefault("", set()).add(_CONFIGURATION.sub("", single["object"]))
    return {archive: sorted(members) for archive, members in sorted(inputs.items())}


def read_link_inputs(path: Path) -> dict[str, list[str]]:
    """`link_inputs` of a file."""
    return link_inputs(path.read_text(encoding="utf-8"))
