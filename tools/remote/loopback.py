"""Remote execution on this machine: an engine on the loopback device, until it is interrupted.

What it writes is in one folder that goes away with it. docs/remote_execution.md
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.remote.engine import Engine, running_engine
from tools.remote.programs import EngineError

_SECONDS_BETWEEN_LOOKS = 1


def scratch_parent() -> Path:
    """Where the folder is made: the user's cache, for it holds gigabytes."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "tilewright"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def serve(engine: Engine) -> None:
    """Returns when a part of the engine has ended, by raising EngineError."""
    print(f"Remote execution with {len(engine.workers)} workers is ready. In another terminal:")
    print(f"  ./bazelw test --config=remote --remote_executor={engine.endpoint} //...")
    print("Ctrl-C ends it.", flush=True)
    while (failed := engine.failed()) is None:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    raise EngineError(f"{failed.name} has ended:\n{failed.last_lines()}")


def main(arguments: Sequence[str]) -> int:
    """Runs the engine; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="./bazelw run //tools/remote:loopback --", description=__doc__
    )
    parser.add_argument("--workers", type=int, default=2, help="number of workers (%(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=1, help="actions that a worker runs at once (%(default)s)"
    )
    options = parser.parse_args(arguments)
    if options.workers < 1 or options.jobs < 1:
        parser.error("at least one worker and one job are needed")
    # Both stop and remove everything, also where a shell has started this in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="remote_", dir=scratch_parent()) as folder,
            running_engine(Path(folder), options.workers, options.jobs) as engine,
        ):
            try:
                serve(engine)
            finally:
                print("remote execution ends, and removes its files", flush=True)
    except EngineError as error:
        print(f"remote execution: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
