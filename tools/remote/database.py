"""The database in which BuildGrid keeps its queue: a PostgreSQL of its own in one folder."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from pathlib import Path

from tools.remote.programs import EngineError, Programs
from tools.remote.service import Service

_USER = "buildgrid"
_DATABASE = "postgres"  # The one that every cluster has.


class Database:
    """A running PostgreSQL that listens on a socket in `sockets` alone, and trusts who reaches it.

    What it keeps is of no use after the engine has ended, so nothing waits for the disk.
    """

    def __init__(self, folder: Path, sockets: Path, programs: Programs) -> None:
        """Makes the database in `folder` and starts it."""
        folder.mkdir()
        data = folder / "data"
        as_user = _unprivileged_user(programs)
        _initialise(data, [*as_user, programs.initdb])
        options = ["listen_addresses=", "fsync=off", "synchronous_commit=off"]
        settings = [argument for option in options for argument in ("-c", option)]
        self.service = Service(
            "postgres",
            [programs.postgres, "-D", data, "-k", sockets, *settings],
            folder,
            setpriv=programs.setpriv,
            as_user=as_user,
        )
        # Written line by line; the last one, the status, comes when connections are accepted.
        status = data / "postmaster.pid"
        self.service.wait_until(
            lambda: status.exists() and status.read_text().rstrip().endswith("ready")
        )
        self.url = f"postgresql+psycopg2://{_USER}@/{_DATABASE}?host={sockets}"

    def stop(self) -> None:
        """Ends it without waiting for clients."""
        self.service.stop(signal.SIGINT)


def _unprivileged_user(programs: Programs) -> list[str]:
    """What PostgreSQL is started with: it refuses to run as root.

    In a user namespace of its own it is another user, to whom root's folders belong.
    """
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    return [
        programs.unshare,
        "--user",
        f"--map-user={nobody.pw_uid}",
        f"--map-group={nobody.pw_gid}",
        "--",
    ]


def _initialise(data: Path, initdb: list[str]) -> None:
    result = subprocess.run(
        [
            *initdb,
            f"--pgdata={data}",
            f"--username={_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            "--no-sync",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise EngineError(f"initdb cannot make a database in {data}:\n{result.stdout}")
