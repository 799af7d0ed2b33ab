"""A server that runs beside this program, and ends with it however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.remote.programs import EngineError

_STARTS_WITHIN_SECONDS = 120
_ENDS_WITHIN_SECONDS = 20
_LAST_LINES = 20


class Service:
    """A process in a process group of its own; what it writes goes into a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        *,
        setpriv: str,
        as_user: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts `command` in `folder`.

        `as_user` is put before it where it must not run as the caller. The kernel ends the process
        when this thread is gone, so `setpriv` comes last: a change of user would undo it.
        """
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*as_user, setpriv, "--pdeathsig", "TERM", "--", *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Waits until the service serves; raises EngineError with its last lines if it does not."""
        end = time.monotonic() + _STARTS_WITHIN_SECONDS
        while not ready():
            if not self.is_running():
                raise EngineError(f"{self.name} has ended:\n{self.last_lines()}")
            if time.monotonic() > end:
                raise EngineError(
                    f"{self.name} is not ready after {_STARTS_WITHIN_SECONDS} s:\n"
                    f"{self.last_lines()}"
                )
            time.sleep(0.1)

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.process.poll() is None

    def last_lines(self) -> str:
        """The end of what it has written, and where all of it is."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([*lines[-_LAST_LINES:], f"({self.log})"])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Asks it to end, and after some time makes it."""
        if self.is_running():
            self.process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_ENDS_WITHIN_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Ends it and all that it has started at once, as a machine that fails does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
