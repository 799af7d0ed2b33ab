"""Shows what a program's size comes from: its sections and its symbols, the largest first."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.elf.elf_file import ElfError, ElfFile
from tools.elf.identity import build_id, identity_lines, model_digests
from tools.report.image import purpose

# Symbol types in ELF: data and functions.
STT_OBJECT = 1
STT_FUNC = 2
SYMBOLS_SHOWN = 40


def report(elf: ElfFile) -> dict[str, Any]:
    """The report as JSON: identity, loaded bytes, sections in the file's order, symbols by size."""
    sections = [section for section in elf.sections if section.allocated and section.size > 0]
    symbols = {
        (symbol.name, symbol.address): {
            "name": symbol.name,
            "section": elf.sections[symbol.section].name,
            "size": symbol.size,
            "kind": "function" if symbol.type == STT_FUNC else "data",
        }
        for symbol in elf.symbols
        if symbol.size > 0 and symbol.type in (STT_OBJECT, STT_FUNC) and symbol.section != 0
    }
    return {
        "format": 1,
        "build_id": build_id(elf),
        "model_digests": model_digests(elf),
        "loaded_bytes": sum(section.size for section in sections if section.loaded),
        "zero_bytes": sum(section.size for section in sections if not section.loaded),
        "sections": [
            {"name": section.name, "size": section.size, "purpose": purpose(section)}
            for section in sections
        ],
        "symbols": sorted(symbols.values(), key=lambda row: (-int(row["size"]), str(row["name"]))),
    }


def text(content: dict[str, Any]) -> str:
    """The report for people, with the largest symbols only."""
    lines = [
        *identity_lines(content["build_id"], content["model_digests"]),
        "",
        f"{content['loaded_bytes']:>12,}  bytes are loaded",
        f"{content['zero_bytes']:>12,}  bytes are only reserved",
        "",
        "Sections",
    ]
    lines += [
        f"{row['size']:>12,}  {row['name']:24} {row['purpose']}" for row in content["sections"]
    ]
    lines += ["", f"Largest of {len(content['symbols'])} symbols"]
    lines += [
        f"{row['size']:>12,}  {row['section']:24} {row['name']}"
        for row in content["symbols"][:SYMBOLS_SHOWN]
    ]
    return "\n".join([*lines, ""])


def main(arguments: list[str]) -> str | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elf", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True, help="report to write")
    parser.add_argument("--json", type=Path, required=True, help="report to write")
    options = parser.parse_args(arguments)
    try:
        content = report(ElfFile(options.elf))
    except (ElfError, OSError) as error:
        return f"size_report: {error}"
    options.text.write_text(text(content))
    options.json.write_text(json.dumps(content, indent=1) + "\n")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
