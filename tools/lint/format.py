"""Formats all source files in place: ./bazelw run //:format

Usage: format.py PROGRAM=PATH... -- FILE...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.lint.linters import LINTERS, command, files_for, listed_files, run


def main(arguments: list[str]) -> int:
    """Runs every formatter; returns the exit status of the last that failed, or 0."""
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not root:
        print("to be called as: ./bazelw run //:format")
        return 2
    separator = arguments.index("--")
    programs = {
        key: Path(path).resolve()
        for key, _, path in (part.partition("=") for part in arguments[:separator])
    }
    sources = list(listed_files([Path(path) for path in arguments[separator + 1 :]]))
    status = 0
    for linter in LINTERS:
        if linter.fix:
            files = files_for(linter, sources)
            result = run(command(linter.fix, programs, files), Path(root))
            print(f"{linter.name}: {len(files)} files\n{result.stdout}".rstrip())
            status = result.returncode or status
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
