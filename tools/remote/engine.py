"""An engine for remote execution on this machine: database, server, workers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.remote.database import Database
from tools.remote.programs import find_programs
from tools.remote.server import Server
from tools.remote.service import Service
from tools.remote.worker import Worker

# Paths of sockets are at most 107 bytes long.
_SHORT_FOLDER = "/tmp"


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    server: Server
    database: Database
    workers: list[Worker]

    @property
    def endpoint(self) -> str:
        """What Bazel's --remote_executor takes."""
        return f"grpc://{self.server.address}"

    def failed(self) -> Service | None:
        """A process that has ended and that the others cannot do without, if there is one.

        Of the workers one is enough.
        """
        needed = [self.database.service, self.server.service]
        if not any(worker.is_running() for worker in self.workers):
            needed += [worker.service for worker in self.workers]
            needed += [worker.storage for worker in self.workers]
        return next((service for service in needed if not service.is_running()), None)


@contextmanager
def running_engine(folder: Path, workers: int, jobs: int) -> Iterator[Engine]:
    """An engine in the existing `folder`, with workers of which each runs `jobs` actions at once.

    It ends with the context, or when the calling thread does. Raises EngineError.
    """
    programs = find_programs()
    with ExitStack() as stack:
        # Only this user may open it, and with it the sockets of database and workers.
        sockets = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="tilewright_", dir=_SHORT_FOLDER)
            )
        )
        database = Database(folder / "database", sockets, programs)
        stack.callback(database.stop)
        server = Server(folder / "server", database, programs)
        stack.callback(server.stop)
        started: list[Worker] = []
        for number in range(1, workers + 1):
            name = f"worker{number}"
            worker = Worker(name, folder / name, sockets, server.address, jobs, programs)
            stack.callback(worker.stop)
            started.append(worker)
        yield Engine(server, database, started)
