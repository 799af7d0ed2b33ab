"""Shows every byte of a program: code, weights, states, activations, stack."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from tools.elf.elf_file import ElfError, ElfFile
from tools.report.image import Memory, memories
from tools.report.memory_page import to_html
from tools.report.memory_picture import pictures


def report(elf: ElfFile, soc: dict[str, Any], maps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The report as JSON.

    Args:
        elf: the program.
        soc: content of soc.yaml.
        maps: the networks' memory maps, as the compiler writes them.
    """
    return {
        "format": 1,
        "soc": soc["name"],
        "memories": [
            {
                "name": memory.name,
                "base": memory.base,
                "size": memory.size,
                "used": memory.used,
                "parts": [asdict(part) for part in memory.parts],
            }
            for memory in memories(elf, soc)
        ],
        "networks": [
            {
                "name": network["network"],
                "weights_bytes": network["weights_bytes"],
                "states_bytes": network["states_bytes"],
                "states": network["states"],
                "arena_bytes": network["arena_bytes"],
                "entry_points": [
                    {
                        "name": entry["graph"],
                        "arena_bytes": entry["arena_bytes"],
                        "l1_bytes": entry.get("l1_bytes"),
                        "l1_bound": entry.get("l1_bound"),
                    }
                    for entry in network["maps"]
                ],
            }
            for network in maps
        ],
    }


def text(content: dict[str, Any]) -> str:
    """The report for people."""
    lines = [f"Memory of a program for {content['soc']}, in bytes", ""]
    for entry in content["memories"]:
        memory = Memory(entry["name"], entry["base"], entry["size"], ())
        lines.append(_memory_line(memory, entry["used"]))
        for part in entry["parts"]:
            where = f"{part['address']:#010x}"
            lines.append(
                f"  {where} {part['size']:>12,}  {part['section'] or '-':24} {part['purpose']}"
            )
        lines.append("")
    for network in content["networks"]:
        lines.append(f"network {network['name']}")
        lines.append(f"  {network['weights_bytes']:>23,}  weights")
        lines.append(f"  {network['states_bytes']:>23,}  states")
        lines += [f"  {state['bytes']:>23,}    {state['name']}" for state in network["states"]]
        lines.append(f"  {network['arena_bytes']:>23,}  activations and scratch")
        lines += [
            f"  {entry['arena_bytes']:>23,}    in entry point {entry['name']}"
            for entry in network["entry_points"]
            if entry["name"]
        ]
        lines += [
            f"  {entry['l1_bytes']:>23,}  of L1{_in(entry)}; at least {entry['l1_bound']:,}"
            for entry in network["entry_points"]
            if entry["l1_bytes"] is not None
        ]
        lines.append("")
    return "\n".join(lines)


def _in(entry: dict[str, Any]) -> str:
    return f" in entry point {entry['name']}" if entry["name"] else ""


def _memory_line(memory: Memory, used: int) -> str:
    if memory.size == 0:
        return f"{memory.name}: {used:,} used"
    share = 100 * used / memory.size
    return f"{memory.name}: {used:,} of {memory.size:,} used ({share:.2f} %)"


def main(arguments: list[str]) -> str | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elf", type=Path, required=True)
    parser.add_argument("--soc", type=Path, required=True, help="soc.yaml")
    parser.add_argument("--memory-map", type=Path, action="append", default=[], help="of a network")
    parser.add_argument("--text", type=Path, required=True, help="report to write")
    parser.add_argument("--json", type=Path, required=True, help="report to write")
    parser.add_argument("--html", type=Path, required=True, help="page to write")
    options = parser.parse_args(arguments)
    try:
        maps = [json.loads(path.read_text()) for path in options.memory_map]
        elf, soc = ElfFile(options.elf), yaml.safe_load(options.soc.read_text())
        content = report(elf, soc, maps)
        page = to_html(content, pictures(memories(elf, soc), elf, maps))
    except (ElfError, OSError) as error:
        return f"memory_report: {error}"
    options.text.write_text(text(content))
    options.html.write_text(page)
    options.json.write_text(json.dumps(content, indent=1) + "\n")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
