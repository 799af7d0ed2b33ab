"""Downloads from a server of the test."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.launcher import download
from tools.launcher.debian_index import Deb
from tools.launcher.messages import LauncherError, PackageGone


class _Handler(http.server.SimpleHTTPRequestHandler):
    failures: list[str]

    def do_GET(self) -> None:
        if self.failures:
            self.send_error(503, self.failures.pop())
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


class Server:
    """A server and what it serves."""

    def __init__(self, folder: Path) -> None:
        """Serves `folder`."""
        _Handler.failures = []
        self.folder = folder
        self.failures = _Handler.failures
        handler = functools.partial(_Handler, directory=str(folder))
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"

    def add(self, name: str, data: bytes) -> Deb:
        """Serves one more file."""
        (self.folder / name).write_bytes(data)
        return Deb("base", name, hashlib.sha256(data).hexdigest(), len(data))


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A running server."""
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "served").mkdir()
    server = Server(tmp_path / "served")
    thread = threading.Thread(target=server.http.serve_forever)
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def ignore(_: int) -> None:
    """Counts nothing."""


def test_files_are_stored_under_their_hash(server: Server, tmp_path: Path) -> None:
    files = [server.add("a", b"alpha"), server.add("b", b"beta" * 100_000)]
    counted: list[int] = []
    download.download_all(server.url, files, tmp_path / "debs", counted.append)
    for file in files:
        assert download.is_present(file, tmp_path / "debs")
    assert sum(counted) == sum(file.size for file in files)


def test_it_tries_again(server: Server) -> None:
    server.add("a", b"alpha")
    server.failures.extend(["busy", "busy"])
    assert download.fetch(server.url + "a") == b"alpha"


def test_a_host_that_keeps_failing_is_an_error(server: Server) -> None:
    server.add("a", b"alpha")
    server.failures.extend(["busy"] * 100)
    with pytest.raises(LauncherError, match="http_proxy"):
        download.fetch(server.url + "a")


def test_a_missing_file_is_gone(server: Server) -> None:
    with pytest.raises(PackageGone, match="404"):
        download.fetch(server.url + "absent")


def test_other_contents_are_refused(server: Server, tmp_path: Path) -> None:
    file = server.add("a", b"alpha")
    (server.folder / "a").write_bytes(b"omega")
    with pytest.raises(LauncherError, match="is not the file of the lock"):
        download.download_all(server.url, [file], tmp_path / "debs", ignore)
    assert not list((tmp_path / "debs").iterdir())


def test_an_incomplete_file_is_not_present(server: Server, tmp_path: Path) -> None:
    file = server.add("a", b"alpha")
    (tmp_path / file.sha256).write_bytes(b"al")
    assert not download.is_present(file, tmp_path)
