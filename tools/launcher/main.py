"""The launcher behind ./bazelw: finds Bazel, or sets it up, and becomes it.

What it does and which variables it reads is told in docs/launcher.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tools.launcher import bazel_candidates, closed_network, debian_root, namespace, qemu
from tools.launcher.cache import Verdicts, cache_folder, write_if_changed
from tools.launcher.messages import LauncherError, say

CHECKOUT = Path(__file__).resolve().parents[2]


def path_arguments(arguments: Sequence[str]) -> list[Path]:
    """The real paths of existing folders (or folders of files) that the arguments name."""
    paths: list[Path] = []
    for argument in arguments:
        for text in {argument, argument.rpartition("=")[2]}:
            if "/" in text and os.path.exists(text):
                real = Path(os.path.realpath(text))
                paths.append(real if real.is_dir() else real.parent)
    return paths


def find_bazel(version: str, cache: Path) -> str | None:
    """The Bazel to use as it is, None where the private Debian root is needed."""
    chosen = os.environ.get("TILEWRIGHT_BAZEL")
    if chosen:
        return bazel_candidates.chosen_by_user(chosen, version, CHECKOUT)
    if os.environ.get("TILEWRIGHT_FORCE_ROOT"):
        return None
    verdicts = Verdicts(cache)
    return bazel_candidates.on_path(version, CHECKOUT, verdicts) or bazel_candidates.from_npm(
        version, CHECKOUT, cache, verdicts
    )


def run_bazel(arguments: Sequence[str]) -> NoReturn:
    """Becomes Bazel; raises LauncherError where that cannot be done."""
    version = (CHECKOUT / ".bazelversion").read_text(encoding="utf-8").strip()
    if bazel_candidates.RECURSION_GUARD in os.environ:
        raise LauncherError("the bazel on PATH is bazelw itself")
    cache = cache_folder()
    if debian_root.MARKER.exists():
        # A build inside of a build: this already is the root.
        options = closed_network.write_options(Path("/"), cache)
        _exec_in_root(options, arguments)
    bazel = find_bazel(version, cache)
    if bazel:
        _exec_found(bazel, version, cache, arguments)
    root = debian_root.ensure(cache)
    options = closed_network.write_options(root, cache)
    folders = [CHECKOUT, Path(os.path.realpath(os.getcwd())), cache, *path_arguments(arguments)]
    namespace.run(root, folders, _command(options, arguments))


def _exec_found(bazel: str, version: str, cache: Path, arguments: Sequence[str]) -> NoReturn:
    command = [bazel]
    folder = qemu.folder_with_qemu(cache)
    if folder:
        options = write_if_changed(cache / "qemu.bazelrc", qemu.options(folder))
        command.append(f"--bazelrc={options}")
    os.execve(bazel, [*command, *arguments], bazel_candidates.environment_for(version))


def _command(options: Path, arguments: Sequence[str]) -> list[str]:
    return [closed_network.BAZEL, f"--bazelrc={options}", *arguments]


def _exec_in_root(options: Path, arguments: Sequence[str]) -> NoReturn:
    command = _command(options, arguments)
    os.execv(command[0], command)


def main(arguments: Sequence[str]) -> NoReturn:
    """Becomes Bazel, or says why not and exits."""
    try:
        run_bazel(arguments)
    except LauncherError as error:
        say(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
