"""Which actions a build ran, from Bazel's execution log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_OUTPUTS = "bazel-out/"


def spawns(log: Path) -> Iterator[Mapping[str, Any]]:
    """The entries of a file written by --execution_log_json_file: JSON objects in a row."""
    decoder = json.JSONDecoder()
    text = log.read_text()
    position = 0
    while position < len(text):
        entry, position = decoder.raw_decode(text, position)
        yield entry
        while position < len(text) and text[position].isspace():
            position += 1


def configuration(entry: Mapping[str, Any]) -> str:
    """The folder below bazel-out that the first output is in: one per platform."""
    output: str = entry["listedOutputs"][0]
    return output.removeprefix(_OUTPUTS).split("/", 1)[0]


def describe(entry: Mapping[str, Any], platforms: Mapping[str, str]) -> str:
    """`MNEMONIC TARGET on PLATFORM`; for compilations of C the object instead of the target.

    `platforms` names configurations; those that it lacks are of tools and of what all share.
    """
    name: str = entry["targetLabel"]
    if entry["mnemonic"] == "CppCompile":
        objects = [path for path in entry["listedOutputs"] if path.endswith(".o")]
        package, _, file = objects[0].partition("/_objs/")
        name = f"{package.partition('/bin/')[2]}/{file.rpartition('/')[2]}"
    platform = platforms.get(configuration(entry))
    return f"{entry['mnemonic']} {name.removeprefix('@@')}" + (
        f" on {platform}" if platform else ""
    )
