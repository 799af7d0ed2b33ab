"""Downloads over HTTP with the standard library."""

from __future__ import annotations

import concurrent.futures
import hashlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tools.launcher.messages import LauncherError, PackageGone

_ATTEMPTS = 6
_CONNECTIONS = 8
_TIMEOUT_SECONDS = 120
_CHUNK = 1 << 18


class LockedFile(Protocol):
    """What is downloaded: `path` below a base URL, its SHA-256 and its size in bytes."""

    @property
    def path(self) -> str:
        """Path below the base URL."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 in hexadecimal."""
        ...

    @property
    def size(self) -> int:
        """Size in bytes."""
        ...


def fetch(url: str, count: Callable[[int], None] | None = None) -> bytes:
    """The contents at `url`; `count` is told the bytes as they arrive, negative to take back.

    Tries again with growing pauses; raises PackageGone if the file is not there, LauncherError
    if the host does not answer.
    """
    reason: Exception | None = None
    for attempt in range(_ATTEMPTS):
        received = bytearray()
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:
                while chunk := response.read(_CHUNK):
                    received += chunk
                    if count:
                        count(len(chunk))
            return bytes(received)
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code in (404, 410):
                raise PackageGone(f"{url} is gone (HTTP {error.code})") from error
            reason = error
        if count:
            count(-len(received))
        if attempt + 1 < _ATTEMPTS:
            time.sleep(2**attempt / 2)
    raise LauncherError(
        f"{url} cannot be downloaded: {reason}. This is needed once; is the network up, and a "
        "proxy, if there is one, in http_proxy?"
    )


def is_present(file: LockedFile, folder: Path) -> bool:
    """Whether the file lies in `folder` under its SHA-256, complete."""
    try:
        return (folder / file.sha256).stat().st_size == file.size
    except FileNotFoundError:
        return False


def download_all(
    base_url: str,
    files: Sequence[LockedFile],
    folder: Path,
    count: Callable[[int], None],
) -> None:
    """Downloads `files` into `folder`, each under its SHA-256; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)

    def one(file: LockedFile) -> None:
        data = fetch(base_url + file.path, count)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise LauncherError(
                f"{base_url}{file.path} is not the file of the lock: its SHA-256 is "
                f"{hashlib.sha256(data).hexdigest()}, not {file.sha256}."
            )
        temporary = folder / f"{file.sha256}.{os.getpid()}"
        temporary.write_bytes(data)
        temporary.replace(folder / file.sha256)

    with concurrent.futures.ThreadPoolExecutor(_CONNECTIONS) as executor:
        jobs = [executor.submit(one, file) for file in files]
        done, _ = concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_EXCEPTION)
        for job in jobs:
            job.cancel()
    for job in done:
        job.result()
