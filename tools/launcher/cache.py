"""The launcher's folder in the user's cache, and the locks and notes in it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tools.launcher.messages import LauncherError, say

_FAILURE_IS_REMEMBERED_SECONDS = 24 * 3600


def cache_folder() -> Path:
    """The folder, made if absent; raises LauncherError where it cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "tilewright"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LauncherError(
            f"the cache folder {folder} cannot be made ({error.strerror}); set HOME or "
            "XDG_CACHE_HOME to a folder that you may write to."
        ) from error
    return folder


@contextlib.contextmanager
def exclusive(cache: Path, name: str) -> Iterator[None]:
    """Holds the lock `name`, so that two launchers never set up the same thing at once."""
    with open(cache / f"{name}.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another bazelw is setting up; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_if_changed(path: Path, text: str) -> Path:
    """Writes `text` at once, for others may be reading the file; returns `path`."""
    try:
        if path.read_text(encoding="utf-8") == text:
            return path
    except FileNotFoundError:
        pass
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path


class Verdicts:
    """Which candidates turned out to be the wanted Bazel, and which did not.

    Success is remembered until the candidate changes (its key names its size and time),
    failure for a day: a closed network costs its time-outs once, not at every call.
    """

    def __init__(self, cache: Path) -> None:
        """Reads what earlier calls have written to `cache`."""
        self.path = cache / "bazel_candidates.json"
        self._verdicts: dict[str, dict[str, float | bool]] = {}
        with contextlib.suppress(OSError, ValueError):
            read = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(read, dict):
                self._verdicts = read

    def get(self, key: str) -> bool | None:
        """True or False as remembered, None where the candidate has to be tried."""
        verdict = self._verdicts.get(key)
        if verdict is None:
            return None
        if verdict["good"]:
            return True
        age = time.time() - float(verdict["time"])
        return False if 0 <= age < _FAILURE_IS_REMEMBERED_SECONDS else None

    def put(self, key: str, good: bool) -> None:
        """Remembers the outcome of a trial."""
        self._verdicts[key] = {"good": good, "time": time.time()}
        write_if_changed(self.path, json.dumps(self._verdicts, indent=1) + "\n")
