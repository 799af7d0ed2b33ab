"""Runs firmware that was built for the host: its output and exit code are the firmware's."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

EXIT_NOT_RUN = 125
"""Exit code if the firmware did not run, unlike 1, which firmware likes to end with."""


def main(arguments: list[str]) -> int:
    """Becomes the firmware; returns only if that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elf", type=Path, required=True, help="the firmware")
    parser.add_argument("--soc", type=Path, help="not needed here")
    parser.add_argument("--arguments", type=Path, help="run-time input of the firmware")
    options = parser.parse_args(arguments)
    command = [str(options.elf.resolve())]
    if options.arguments is not None:
        command += ["--arguments", str(options.arguments)]
    try:
        os.execv(command[0], command)
    except OSError as error:
        print(f"run_native: {command[0]}: {error.strerror}", file=sys.stderr)
        return EXIT_NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
