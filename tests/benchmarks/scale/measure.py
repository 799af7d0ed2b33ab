"""Measures how a build's fixed costs grow with models and boards.

Prints a table: for every size the actions of the build, what analysing costs from nothing and again
with nothing changed, and the server's memory afterwards; with --build, which builds everything,
also the time of a build with nothing to do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.scale.plot import svg_of
from tests.benchmarks.scale.synthetic_workspace import write_workspace
from tests.nested_bazel.workspace import Workspace, scratch_folder

SIZES = ("1x1", "4x4", "10x10", "20x10", "20x20", "50x20")
"""Models x boards."""

TARGETS = "//..."
OPTIONS = ("--curses=no", "--show_progress_rate_limit=60", "--symlink_prefix=/")


@dataclass(frozen=True)
class Synthetic(Workspace):
    """A synthetic workspace, built by Tilewright's launcher.

    Workspaces of all sizes have a disk cache in common: a build of everything is not measured, and
    boards and models of a smaller one need not be built again.
    """

    launcher: Path = Path("bazelw")
    disk_cache: Path = Path("cache")

    def command(self) -> list[str]:
        """The launcher of the checkout that this belongs to."""
        return [str(self.launcher), f"--output_user_root={self.output_root}"]

    def build(self, *options: str) -> float:
        """Seconds of a build of everything, or of its analysis, if options say so."""
        begin = time.monotonic()
        self.bazel("build", *OPTIONS, f"--disk_cache={self.disk_cache}", *options, TARGETS)
        return time.monotonic() - begin


def metrics(events: Path) -> dict[str, Any]:
    """The last event of a build, with Bazel's own counts and times."""
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    return next(line["buildMetrics"] for line in lines if "buildMetrics" in line)


def measure(workspace: Synthetic, events: Path, *, build: bool) -> dict[str, float]:
    """The figures of one workspace."""
    workspace.build("--nobuild")  # Fetches what there is to fetch.
    workspace.bazel("shutdown")
    workspace.build("--nobuild", f"--build_event_json_file={events}")
    cold = metrics(events)
    heap = workspace.bazel("info", "used-heap-size-after-gc", capture=True).stdout
    result = {
        "actions": float(cold["actionSummary"]["actionsCreated"]),
        "analysis_s": float(cold["timingMetrics"]["analysisPhaseTimeInMs"]) / 1000,
        "again_s": workspace.build("--nobuild"),
        "heap_mb": float(re.sub(r"\D", "", heap)),
    }
    if build:
        workspace.build()
        result["no_op_s"] = min(workspace.build() for _ in range(3))
    return result


def sizes(texts: list[str]) -> Iterator[tuple[int, int]]:
    """Models and boards of "50x20"."""
    for text in texts:
        models, _, boards = text.partition("x")
        yield int(models), int(boards)


def main() -> None:
    """Measures all sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="models x boards, such as 50x20")
    parser.add_argument("--build", action="store_true", help="also build everything")
    parser.add_argument("--svg", type=Path, help="write the plot to this file (an absolute path)")
    arguments = parser.parse_args()
    checkout = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    table: dict[int, dict[str, float]] = {}
    with scratch_folder("scale") as folder:
        for models, boards in sizes(arguments.sizes):
            place = folder / f"{models}x{boards}"
            write_workspace(place / "workspace", checkout, models, boards)
            workspace = Synthetic(
                place / "workspace",
                place / "outputs",
                launcher=checkout / "bazelw",
                disk_cache=folder / "cache",
            )
            row = measure(workspace, place / "events.json", build=arguments.build)
            workspace.close()
            table[models * boards] = row
            if len(table) == 1:
                print(f"{'models':>8}{'boards':>8}" + "".join(f"{name:>12}" for name in row))
            values = "".join(f"{value:>12,.1f}" for value in row.values())
            print(f"{models:>8}{boards:>8}{values}", flush=True)
    if arguments.svg:
        arguments.svg.write_text(svg_of(table), encoding="utf-8")


if __name__ == "__main__":
    main()
