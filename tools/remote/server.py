"""BuildGrid: takes actions from Bazel, gives them to workers, keeps files and results."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

from tools.remote.database import Database
from tools.remote.programs import EngineError, Programs
from tools.remote.service import Service

PROPERTIES = {"ISA": "x86-64", "OSFamily": "linux"}
"""What workers are; an action may ask for it (--remote_default_exec_properties)."""

# A worker that says nothing for so long is dead, and its actions go to another one.
_WORKER_IS_DEAD_AFTER_SECONDS = 20

# A server in Python accepts slowly when Bazel uploads thousands of files at once. By default gRPC
# cancels calls when 1000 wait, or one does for 30 s, and Bazel gives up after some of these.
_PENDING_CALLS = 100_000
_PENDING_SECONDS = 600

# Each waiting action of a client holds a thread of the server.
_CONFIGURATION = """\
server:
  - !channel
    address: 127.0.0.1:{port}
    insecure-mode: true
connections:
  - !sql-connection &sql
    connection-string: {database}
storages:
  - !disk-storage &storage
    path: {folder}/storage
caches:
  - !lru-action-cache &results
    storage: *storage
    max-cached-refs: 1000000
    allow-updates: true
    cache-failed-actions: false
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    storage: *storage
    action-cache: *results
    bot-session-keepalive-timeout: {dead_after}
    session-expiry-timer-interval: 2
    poll-interval: 0.2
    bot-poll-interval: 0.2
    property-set:
      !dynamic-property-set
      match-property-keys: [{properties}]
    assigners:
      - !priority-age-assigner
        count: 1
        interval: 0.1
        priority-assignment-percentage: 100
instances:
  - name: ""
    services:
      - !action-cache
        cache: *results
      - !execution
        scheduler: *scheduler
      - !bots
        scheduler: *scheduler
      - !cas
        storage: *storage
      - !bytestream
        storage: *storage
thread-pool-size: 1000
grpc-server-options:
  grpc.server.max_pending_requests: {pending_calls}
  grpc.server.max_pending_requests_hard_limit: {pending_calls}
  grpc.server_max_unrequested_time_in_server: {pending_seconds}
"""

_BGD = "from buildgrid.server.app import cli; cli(prog_name='bgd')"


class Server:
    """A running BuildGrid on a free port of the loopback device."""

    def __init__(self, folder: Path, database: Database, programs: Programs) -> None:
        """Writes the configuration, makes the database's tables, and starts."""
        folder.mkdir()
        port = _free_port()
        self.address = f"127.0.0.1:{port}"
        configuration = folder / "buildgrid.yaml"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                port=port,
                database=database.url,
                dead_after=_WORKER_IS_DEAD_AFTER_SECONDS,
                properties=", ".join(sorted(PROPERTIES)),
                pending_calls=_PENDING_CALLS,
                pending_seconds=_PENDING_SECONDS,
            ),
            encoding="utf-8",
        )
        environment = _environment()
        _migrate(database, environment)
        self.service = Service(
            "buildgrid",
            [sys.executable, "-c", _BGD, "server", "start", configuration],
            folder,
            setpriv=programs.setpriv,
            environment=environment,
        )
        self.service.wait_until(lambda: _listens(port))

    def stop(self) -> None:
        """Ends it."""
        self.service.stop()


def _environment() -> dict[str, str]:
    """The variables for BuildGrid: this program's packages, and not its modules."""
    package = importlib.util.find_spec("buildgrid")
    if package is None or not package.submodule_search_locations:
        raise EngineError("Python has no buildgrid: use ./bazelw run //tools/remote:loopback")
    site = Path(package.submodule_search_locations[0]).parent
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}


def _migrate(database: Database, environment: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _BGD, "migrate", "apply", database.url],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise EngineError(f"BuildGrid cannot make its tables:\n{result.stdout}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True
