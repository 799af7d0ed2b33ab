"""An HTTP cache in memory that can be told to fail in the ways in which caches do."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Faults:
    """What the server does wrong, from now on.

    `status` answers every `every`-th request with that status. `delay_seconds` passes before
    every answer. `is_interrupted` closes the connection after half of an entry was sent.
    `vanishes_after` requests the server is gone.
    """

    status: int | None = None
    every: int = 1
    delay_seconds: float = 0.0
    is_interrupted: bool = False
    vanishes_after: int | None = None


class FaultyCache:
    """The server: `ac/KEY` and `cas/KEY` in `entries`, to be damaged at will between builds."""

    def __init__(self) -> None:
        """Listens on a free port of the loopback device."""
        self.entries: dict[str, bytes] = {}
        self.faults = Faults()
        self.answers: Counter[int] = Counter()
        self.interruptions = 0
        self._requests = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where the cache is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(self, faults: Faults) -> None:
        """Sets what is done wrong, and counts anew."""
        with self._lock:
            self.faults = faults
            self.answers.clear()
            self.interruptions = 0
            self._requests = 0

    def close(self) -> None:
        """Ends the server; a connection that is made now is refused."""
        self._server.shutdown()
        self._server.server_close()

    def poison(self, paths: Iterable[str]) -> None:
        """Changes one bit of each entry."""
        for path in paths:
            data = self.entries[path]
            self.entries[path] = bytes([data[0] ^ 1]) + data[1:]

    def truncate(self, paths: Iterable[str]) -> None:
        """Drops the second half of each entry."""
        for path in paths:
            data = self.entries[path]
            self.entries[path] = data[: len(data) // 2]

    def evict(self, paths: Iterable[str]) -> None:
        """Drops entries."""
        for path in paths:
            del self.entries[path]

    def next_is_gone(self) -> bool:
        """Counts a request; whether the server has vanished before it."""
        with self._lock:
            self._requests += 1
            limit = self.faults.vanishes_after
            is_gone = limit is not None and self._requests > limit
        if is_gone:
            self.close()
        return is_gone

    def injected_status(self) -> int | None:
        """The status that the present request is answered with instead of the right one."""
        with self._lock:
            is_due = self._requests % self.faults.every == 0
            return self.faults.status if is_due else None

    def count(self, status: int) -> None:
        """Counts an answer."""
        with self._lock:
            self.answers[status] += 1

    def count_interruption(self) -> None:
        """Counts an answer that ends too early."""
        with self._lock:
            self.interruptions += 1


def _handler_for(cache: FaultyCache) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self._fails():
                return
            data = cache.entries.get(self.path[1:])
            if data is None:
                self._answer(404)
            elif cache.faults.is_interrupted and len(data) > 1:
                cache.count_interruption()
                self._answer(200, data, sent=len(data) // 2)
                self.close_connection = True
            else:
                self._answer(200, data)

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            if self._fails():
                return
            cache.entries[self.path[1:]] = data
            self._answer(201)

        def _fails(self) -> bool:
            if cache.next_is_gone():
                self.close_connection = True
                return True
            time.sleep(cache.faults.delay_seconds)
            status = cache.injected_status()
            if status:
                self._answer(status)
            return status is not None

        def _answer(self, status: int, data: bytes = b"", sent: int | None = None) -> None:
            cache.count(status)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:sent])

        def log_message(self, *_: Any) -> None:
            """Says nothing: thousands of requests are made."""

    return Handler


@contextmanager
def running_faulty_cache() -> Iterator[FaultyCache]:
    """Starts the server; ends it."""
    cache = FaultyCache()
    try:
        yield cache
    finally:
        cache.close()
