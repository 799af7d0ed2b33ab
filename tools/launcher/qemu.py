"""Finds qemu-system-riscv32 on a machine whose Bazel does not come from the Debian root."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tools.launcher import deb_archive
from tools.launcher.cache import exclusive
from tools.launcher.download import fetch
from tools.launcher.messages import LauncherError, Progress, say

PROGRAM = "qemu-system-riscv32"
INSTALL = "apt install qemu-system-misc (Debian 12, Ubuntu) or qemu-system-riscv (Debian 13)"

# PATH of actions under --incompatible_strict_action_env.
ACTION_PATH = ("/bin", "/usr/bin", "/usr/local/bin")

# Newer Debians have a package of its own for RISC-V; elsewhere it is one of many.
_PACKAGES = ("qemu-system-riscv", "qemu-system-misc")

_WRAPPER = """\
#!/bin/sh
# The distribution's QEMU with those of its libraries that the machine does not have.
here="$(dirname "$(dirname "$(readlink -f "$0")")")"
LD_LIBRARY_PATH="$here/root/usr/lib/x86_64-linux-gnu:$here/root/lib/x86_64-linux-gnu"
export LD_LIBRARY_PATH
exec "$here/root/usr/bin/qemu-system-riscv32" "$@"
"""


@dataclass(frozen=True)
class AptFile:
    """One line of `apt-get --print-uris`; `digest` is like `SHA256:0123...`, size in bytes."""

    url: str
    size: int
    digest: str


def parse_uris(output: str) -> list[AptFile]:
    """The files that apt would download."""
    lines = re.findall(r"^'([^']+\.deb)' (\S+) (\d+) (\w+:[0-9a-f]+)$", output, re.MULTILINE)
    return [AptFile(url, int(size), digest) for url, _, size, digest in lines]


def _matches(data: bytes, digest: str) -> bool:
    name, _, value = digest.partition(":")
    algorithm = {"SHA512": "sha512", "SHA256": "sha256", "SHA1": "sha1", "MD5Sum": "md5"}[name]
    return hashlib.new(algorithm, data).hexdigest() == value


def _apt_files() -> list[AptFile]:
    for package in _PACKAGES:
        command = ["apt-get", "install", "--print-uris", "--yes", "--no-install-recommends"]
        try:
            result = subprocess.run(
                [*command, package],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return []
        if result.returncode == 0:
            return parse_uris(result.stdout)
    return []


def _unpack_into(folder: Path, files: list[AptFile]) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "bin").mkdir(parents=True)
    progress = Progress("downloading QEMU", sum(file.size for file in files))
    for file in files:
        data = fetch(file.url, progress.add)
        if not _matches(data, file.digest):
            raise LauncherError(f"{file.url} is not the file that apt's index describes")
        deb = partial / unquote(file.url.rpartition("/")[2])
        deb.write_bytes(data)
        deb_archive.unpack(deb, partial / "root")
        deb.unlink()
    progress.finish()
    wrapper = partial / "bin" / PROGRAM
    wrapper.write_text(_WRAPPER, encoding="utf-8")
    wrapper.chmod(0o755)
    partial.rename(folder)


def _runs(folder: Path) -> bool:
    try:
        result = subprocess.run(
            [folder / "bin" / PROGRAM, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return result.returncode == 0


def folder_with_qemu(cache: Path) -> str | None:
    """The folder of QEMU where actions do not find it by themselves, else None.

    QEMU comes from PATH, else from the packages that apt would install, unpacked into `cache`.
    Where that cannot be done the install line is named and Bazel runs without: the tests that
    need QEMU fail, and say the same.
    """
    program = shutil.which(PROGRAM)
    if program:
        folder = os.path.dirname(program)
        return None if folder in ACTION_PATH else folder
    folder = cache / "qemu"
    if not folder.exists():
        with exclusive(cache, "qemu"):
            if not folder.exists():
                files = _apt_files()
                if files:
                    say(f"{PROGRAM} is not on PATH; unpacking the distribution's into {folder}")
                    _unpack_into(folder, files)
    if not _runs(folder):
        say(f"{PROGRAM} was not found, and simulator tests need it: {INSTALL}")
        return None
    return str(folder / "bin")


def options(folder: str) -> str:
    """The bazelrc that puts `folder` on the PATH of actions and tests."""
    path = ":".join((*ACTION_PATH, folder))
    flags = ("--action_env", "--host_action_env", "--test_env")
    return "# Written by bazelw.\n" + "".join(f"build {flag}=PATH={path}\n" for flag in flags)
