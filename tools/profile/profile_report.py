"""Runs firmware on its simulator and reports what each layer takes, beside what was predicted."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.elf.elf_file import ElfError, ElfFile
from tools.profile import table, trace_events
from tools.profile.layers import EntryProfile, profiles
from tools.profile.measurement import Measurement, ProfileError
from tools.profile.page import to_html
from tools.report.image import Memory, memories

FORMAT = 1


def measure(simulator: Path, options: argparse.Namespace, functions: Sequence[str]) -> Any:
    """Runs the firmware; the content of the simulator's profile.

    Raises:
        ProfileError: if the firmware does not run, or fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "profile.json"
        command = [simulator, "--elf", options.elf, "--soc", options.soc, "--profile", output]
        if options.arguments:
            command += ["--arguments", options.arguments]
        for function in functions:
            command += ["--profile-function", function]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if result.returncode != 0:
            said = (result.stdout + result.stderr).decode(errors="replace")
            raise ProfileError(f"the firmware ended with {result.returncode}:\n{said}")
        return json.loads(output.read_text())


def memory_lines(found: Sequence[Memory]) -> list[str]:
    """How full the SoC's memories are."""
    return [
        f"{memory.name}: {memory.used:,} of {memory.size:,} bytes used"
        for memory in found
        if memory.used and memory.size
    ]


def main(arguments: list[str]) -> str | None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elf", type=Path, required=True, help="firmware for a cluster")
    parser.add_argument("--soc", type=Path, required=True, help="soc.yaml")
    parser.add_argument("--simulator", type=Path, required=True, help="what runs the firmware")
    parser.add_argument("--arguments", type=Path, help="run-time input")
    parser.add_argument(
        "--memory-map", type=Path, action="append", default=[], help="of a network: its plan"
    )
    parser.add_argument("--mapping", type=Path, action="append", default=[], help="of a network")
    for kind, what in _OUTPUTS.items():
        parser.add_argument(f"--{kind}", type=Path, required=True, help=f"{what} to write")
    options = parser.parse_args(arguments)
    try:
        maps = [json.loads(path.read_text()) for path in options.memory_map]
        mappings = [json.loads(path.read_text()) for path in options.mapping]
        functions = [plan["function"] for memory in maps for plan in memory["maps"]]
        measurement = Measurement(measure(options.simulator.absolute(), options, functions))
        found: list[EntryProfile] = []
        for memory, mapping in zip(maps, mappings, strict=True):
            found += profiles(memory, mapping, measurement)
        if not found:
            raise ProfileError(f"the firmware called none of {', '.join(functions)}")
        used = memories(ElfFile(options.elf), yaml.safe_load(options.soc.read_text()))
    except (ElfError, OSError, ProfileError) as error:
        return f"profile_report: {error}"
    report = {"format": FORMAT, "entry_points": [profile.to_json() for profile in found]}
    options.text.write_text(table.text(found, memory_lines(used)))
    options.csv.write_text(table.to_csv(found))
    options.html.write_text(to_html(found, used, measurement.clock_hertz))
    options.trace.write_text(trace_events.to_json(found))
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    return None


_OUTPUTS = {
    "text": "table",
    "csv": "table",
    "html": "page",
    "trace": "timeline for Perfetto",
    "json": "report",
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
