"""The linters and formatters: what each is run on, and how.

The programs are files of Bazel's runfiles; their places come in as arguments `NAME=PATH`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".source"

_ENDINGS = {
    "c": (".c", ".h", ".cc", ".cpp", ".hpp"),
    "python": (".py", ".pyi"),
    "starlark": (".bazel", ".bzl", "WORKSPACE"),
}

# The part of the repository whose types are checked strictly.
_TYPED_FOLDERS = ("compiler/",)


@dataclass(frozen=True)
class Linter:
    """One check. `{program}` in a command stands for the place of the program named so.

    Commands run at the root of the tree; the files are appended.
    """

    name: str
    kind: str
    check: tuple[str, ...]
    fix: tuple[str, ...] = ()


LINTERS = (
    Linter(
        "buildifier",
        "starlark",
        check=("{buildifier}", "-mode=check", "-lint=warn", "-v"),
        fix=("{buildifier}", "-mode=fix", "-lint=fix"),
    ),
    Linter(
        "ruff_check",
        "python",
        check=("{ruff}", "check", "--no-cache", "--quiet"),
        fix=("{ruff}", "check", "--no-cache", "--quiet", "--fix"),
    ),
    Linter(
        "ruff_format",
        "python",
        check=("{ruff}", "format", "--no-cache", "--quiet", "--diff"),
        fix=("{ruff}", "format", "--no-cache", "--quiet"),
    ),
    Linter(
        "clang_format",
        "c",
        check=("{clang_format}", "--style=file", "--dry-run", "--Werror"),
        fix=("{clang_format}", "--style=file", "-i"),
    ),
    Linter(
        "basedpyright",
        "python",
        # It asks the interpreter of --pythonpath where imported packages are.
        check=(sys.executable, "-m", "basedpyright", f"--pythonpath={sys.executable}"),
    ),
)


def listed_files(manifest: Sequence[Path]) -> dict[str, Path]:
    """Path in the repository of every file of `@source_tree` that is among `manifest`."""
    files: dict[str, Path] = {}
    for path in manifest:
        _, separator, relative = path.as_posix().partition("/tree/")
        if separator and relative.endswith(SUFFIX):
            files[relative.removesuffix(SUFFIX)] = path
    return files


def files_for(linter: Linter, files: Sequence[str]) -> list[str]:
    """Those of `files` that `linter` is run on."""
    chosen = [file for file in sorted(files) if file.endswith(_ENDINGS[linter.kind])]
    if linter.name == "basedpyright":
        chosen = [file for file in chosen if file.startswith(_TYPED_FOLDERS)]
    return chosen


def command(parts: Sequence[str], programs: Mapping[str, Path], files: Sequence[str]) -> list[str]:
    """The command line with the programs' places and the files."""
    return [part.format_map(programs) for part in parts] + list(files)


def run(arguments: Sequence[str], tree: Path) -> subprocess.CompletedProcess[str]:
    """Runs a linter at the root of `tree`; its messages are returned."""
    # A program of this Python imports what this program can import.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        arguments,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
