"""A checkout that a test runs Bazel in, apart from the Bazel that runs the test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_NOT_COPIED = shutil.ignore_patterns(".git", "bazel-*", "__pycache__", "user.bazelrc")

# Set by the Bazel that runs the test, for the test.
_OF_THE_TEST = ("BAZEL", "JAVA_RUNFILES", "PYTHON", "RUNFILES", "RUN_UNDER", "TEST", "XML")


def inherited_environment() -> dict[str, str]:
    """The caller's variables without those that the outer Bazel sets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_TEST)}


def caller_environment() -> dict[str, str]:
    """Who the caller is and where its caches lie."""
    user = pwd.getpwuid(os.getuid())
    home = os.environ.get("HOME", user.pw_dir)
    cache = os.environ.get("XDG_CACHE_HOME", f"{home}/.cache")
    return {"HOME": home, "USER": user.pw_name, "XDG_CACHE_HOME": cache}


def this_checkout() -> Path:
    """The checkout that the test belongs to; the test must be tagged `local`."""
    return Path("MODULE.bazel").resolve().parent


def copy_checkout(target: Path) -> Path:
    """Copies this checkout without its history, outputs and options of its own."""
    shutil.copytree(this_checkout(), target, symlinks=True, ignore=_NOT_COPIED)
    return target


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A temporary folder that Bazel may run in: not in the output of a Bazel, and not in /tmp,
    which actions do not see."""
    scratch = Path(caller_environment()["XDG_CACHE_HOME"], "tilewright")
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{name}_", dir=scratch) as folder:
        yield Path(folder)


@dataclass(frozen=True)
class Workspace:
    """A checkout and where its outputs go; `environment` is put over the caller's."""

    checkout: Path
    output_root: Path
    environment: Mapping[str, str] = field(default_factory=caller_environment)

    def command(self) -> list[str]:
        """What starts Bazel in the checkout; a command and its arguments follow."""
        return ["./bazelw", f"--output_user_root={self.output_root}"]

    def process_environment(self) -> dict[str, str]:
        """All variables that Bazel is started with."""
        return {**inherited_environment(), **self.environment}

    def bazel(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Runs Bazel in the checkout; raises CalledProcessError if it fails."""
        return subprocess.run(
            [*self.command(), *arguments],
            cwd=self.checkout,
            env=self.process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=True,
        )

    def close(self) -> None:
        """Ends the server and removes what it wrote."""
        self.bazel("shutdown")
        # Hundreds of thousands of links, some in read-only folders.
        subprocess.run(["chmod", "--recursive", "u+w", self.output_root], check=True)
        subprocess.run(["rm", "--recursive", self.output_root], check=True)
