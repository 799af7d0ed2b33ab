"""Builds everything twice and compares all outputs byte by byte.

Usage: reproducibility_test.py [--built] [--python PROGRAM] [TARGET_PATTERN...], by default //...

With --built the first build is the one that runs this test: it must have built the targets, with
all their files, before. What else lies among its outputs, from other builds, is left alone.

The second build differs from the first in all that must not matter: the folder of the checkout,
the output base, the number of jobs, and the caller's home, name, language and time zone; the first
runs actions in sandboxes, the second without. Python's string hashes differ between any two
processes, and which networks a process of the compiler has made before depends on the order of
actions. With --python the second build's Python is another one than the first's too; only the
interpreter's name in the start scripts of Python programs may then differ.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.nested_bazel.workspace import (
    Workspace,
    caller_environment,
    copy_checkout,
    scratch_folder,
    this_checkout,
)
from tests.reproducibility.compare_outputs import Comparison, compare, digests

# Differences beyond these are counted; the first few tell the cause.
_MOST_NAMED = 20


def outputs_in(output_path: Path) -> dict[str, str]:
    """The digests of all output files below Bazel's `output_path` by path."""
    found = {
        f"{tree.parent.name}/bin/{name}": digest
        for tree in sorted(output_path.glob("*/bin"))
        for name, digest in digests(tree).items()
    }
    if not found:
        raise AssertionError(f"{output_path} has no outputs")
    return found


def outer_output_path() -> Path:
    """Where the Bazel that runs this test has its outputs."""
    runfiles = Path(os.environ["TEST_SRCDIR"])
    return next(folder for folder in runfiles.parents if folder.name == "bazel-out")


@dataclass(frozen=True)
class Build(Workspace):
    """One build of everything."""

    jobs: int = 1
    sandboxed: bool = True

    def outputs(self, targets: Sequence[str]) -> dict[str, str]:
        """Builds `targets`; the digests of all output files by path."""
        options = [f"--jobs={self.jobs}", "--symlink_prefix=/", "--curses=no", "--disk_cache="]
        options += [
            f"--spawn_strategy=worker,{'sandboxed' if self.sandboxed else 'local'}",
            f"--{'' if self.sandboxed else 'no'}worker_sandboxing",
            "--show_progress_rate_limit=30",
            "--remote_cache=",
        ]
        self.bazel("build", *options, "--", *targets)
        return outputs_in(Path(self.bazel("info", "output_path", capture=True).stdout.strip()))

    def action(self, output: str) -> str:
        """Mnemonic and target of the action that made an output, as well as Bazel knows it."""
        query = f"outputs('bazel-out/{output}', deps(//...))"
        try:
            text = self.bazel("aquery", "--output=text", query, capture=True).stdout
        except subprocess.CalledProcessError:
            return "unknown action"
        wanted = ("Mnemonic: ", "Target: ")
        lines = [line.strip() for line in text.splitlines()]
        return ", ".join(line for line in lines if line.startswith(wanted)) or "unknown action"


def report(comparison: Comparison, build: Build) -> None:
    """Says what was compared and what differs, by action and file."""
    for title, paths in (
        ("differ", comparison.different),
        ("are in the first build only", comparison.only_first),
        ("are in the second build only", comparison.only_second),
    ):
        if paths:
            print(f"{len(paths)} outputs {title}:")
            for path in paths[:_MOST_NAMED]:
                print(f"  {path} ({build.action(path)})")
    print(f"{len(comparison.equal)} outputs are identical")


def first_build(folder: Path, targets: Sequence[str]) -> dict[str, str]:
    """A build of this checkout with outputs of its own; the digests of its outputs."""
    build = Build(
        this_checkout(),
        folder / "1",
        {**caller_environment(), "LANG": "C.UTF-8", "TZ": "UTC"},
        jobs=2,
        sandboxed=True,
    )
    outputs = build.outputs(targets)
    build.close()
    return outputs


def main(arguments: Sequence[str]) -> int:
    """Runs both builds; returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # In one order with what Bazel writes.
    parser = argparse.ArgumentParser()
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--python", metavar="PROGRAM")
    parser.add_argument("targets", nargs="*", default=["//..."])
    options = parser.parse_args(arguments)
    other_python: dict[str, str] = {}
    if options.python:
        program = shutil.which(options.python)
        if not program:
            print(f"no {options.python} on PATH; TILEWRIGHT_PACKAGES=python3.11 brings python3.11")
            return 1
        other_python["TILEWRIGHT_PYTHON"] = program
    with scratch_folder("reproducibility") as folder:
        (folder / "home").mkdir()
        second = Build(
            copy_checkout(folder / "checkout_of_another_name"),
            folder / "second_output_root",
            {
                **caller_environment(),
                "HOME": f"{folder}/home",
                "LANG": "de_DE.UTF-8",
                "LC_ALL": "tr_TR.UTF-8",
                "TZ": "Pacific/Kiritimati",
                "USER": "somebody",
                **other_python,
            },
            jobs=3,
            sandboxed=False,
        )
        if options.built:
            outputs = second.outputs(options.targets)
            earlier = outputs_in(outer_output_path())
            earlier = {path: earlier[path] for path in earlier.keys() & outputs.keys()}
            # What a cache gave the first build came without lists of the headers it was made from.
            outputs = {
                path: digest
                for path, digest in outputs.items()
                if path in earlier or not path.endswith(".d")
            }
        else:
            earlier = first_build(folder, options.targets)
            outputs = second.outputs(options.targets)
        comparison = compare(earlier, outputs)
        report(comparison, second)
        second.close()
    return 0 if comparison.is_identical else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
