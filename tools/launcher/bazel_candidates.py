"""Looks for the wanted Bazel on PATH and behind npm's bazelisk."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tools.launcher.cache import Verdicts, exclusive
from tools.launcher.messages import LauncherError, say

# Set while a candidate is asked for its version: a `bazel` on PATH may be this launcher.
RECURSION_GUARD = "TILEWRIGHT_BAZELW_IS_ASKING"

_BAZELISK_LOCK = Path(__file__).parent / "bazelisk"
_DOWNLOAD_SECONDS = 600


def environment_for(version: str) -> dict[str, str]:
    """The environment of bazelisk: the launcher's version, whatever workspace it is run in."""
    return {**os.environ, "USE_BAZEL_VERSION": version}


def prints_version(program: str, version: str, cwd: Path) -> bool:
    """Whether `program --version` prints exactly the wanted version."""
    try:
        result = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=cwd,
            env={**environment_for(version), RECURSION_GUARD: "1"},
            timeout=_DOWNLOAD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0 and result.stdout.strip() == f"bazel {version}".encode()


def _is_wanted(program: str, version: str, cwd: Path, verdicts: Verdicts) -> bool:
    status = os.stat(program)
    key = f"{os.path.realpath(program)} {status.st_size} {status.st_mtime_ns} for {version}"
    good = verdicts.get(key)
    if good is None:
        say(f"asking {program} for Bazel {version} (bazelisk downloads it once)")
        good = prints_version(program, version, cwd)
        verdicts.put(key, good)
        if not good:
            say(f"{program} is not Bazel {version} and cannot get it; asked again tomorrow")
    return good


def chosen_by_user(program: str, version: str, cwd: Path) -> str:
    """The Bazel that TILEWRIGHT_BAZEL names; raises LauncherError if it is another version."""
    if not prints_version(program, version, cwd):
        raise LauncherError(
            f"TILEWRIGHT_BAZEL={program} does not print 'bazel {version}' when called with "
            "--version; name a Bazel of that version, or a bazelisk."
        )
    return program


def on_path(version: str, cwd: Path, verdicts: Verdicts) -> str | None:
    """A bazelisk or bazel on PATH that is the wanted version."""
    for name in ("bazelisk", "bazel"):
        program = shutil.which(name)
        if program and _is_wanted(program, version, cwd, verdicts):
            return program
    return None


def from_npm(version: str, cwd: Path, cache: Path, verdicts: Verdicts) -> str | None:
    """npm's bazelisk, installed into `cache` as locked, if it can get the wanted version."""
    npm = shutil.which("npm")
    key = f"npm's bazelisk for {version}"
    if not npm or verdicts.get(key) is False:
        return None
    folder = cache / "bazelisk"
    program = folder / "node_modules/@bazel/bazelisk/bazelisk-linux_amd64"
    if not program.exists():
        say("installing bazelisk with npm")
        with exclusive(cache, "bazelisk"):
            if not program.exists() and not _npm_install(npm, folder):
                verdicts.put(key, good=False)
                return None
    if _is_wanted(str(program), version, cwd, verdicts):
        return str(program)
    return None


def _npm_install(npm: str, folder: Path) -> bool:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_BAZELISK_LOCK, partial)
    result = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=partial,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if result.returncode:
        say("npm could not install bazelisk; asked again tomorrow")
        return False
    partial.rename(folder)
    return True
