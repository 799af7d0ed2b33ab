"""A team's cache: nginx with WebDAV on the loopback device, over TLS with client certificates.

Everyone whom the authority knows may read; only the common name `ci` may write.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.remote_cache.certificates import Authority, Identity

INSTALL = "apt-get install nginx-light, or TILEWRIGHT_PACKAGES=cache ./bazelw (docs/launcher.md)"

WRITER = "ci"

_STARTS_WITHIN_SECONDS = 30

# The server block is the one of docs/remote_cache.md; the rest is what lets nginx run in one
# folder without being root.
_CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
{user}events {{ worker_connections 512; }}
http {{
  log_format entries '$request_method $uri $status $ssl_client_s_dn';
  access_log {folder}/access.log entries;
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;

  map "$request_method $ssl_client_s_dn" $may {{
    default 0;
    "~^(GET|HEAD) " 1;
    "PUT CN={writer}" 1;
  }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {server.certificate};
    ssl_certificate_key {server.key};
    ssl_client_certificate {authority};
    ssl_verify_client on;
    root {folder}/entries;
    location / {{
      if ($may = 0) {{ return 403; }}
      dav_methods PUT;
      create_full_put_path on;
      client_max_body_size 1g;
    }}
  }}
}}
"""


def _program() -> str:
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin"
    program = shutil.which("nginx", path=path)
    assert program is not None, f"nginx is not installed; run: {INSTALL}"
    return program


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Nginx:
    """A running server."""

    folder: Path
    port: int
    authority: Authority

    @property
    def url(self) -> str:
        """Where the cache is."""
        return f"https://127.0.0.1:{self.port}"

    def entries(self) -> dict[str, bytes]:
        """All that is stored, by path."""
        root = self.folder / "entries"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    def requests(self) -> list[str]:
        """The log: method, path, status and the client's name of every request."""
        return (self.folder / "access.log").read_text(encoding="utf-8").splitlines()

    def user_options(self, client: Identity | None) -> str:
        """What a user of the cache writes into `user.bazelrc`."""
        options = [
            f"--remote_cache={self.url}",
            f"--tls_certificate={self.authority.identity.certificate}",
        ]
        if client:
            options += [
                f"--tls_client_certificate={client.certificate}",
                f"--tls_client_key={client.key}",
            ]
        return "".join(f"build:remote-cache-server {option}\n" for option in options)


@contextmanager
def running_nginx(folder: Path) -> Iterator[Nginx]:
    """Starts nginx in `folder`; ends it."""
    authority = Authority(folder / "certificates")
    server = authority.issue("server", "IP:127.0.0.1")
    (folder / "entries").mkdir(exist_ok=True)
    nginx = Nginx(folder, _free_port(), authority)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=nginx.port,
            server=server,
            authority=authority.identity.certificate,
            writer=WRITER,
            # As root, nginx would give its work to a user who may not read the folder.
            user="user root;\n" if os.getuid() == 0 else "",
        )
    )
    command = [_program(), "-e", folder / "error.log", "-p", folder, "-c", configuration]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(process, nginx)
        yield nginx
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], nginx: Nginx) -> None:
    end = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", nginx.port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx does not start:\n{(nginx.folder / 'error.log').read_text()}")
