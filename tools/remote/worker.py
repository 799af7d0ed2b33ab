"""A worker: BuildBox's cache of files, and what takes actions and runs them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.remote.programs import Programs
from tools.remote.server import PROPERTIES
from tools.remote.service import Service

# What an action sees of this machine, read-only, beside its inputs: the system's programs.
_SYSTEM = ("/bin", "/etc", "/lib", "/lib64", "/sbin", "/usr")
_PATH = "/usr/bin:/bin"


class Worker:
    """A running worker. What it has downloaded stays in `folder`."""

    def __init__(
        self, name: str, folder: Path, sockets: Path, server: str, jobs: int, programs: Programs
    ) -> None:
        """Starts a worker that runs `jobs` actions at once and is `name` to `server`."""
        folder.mkdir()
        self.name = name
        self._files = folder / "storage"
        storage = sockets / f"{name}.sock"
        sandbox = _sandbox(programs.bwrap, [folder, sockets])
        self.storage = Service(
            f"{name}-casd",
            [
                *sandbox,
                programs.buildbox_casd,
                f"--cas-remote=http://{server}",
                f"--ac-remote=http://{server}",
                f"--bind=unix:{storage}",
                "--log-level=warning",
                self._files,
            ],
            folder,
            setpriv=programs.setpriv,
        )
        self.storage.wait_until(storage.exists)
        platform = [f"{key}={value}" for key, value in PROPERTIES.items()]
        self.service = Service(
            name,
            [
                *sandbox,
                programs.buildbox_worker,
                f"--bots-remote=http://{server}",
                f"--cas-remote=unix:{storage}",
                # Runs an action in the folder that its inputs were put into. The other runners
                # make that folder the action's /, and zig does not work there.
                f"--buildbox-run={programs.buildbox_run_hosttools}",
                # FUSE's mounts would be seen in one sandbox and not in the other.
                "--runner-arg=--staging-mode=copy-or-link",
                # An action has the variables that Bazel gives it, and none of the worker's.
                "--runner-arg=--clearenv",
                *[argument for text in platform for argument in ("--platform", text)],
                f"--concurrent-jobs={jobs}",
                "--log-level=info",
                name,
            ],
            folder,
            setpriv=programs.setpriv,
        )

    def staged(self) -> list[Path]:
        """The folders of actions that are under way, or were when it was killed."""
        return list(self._files.glob("cas/staging/*"))

    def is_running(self) -> bool:
        """Whether it could still take actions."""
        return self.storage.is_running() and self.service.is_running()

    def stop(self) -> None:
        """Ends it."""
        self.service.stop()
        self.storage.stop()

    def kill(self) -> None:
        """Lets it fail as a machine does: at once, with all that it is doing."""
        self.service.kill()
        self.storage.kill()


def visible_folders() -> list[str]:
    """What actions see of this machine: the system, and the Python that runs this program."""
    folders = [folder for folder in _SYSTEM if Path(folder).exists()]
    prefix = Path(sys.base_prefix)
    if not prefix.is_relative_to("/usr"):
        folders.append(str(prefix))
    return folders


def _sandbox(bwrap: str, own: list[Path]) -> list[str | Path]:
    """What starts a program that sees the system, the folders `own` and nothing else of here.

    It has no home, no checkout and a /tmp of its own; the network is the machine's, for it talks
    to the server.
    """
    command: list[str | Path] = [bwrap, "--die-with-parent", "--unshare-pid"]
    command += ["--clearenv", "--setenv", "PATH", _PATH]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for folder in visible_folders():
        command += ["--ro-bind", os.path.realpath(folder), folder]
    for path in own:
        command += ["--bind", path, path]
    return [*command, "--"]
