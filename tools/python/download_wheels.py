"""Downloads the wheels of a hash-locked requirements file: download_wheels.py LOCK FOLDER

Wheels are kept in the user's cache, so that another checkout or output base needs no network.
Nothing is taken from anywhere, the cache included, whose hash the lock does not name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_OPTIONS = ("--no-deps", "--only-binary=:all:", "--require-hashes")


def cache_folder() -> Path:
    """Where wheels are kept between fetches."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "tilewright" / "wheels"


def pip_download(lock: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs `pip download` for all of `lock`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    return subprocess.run(
        [*command, *_OPTIONS, *options, f"--dest={folder}", f"--requirement={lock}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def keep(wheels: Path, cache: Path) -> None:
    """Copies the wheels to the cache, each at once, for other fetches may run beside this one."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            for wheel in wheels.glob("*.whl"):
                copy = Path(temporary, wheel.name)
                shutil.copyfile(wheel, copy)
                copy.replace(cache / wheel.name)
    except OSError as error:
        print(f"wheels are not kept in {cache}: {error}", file=sys.stderr)


def download(lock: Path, folder: Path) -> str | None:
    """Puts the wheels of `lock` into `folder`; returns None, or pip's words if that failed."""
    cache = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if cache.is_dir():
        if pip_download(lock, folder, "--no-index", f"--find-links={cache}").returncode == 0:
            return None
        shutil.rmtree(folder)
        folder.mkdir()
    result = pip_download(lock, folder)
    if result.returncode:
        return result.stdout
    keep(folder, cache)
    return None


def main(arguments: list[str]) -> int:
    """Runs the download; returns the exit status."""
    lock, folder = Path(arguments[0]), Path(arguments[1])
    error = download(lock, folder)
    if error is None:
        return 0
    if "No module named pip" in error:
        error += "Install pip for this Python (Debian, Ubuntu: apt install python3-pip)."
    print(f"{sys.executable}: the packages of {lock} cannot be downloaded:\n{error}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
