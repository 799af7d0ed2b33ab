"""Builds everything twice and compares all outputs byte by byte.

Usage: reproducibility_test.py [TARGET_PATTERN...], by default //...

The second build differs from the first in all that must not matter: the folder of the checkout,
the output base, the number of jobs, and the caller's home, name, language and time zone. Python's
string hashes differ between any two processes, and the first build compiles all networks in few
processes, the second one in a process each.
"""

from __future__ import annotations

import io
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.reproducibility.compare_outputs import Comparison, compare, digests

_NOT_COPIED = shutil.ignore_patterns(".git", "bazel-*", "__pycache__", "user.bazelrc")

# Differences beyond these are counted; the first few tell the cause.
_MOST_NAMED = 20


# Set by the Bazel that runs this test, for this test.
_OF_THIS_TEST = ("BAZEL", "JAVA_RUNFILES", "PYTHON", "RUNFILES", "RUN_UNDER", "TEST", "XML")


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_THIS_TEST)}


@dataclass(frozen=True)
class Build:
    """One build of everything."""

    checkout: Path
    output_root: Path
    jobs: int
    strategy: str
    environment: dict[str, str]

    def bazel(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        """Runs Bazel in the checkout, with this build's output root."""
        return subprocess.run(
            ["./bazelw", f"--output_user_root={self.output_root}", *arguments],
            cwd=self.checkout,
            env={**_inherited(), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=True,
        )

    def outputs(self, targets: Sequence[str]) -> dict[str, str]:
        """Builds `targets`; the digests of all output files by path."""
        options = [f"--jobs={self.jobs}", "--symlink_prefix=/", "--curses=no", "--disk_cache="]
        options += [
            f"--spawn_strategy={self.strategy}",
            "--show_progress_rate_limit=30",
            "--remote_cache=",
        ]
        self.bazel("build", *options, "--", *targets)
        path = self.bazel("info", "output_path", capture=True).stdout.strip()
        found = {
            f"{tree.parent.name}/bin/{name}": digest
            for tree in sorted(Path(path).glob("*/bin"))
            for name, digest in digests(tree).items()
        }
        if not found:
            raise AssertionError(f"{path} has no outputs")
        return found

    def action(self, output: str) -> str:
        """Mnemonic and target of the action that made an output, as well as Bazel knows it."""
        query = f"outputs('bazel-out/{output}', deps(//...))"
        try:
            text = self.bazel("aquery", "--output=text", query, capture=True).stdout
        except subprocess.CalledProcessError:
            return "unknown action"
        wanted = ("Mnemonic: ", "Target: ")
        lines = [line.strip() for line in text.splitlines()]
        return ", ".join(line for line in lines if line.startswith(wanted)) or "unknown action"

    def close(self) -> None:
        """Ends the server and removes what it wrote."""
        self.bazel("shutdown")
        # Hundreds of thousands of links, some in read-only folders.
        subprocess.run(["chmod", "--recursive", "u+w", self.output_root], check=True)
        subprocess.run(["rm", "--recursive", self.output_root], check=True)


def report(comparison: Comparison, build: Build) -> None:
    """Says what was compared and what differs, by action and file."""
    for title, paths in (
        ("differ", comparison.different),
        ("are in the first build only", comparison.only_first),
        ("are in the second build only", comparison.only_second),
    ):
        if paths:
            print(f"{len(paths)} outputs {title}:")
            for path in paths[:_MOST_NAMED]:
                print(f"  {path} ({build.action(path)})")
    print(f"{len(comparison.equal)} outputs are identical")


def main(targets: Sequence[str]) -> int:
    """Runs both builds; returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # In one order with what Bazel writes.
    user = pwd.getpwuid(os.getuid())
    home = os.environ.get("HOME", user.pw_dir)
    cache = os.environ.get("XDG_CACHE_HOME", f"{home}/.cache")
    checkout = Path("MODULE.bazel").resolve().parent
    # Not below this test's own folder: Bazel refuses to run in the output of a Bazel.
    scratch = Path(cache, "tilewright")
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="reproducibility_", dir=scratch) as folder:
        other = Path(folder, "checkout_of_another_name")
        shutil.copytree(checkout, other, symlinks=True, ignore=_NOT_COPIED)
        Path(folder, "home").mkdir()
        first = Build(
            checkout,
            Path(folder, "1"),
            jobs=2,
            strategy="worker,sandboxed",
            environment={
                "HOME": home,
                "XDG_CACHE_HOME": cache,
                "LANG": "C.UTF-8",
                "TZ": "UTC",
                "USER": user.pw_name,
            },
        )
        second = Build(
            other,
            Path(folder, "second_output_root"),
            jobs=3,
            strategy="sandboxed",
            environment={
                "HOME": f"{folder}/home",
                "XDG_CACHE_HOME": cache,
                "LANG": "de_DE.UTF-8",
                "LC_ALL": "tr_TR.UTF-8",
                "TZ": "Pacific/Kiritimati",
                "USER": "somebody",
            },
        )
        outputs: list[dict[str, str]] = []
        for build in (first, second):
            outputs.append(build.outputs(targets))
            if build is first:
                build.close()
        comparison = compare(*outputs)
        report(comparison, second)
        second.close()
    return 0 if comparison.is_identical else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["//..."]))
