"""Runs one linter on every source file of the repository.

Usage: lint_test.py LINTER PROGRAM=PATH... -- FILE...

The files are those of `@source_tree`. They are linked under their own names into a folder of
the test, and the linter runs there with the repository's settings.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.lint.linters import LINTERS, Linter, command, files_for, listed_files, run


def link_tree(files: dict[str, Path], tree: Path) -> None:
    """Links every file to its place below `tree`."""
    for name, source in files.items():
        place = tree / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source.resolve())


def check(linter: Linter, programs: dict[str, Path], tree: Path, files: list[str]) -> int:
    """Runs the check and prints what it found; returns the exit status."""
    if linter.name == "basedpyright":
        files = []  # pyproject.toml names them.
    result = run(command(linter.check, programs, files), tree)
    print(result.stdout.replace(f"{tree}/", ""))
    if result.returncode:
        fix = "To fix: ./bazelw run //:format" if linter.fix else "To be fixed by hand."
        print(f"{linter.name}: the files above need a change. {fix}")
    return result.returncode


def main(arguments: list[str]) -> int:
    """Runs the test; returns the exit status."""
    separator = arguments.index("--")
    name, *settings = arguments[:separator]
    linter = next(linter for linter in LINTERS if linter.name == name)
    programs = {
        key: Path(path).resolve() for key, _, path in (part.partition("=") for part in settings)
    }
    tree = Path(os.environ["TEST_TMPDIR"]) / "tree"
    sources = listed_files([Path(path) for path in arguments[separator + 1 :]])
    link_tree(sources, tree)
    files = files_for(linter, list(sources))
    if not files:
        print(f"{linter.name}: no source file was found, so nothing was checked")
        return 1
    print(f"{linter.name}: {len(files)} files")
    return check(linter, programs, tree, files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
