"""Edits one file after another and compares what runs again with what may.

Usage: incrementality_test.py [NAME...], by default all edits of edits.py.

A copy of the checkout is built and tested once; each edit comes on top of the ones before. What
ran is read from Bazel's execution log, where actions are that a cache could have spared; there
is none here.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.incrementality.edits import EDITS, NETWORKS, PLATFORMS, Edit
from tests.incrementality.execution_log import configuration, describe, spawns
from tests.nested_bazel.workspace import (
    Workspace,
    caller_environment,
    copy_checkout,
    scratch_folder,
)

_TESTS = [f"{network}_{platform}" for network in NETWORKS for platform in PLATFORMS]


class Log:
    """Builds and tests the networks, and reads what ran."""

    def __init__(self, workspace: Workspace, file: Path) -> None:
        self._workspace = workspace
        self._file = file
        self._platforms: dict[str, str] = {}

    def run(self) -> list[str]:
        """What ran, sorted."""
        options = ["--curses=no", "--show_progress_rate_limit=30", "--symlink_prefix=/"]
        options += ["--disk_cache=", "--remote_cache=", f"--execution_log_json_file={self._file}"]
        self._workspace.bazel("test", *options, *_TESTS)
        entries = list(spawns(self._file))
        for entry in entries:
            # A firmware is linked for its platform, whatever the build's is.
            label: str = entry["targetLabel"]
            for platform in PLATFORMS:
                if entry["mnemonic"] == "CppLink" and label.endswith(f"_{platform}_fw"):
                    self._platforms[configuration(entry)] = platform
        return sorted(describe(entry, self._platforms) for entry in entries)


def check(edit: Edit, ran: Sequence[str]) -> bool:
    """Says what an edit ran again, and what of it is wrong; returns whether nothing is."""
    unexpected = sorted(set(ran) - edit.reruns)
    missing = sorted(edit.reruns - set(ran))
    print(f"=== {edit.name}: {len(ran)} actions ran again")
    for action in ran:
        print(f"  {action}{'  <- may not' if action in unexpected else ''}")
    for action in missing:
        print(f"  {action}  <- should have, and did not")
    return not (unexpected or missing)


def main(names: Sequence[str]) -> int:
    """Runs the edits; returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # In one order with what Bazel writes.
    edits = [edit for edit in EDITS if not names or edit.name in names]
    unknown = set(names) - {edit.name for edit in edits}
    if unknown:
        print(f"no such edit: {', '.join(sorted(unknown))}; there are:", file=sys.stderr)
        print("\n".join(edit.name for edit in EDITS), file=sys.stderr)
        return 2
    with scratch_folder("incrementality") as folder:
        checkout = copy_checkout(folder / "checkout")
        workspace = Workspace(checkout, folder / "outputs", caller_environment())
        log = Log(workspace, folder / "execution.json")
        print(f"The first build runs {len(log.run())} actions.")
        again = log.run()
        wrong = ["none"] if again else []
        print(f"Without an edit {len(again)} actions run again.")
        for edit in edits:
            edit.apply(checkout)
            if not check(edit, log.run()):
                wrong.append(edit.name)
        workspace.close()
    print(f"{len(edits)} edits; wrong: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
