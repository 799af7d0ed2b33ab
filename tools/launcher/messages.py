"""What the launcher tells its user: one line per step on standard error."""

from __future__ import annotations

import sys
import threading
import time

PREFIX = "bazelw: "

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_UPDATES = 0.2
_MEBIBYTE = 1 << 20


class LauncherError(Exception):
    """Bazel cannot be run; the message says why and what to do about it."""


class PackageGone(LauncherError):
    """The mirror no longer has a file (HTTP 404 or 410)."""


def say(text: str) -> None:
    """Writes one line."""
    print(PREFIX + text, file=sys.stderr, flush=True)


class Progress:
    """Counts MiB or items towards a total: one changing line on a terminal, else few lines."""

    def __init__(self, what: str, total: int, unit: str = "MiB") -> None:
        """`total` is in bytes where `unit` is `MiB`."""
        self._what = what
        self._scale = _MEBIBYTE if unit == "MiB" else 1
        self._unit = unit
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._terminal = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()

    def add(self, amount: int) -> None:
        """Counts `amount` more; may be called by several threads."""
        interval = _SECONDS_BETWEEN_UPDATES if self._terminal else _SECONDS_BETWEEN_LINES
        with self._lock:
            self._done += amount
            if time.monotonic() - self._shown >= interval:
                self._shown = time.monotonic()
                self._show(end="\r" if self._terminal else "\n")

    def finish(self) -> None:
        """Says what the step took."""
        seconds = time.monotonic() - self._started
        self._show(end=f" in {seconds:.0f} s\n")

    def _show(self, end: str) -> None:
        done, total = self._done // self._scale, self._total // self._scale
        sys.stderr.write(f"{PREFIX}{self._what}: {done} of {total} {self._unit}{end}")
        sys.stderr.flush()
